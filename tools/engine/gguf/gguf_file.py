"""A GGUF file: read, checked, and described without loading its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.trainer import ToolError

if TYPE_CHECKING:
    from gguf import GGUFReader

MAGIC = b"GGUF"
SUFFIX = ".gguf"


def is_gguf(path: Path) -> bool:
    """Whether the file begins as a GGUF file does."""
    try:
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def opened(path: Path) -> GGUFReader:
    """The file's keys and tensors, mapped into memory. Raises ToolError where it is missing, cut off or no GGUF."""
    from gguf import GGUFReader

    if not path.is_file():
        raise ToolError(f"There is no file {path}.", "Check the path.")
    if not is_gguf(path):
        raise ToolError(f"{path.name} is not a GGUF file.", "Name a model's .gguf file, or a folder of weights.")
    try:
        reader = GGUFReader(path)
        end = max((int(tensor.data_offset + tensor.n_bytes) for tensor in reader.tensors), default=0)
    except (ValueError, IndexError, KeyError, OSError, OverflowError, MemoryError) as error:
        raise _damaged(path) from error
    if not reader.tensors or end > path.stat().st_size:
        raise _damaged(path)
    return reader


def value(reader: GGUFReader, key: str, default: Any = None) -> Any:
    """What the file says under a key."""
    field = reader.fields.get(key)
    return default if field is None else field.contents()


def architecture(reader: GGUFReader) -> str:
    return str(value(reader, "general.architecture", ""))


def check_chat(path: Path) -> None:
    """Raise ToolError unless the file is whole and its model has been taught to hold a conversation."""
    if not value(opened(path), "tokenizer.chat_template"):
        raise ToolError(
            f"{path.name} has no chat template: it was never taught to hold a conversation.",
            'Choose its chat model (often "-Instruct" or "-it").',
        )


def _damaged(path: Path) -> ToolError:
    return ToolError(f"{path.name} is damaged or cut off.", "Copy or download it again.")
