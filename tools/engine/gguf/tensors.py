"""Weights as numpy arrays, out of safetensors files and into them, without torch."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tools.local import base_model
from tools.trainer import ToolError

Array = np.ndarray[Any, Any]
READ = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}


def read(folder: Path) -> Iterator[tuple[str, Array]]:
    """Name and values of every tensor of a model's folder: float32, float16, or bf16 as it is stored, in uint16.

    Raises ToolError for another number format.
    """
    for path in base_model.weights(folder):
        yield from of_file(path)


def of_file(path: Path) -> Iterator[tuple[str, Array]]:
    """The same of one safetensors file."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        kind = READ.get(entry["dtype"])
        if kind is None:
            raise ToolError(
                f"The weights in {path} are stored as {entry['dtype']}, which cannot be converted.",
                "Name the original model in full precision.",
            )
        start, end = entry["data_offsets"]
        values = data[start:end].view(kind).reshape(entry["shape"])
        yield name, values


def wide(values: Array) -> Array:
    """The same as float32. bf16 is the upper half of it."""
    if values.dtype == np.uint16:
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32, copy=False)


def write_bf16(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write float32 arrays as bf16, rounded to the nearest."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, values in arrays.items():
        start, end = end, end + 2 * values.size
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for values in arrays.values():
            file.write(_rounded(values).data)


def _rounded(values: Array) -> Array:
    """The upper half of each float32, rounded to the nearest, ties to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    carried = bits >> 16
    carried &= 1
    carried += 0x7FFF
    carried += bits
    carried >>= 16
    return carried.astype(np.uint16)
