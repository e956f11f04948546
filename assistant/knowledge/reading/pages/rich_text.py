"""Rich text (.rtf) -> text (striprtf). Headings are not marked in it, so it is read as plain text."""

from __future__ import annotations

import re
from pathlib import Path

from assistant.knowledge.reading.text import Read, tidy

_PICTURE = re.compile(rb"\\(?:pict|object)\b")


def read_rtf(name: str, path: Path) -> Read:
    from striprtf.striprtf import rtf_to_text

    data = path.read_bytes()
    text = rtf_to_text(data.decode("latin-1"), errors="replace")
    lost, pictures = text.count("\ufffd"), len(_PICTURE.findall(data))
    warnings = [f"{lost:,} letters of '{name}' could not be read."] if lost else []
    if pictures:
        warnings.append(f"Pictures and objects in '{name}' are left out ({pictures}).")
    return Read("rtf", tidy(text), 1, tuple(warnings))
