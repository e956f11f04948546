"""Whether weights are what they are said to be made of: a merge of base and adapter, a GGUF file of a folder."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.engine.gguf import convert, gguf_file, tensors
from tools.engine.gguf.tensors import Array
from tools.local import base_model, checks

if TYPE_CHECKING:
    from gguf import GGUFReader

PREFIX, DOWN, UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
PLAIN = {
    "use_dora": False,
    "fan_in_fan_out": False,
    "bias": "none",
    "modules_to_save": None,
    "trainable_token_indices": None,
}
SUMMED = 2.0**-19  # of a tensor's largest value: sums in 32 bits may be made in another order
_NONE: Array = np.zeros((), np.float32)
ROUNDED = {np.dtype(np.float32): 0.0, np.dtype(np.float16): 2.0**-9, np.dtype(np.uint16): 2.0**-7}  # of each value


def merged(base: Path, adapter: Path, folder: Path) -> str | None:
    """Where the weights in `folder` are not those of `base` plus the adapter, in words; "" where all of them are.

    None where that cannot be computed here: an adapter of another kind than a plain LoRA. Reads all weights once.
    """
    settings = checks.settings(adapter)
    if any(settings.get(name) not in (None, plain) for name, plain in PLAIN.items()):
        return None
    learned = {name: tensors.wide(values) for name, values in tensors.of_file(adapter / checks.ADAPTER_WEIGHTS)}
    if any(not name.endswith((DOWN, UP)) for name in learned):
        return None
    found = dict(tensors.read(folder))
    wrong, seen, adapted = [], 0, 0
    for name, values in tensors.read(base):
        if name not in found:
            if name == "lm_head.weight":  # tied: it is the embedding
                continue
            return f"{name} is missing"
        module = f"{PREFIX}{name.removesuffix('.weight')}"
        down, change = learned.get(module + DOWN), _NONE
        if down is not None:
            change = _scale(settings, name) * (learned[module + UP] @ down)
            adapted += 1
        seen += 1
        if not _same(found[name], tensors.wide(values) + change, float(np.abs(change).max())):
            wrong.append(name)
    if adapted * 2 != len(learned):
        return f"the adapter changes {len(learned) // 2} layers, of which this base has {adapted}"
    return f"{len(wrong)} of {seen} tensors are not the base's plus the adapter, {wrong[0]} first" if wrong else ""


def packed(folder: Path, reader: GGUFReader) -> str | None:
    """Where the tensors of an opened GGUF file are not the weights in `folder`, in words; "" where all of them are.

    None where that cannot be told to the letter: an architecture that llama.cpp's converter changes in ways of its
    own, or weights that were quantised.
    """
    if gguf_file.architecture(reader) != "llama" or base_model.config(folder).get("model_type") != "llama":
        return None
    held = {tensor.name: tensor for tensor in reader.tensors}
    wrong, seen = [], 0
    for name, values in convert.arrays(folder):
        tensor = held.pop(name, None)
        if tensor is None:
            return f"{name} is missing"
        if tensor.tensor_type.name not in ("F32", "BF16"):
            return None
        seen += 1
        if not _stored(tensor, tensors.wide(values)):
            wrong.append(name)
    if held:
        return f"{next(iter(held))} is in it and not among the weights"
    return f"{len(wrong)} of {seen} tensors are not the model's, {wrong[0]} first" if wrong else ""


def ends(reader: GGUFReader) -> list[int]:
    """The ids at which the engine ends an answer, as far as the file names them: end of text, end of turn."""
    named = (gguf_file.value(reader, f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot"))
    return [int(id_) for id_ in named if id_ is not None]


def _scale(settings: dict[str, object], name: str) -> float:
    """What the product of an adapter's matrices is multiplied by."""
    rank, alpha = (
        _of_layer(settings, pattern, name) or float(str(settings[usual]))
        for pattern, usual in (("rank_pattern", "r"), ("alpha_pattern", "lora_alpha"))
    )
    return alpha / (math.sqrt(rank) if settings.get("use_rslora") else rank)


def _of_layer(settings: dict[str, object], pattern: str, name: str) -> float:
    """A layer's own value, where the adapter has some; PEFT's patterns are the ends of names."""
    own = settings.get(pattern)
    found = own.items() if isinstance(own, dict) else ()
    return next((float(value) for end, value in found if name.removesuffix(".weight").endswith(str(end))), 0.0)


def _same(values: Array, expected: Array, change: float) -> bool:
    """Whether the sum is the expected one but for rounding; `change`: the largest part of it that was learned."""
    if values.shape != expected.shape:
        return False
    each = ROUNDED[values.dtype]
    near = each * np.abs(expected) + each * change + SUMMED * float(np.abs(expected).max(initial=0.0))
    return bool((np.abs(tensors.wide(values) - expected) <= near).all())


def _stored(tensor: Any, wide: Array) -> bool:
    """Whether a tensor of a GGUF file holds these numbers, to the bit of what it rounds to."""
    from gguf.quants import quantize

    kept = np.ascontiguousarray(quantize(np.ascontiguousarray(wide), tensor.tensor_type)).view(np.uint8)
    return bool(np.array_equal(np.ascontiguousarray(tensor.data).view(np.uint8).ravel(), kept.ravel()))
