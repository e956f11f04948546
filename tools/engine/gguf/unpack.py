"""A GGUF file of the Llama architecture -> a folder that trainers can load: bf16 weights, tokenizer, template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.engine.gguf import convert, gguf_file, tensors
from tools.engine.gguf.gguf_file import value
from tools.trainer import ToolError

if TYPE_CHECKING:
    from gguf import GGUFReader

CONTROL = 3  # the type of tokens that are no text
SPLITTERS = ("smollm", "gpt-2", "default")  # ways of splitting text that are written down here
Json = dict[str, Any]


def unpack(file: Path, folder: Path) -> GGUFReader:
    """Write the model into `folder`, which exists and is empty, and return the opened file.

    Takes seconds and the file's weights in memory. Raises ToolError, before anything is written, for an architecture
    or a tokenizer that is not known here.
    """
    reader = gguf_file.opened(file)
    _check(reader, file)
    _write(folder / "config.json", config(reader))
    _write(folder / "generation_config.json", _generation(reader))
    _tokenizer(reader, folder)
    tensors.write_bf16(folder / "model.safetensors", _weights(reader))
    return reader


def _check(reader: Any, file: Path) -> None:
    kind, splitter = gguf_file.architecture(reader), str(value(reader, "tokenizer.ggml.pre", "default"))
    scaled = value(reader, f"{kind}.rope.scaling.type") or any(t.name.startswith("rope_") for t in reader.tensors)
    what = f"architecture {kind}" if kind != "llama" or scaled else f"tokenizer {splitter}"
    bpe = value(reader, "tokenizer.ggml.model") == "gpt2" and splitter in SPLITTERS
    if kind != "llama" or scaled or not bpe:
        original = str(value(reader, "general.base_model.0.repo_url", "")).removeprefix("https://huggingface.co/")
        named = original or "ORG/MODEL"
        raise ToolError(
            f"{file.name} can answer but cannot be tuned: its weights cannot be unpacked ({what}).",
            f"Tune the original model instead, by its name: `attune finetune --base {named}`.",
        )


def config(reader: Any) -> Json:
    """What transformers wants to know of a Llama model, from the file's keys."""

    def of(key: str, default: Any = None) -> Any:
        return value(reader, f"llama.{key}", default)

    heads, width = int(of("attention.head_count")), int(of("embedding_length"))
    names = {tensor.name for tensor in reader.tensors}
    vocabulary = len(value(reader, "tokenizer.ggml.tokens"))
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": int(of("feed_forward_length")),
        "num_hidden_layers": int(of("block_count")),
        "num_attention_heads": heads,
        "num_key_value_heads": int(of("attention.head_count_kv", heads)),
        "head_dim": int(of("attention.key_length", width // heads)),
        "hidden_act": "silu",
        "max_position_embeddings": int(of("context_length")),
        "rms_norm_eps": float(of("attention.layer_norm_rms_epsilon")),
        "rope_theta": float(of("rope.freq_base", 10000.0)),
        "tie_word_embeddings": "output.weight" not in names,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": value(reader, "tokenizer.ggml.bos_token_id"),
        "eos_token_id": value(reader, "tokenizer.ggml.eos_token_id"),
        "pad_token_id": _padding(reader),
        "use_cache": True,
        "initializer_range": 0.02,
    }


def _generation(reader: Any) -> Json:
    named = ("bos", "eos")
    return {f"{name}_token_id": value(reader, f"tokenizer.ggml.{name}_token_id") for name in named} | {
        "pad_token_id": _padding(reader)
    }


def _padding(reader: Any) -> Any:
    return value(reader, "tokenizer.ggml.padding_token_id", value(reader, "tokenizer.ggml.eos_token_id"))


def _tokenizer(reader: Any, folder: Path) -> None:
    """Byte-level BPE from the file's own pieces and merges, cut as llama.cpp cuts it."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    pieces, kinds = value(reader, "tokenizer.ggml.tokens"), value(reader, "tokenizer.ggml.token_type")
    merges = [tuple(merge.split(" ")) for merge in value(reader, "tokenizer.ggml.merges")]
    made = Tokenizer(models.BPE(vocab={piece: id for id, piece in enumerate(pieces)}, merges=merges))
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False)
    digits = [pre_tokenizers.Digits(individual_digits=True)] if value(reader, "tokenizer.ggml.pre") == "smollm" else []
    made.pre_tokenizer = pre_tokenizers.Sequence([*digits, bytes_])
    made.decoder = decoders.ByteLevel()
    special = [piece for piece, kind in zip(pieces, kinds, strict=True) if kind == CONTROL]
    made.add_special_tokens([AddedToken(piece, special=True, normalized=False) for piece in special])
    made.save(str(folder / "tokenizer.json"))
    roles = {"bos": "bos", "eos": "eos", "unknown": "unk", "padding": "pad"}
    ids = {ours: value(reader, f"tokenizer.ggml.{theirs}_token_id") for theirs, ours in roles.items()}
    ids["pad"] = _padding(reader)
    template = str(value(reader, "tokenizer.chat_template", ""))
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": False,
            "model_max_length": int(value(reader, "llama.context_length")),
            **{f"{name}_token": pieces[id] for name, id in ids.items() if id is not None},
        },
    )
    if template:
        (folder / "chat_template.jinja").write_text(template, encoding="utf-8")


def _weights(reader: Any) -> dict[str, tensors.Array]:
    from gguf.quants import dequantize

    heads = int(value(reader, "llama.attention.head_count"))
    keys = int(value(reader, "llama.attention.head_count_kv", heads))
    found: dict[str, tensors.Array] = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        values = values.reshape([int(n) for n in reversed(tensor.shape)])
        count = heads if ".attn_q." in tensor.name else keys if ".attn_k." in tensor.name else 0
        found[convert.from_gguf(tensor.name)] = convert.unpermuted(values, count) if count else values
    return found


def _write(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
