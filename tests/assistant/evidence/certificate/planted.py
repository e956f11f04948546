"""Faults that are planted into a tuned model: its GGUF file written anew with other keys, its weights with others."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import load_file, save_file

from assistant.record.types import Job
from assistant.workbench import Workbench
from tools.engine import model_files
from tools.engine.gguf import convert

Weights = dict[str, np.ndarray]


def keys(file: Path, **changes: Any) -> None:
    """Write the GGUF file anew with other values under some keys; "__" in a name stands for a dot. The tensors stay."""
    wanted = {name.replace("__", "."): value for name, value in changes.items()}
    reader = gguf.GGUFReader(file)
    part = file.with_suffix(".part")
    writer = gguf.GGUFWriter(part, "llama")
    kinds = {bool: gguf.GGUFValueType.BOOL, int: gguf.GGUFValueType.UINT32, str: gguf.GGUFValueType.STRING}
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, wanted.pop(name, field.contents()), field.types[0], inner)
    for name, value in wanted.items():
        writer.add_key_value(name, value, kinds[type(value)])
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(part, file)


def weights(folder: Path, change: Callable[[Weights], Weights]) -> None:
    """Write other weights, and the file that is served from them: as a merge that went wrong would have left both."""
    found = change(load_file(folder / "model.safetensors"))
    save_file({name: np.ascontiguousarray(values) for name, values in found.items()}, folder / "model.safetensors")
    convert.pack(folder, folder / "model.gguf", "bf16", like=folder / "model.gguf")


def noted(bench: Workbench, job: Job, folder: Path) -> Job:
    """As if the run itself had left what lies in the folder now."""
    made = job.metrics["made"] | {"model": model_files.hashed(folder)}
    bench.store.set_job(job.id, metrics=job.metrics | {"made": made})
    return bench.store.job(job.id)
