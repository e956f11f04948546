"""The chat template that a model is served with: its own, which learns of tools where it knows none."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

KEY = b"tokenizer.chat_template"
STRING = 8  # the number of that type in a GGUF file
PREFIX = Path(__file__).with_name("tools.jinja")


def with_tools(file: Path) -> str:
    """The template to serve the model with; "" where the file's own is to be used as it is.

    llama.cpp leaves out what a template does not ask for: without this, tools would be dropped silently.
    """
    own = of_file(file)
    if not own or "tools" in own:
        return ""
    return PREFIX.read_text(encoding="utf-8").rstrip("\n") + own


def of_file(file: Path) -> str:
    """The chat template of a GGUF file; "" where there is none. It is looked for: reading all keys takes seconds."""
    sought = struct.pack("<Q", len(KEY)) + KEY + struct.pack("<I", STRING)
    with open(file, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(sought)
        if at < 0:
            return ""
        begin = at + len(sought) + 8
        (length,) = struct.unpack("<Q", data[begin - 8 : begin])
        return data[begin : begin + length].decode(errors="replace")
