"""A model folder -> one GGUF file, by llama.cpp's own converter where it is on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tools import ollama, process
from tools.children import Child
from tools.trainer import ToolError

CONVERTER = "convert_hf_to_gguf.py"
MAGIC = b"GGUF"


def converter(named: str) -> Path:
    """The converter: as set, else on the PATH. Raises ToolError where there is none."""
    found = Path(named).expanduser() if named else Path(shutil.which(CONVERTER) or "")
    if not found.is_file():
        where = f"{named} is not a file" if named else f"{CONVERTER} is not on the PATH"
        raise ToolError(f"There is no GGUF converter here: {where}.",
                        f"Get llama.cpp and set ATTUNE_GGUF_CONVERTER to its {CONVERTER}. Ollama, vLLM and "
                        "transformers need no GGUF.")  # fmt: skip
    return found


def convert(model: Path, file: Path, named: str = "") -> None:
    """Write `model` as the GGUF `file`, whole or not at all. Raises ToolError with the converter's last words."""
    program = converter(named)
    if file.exists():
        raise ToolError(f"{file} exists.", "Name a new file.")
    if warning := ollama.unread(model):
        raise ToolError(warning, "Export the folder as it is.")
    part = file.with_name(f".{file.name}.part")
    child = Child([sys.executable, str(program), str(model), "--outfile", str(part)], model, process.environment())
    last = ""
    for line in child:
        last = line
    try:
        if child.code or not part.is_file() or _magic(part) != MAGIC:
            raise ToolError(f"The converter wrote no GGUF file: {last[:200] or 'it said nothing'}",
                            "Use a newer llama.cpp, or export the folder as it is.")  # fmt: skip
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def _magic(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(len(MAGIC))
