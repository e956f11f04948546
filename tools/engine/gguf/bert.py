"""A sentence-transformers folder of the BERT kind -> one GGUF file that llama.cpp embeds texts with. Needs no torch."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tools.engine.gguf.tensors import Array
from tools.local import base_model

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
UNUSED = ("embeddings.position_ids", "pooler.")  # of a model whose vector is the mean over the tokens


def pack(folder: Path, file: Path, name: str, licence: str) -> None:
    """Write the model in `folder`, its weights of 32 bits, as F16. Its vectors are the mean over the tokens."""
    from gguf import MODEL_ARCH, GGUFWriter, LlamaFileType, PoolingType, get_tensor_name_map
    from safetensors.numpy import load_file

    config = base_model.config(folder)
    writer = GGUFWriter(str(file), "bert")
    writer.add_name(name)
    writer.add_license(licence)
    writer.add_file_type(LlamaFileType.MOSTLY_F16)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(PoolingType.MEAN)
    writer.add_token_type_count(config["type_vocab_size"])
    _add_vocabulary(writer, folder)
    names = get_tensor_name_map(MODEL_ARCH.BERT, config["num_hidden_layers"])
    for tensor, values in load_file(folder / "model.safetensors").items():
        if not tensor.startswith(UNUSED):
            known = names.get_name(tensor, try_suffixes=(".weight", ".bias"))
            assert known is not None, tensor
            writer.add_tensor(known, _stored(known, values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _stored(name: str, values: Array) -> Array:
    """What llama.cpp's kernels want: half precision for matrices that are multiplied, full for what is added."""
    multiplied = values.ndim == 2 and not name.startswith(("position", "token_types"))
    return values.astype(np.float16) if multiplied else values


def _add_vocabulary(writer: object, folder: Path) -> None:
    """WordPiece as llama.cpp keeps it: the beginning of a word is marked, not its continuation."""
    from gguf import GGUFWriter, TokenType

    assert isinstance(writer, GGUFWriter)
    places: dict[str, int] = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    pieces = sorted(places, key=lambda piece: places[piece])
    kinds = {piece: TokenType.UNKNOWN if piece == "[UNK]" else TokenType.CONTROL for piece in SPECIAL}
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([_marked(piece) for piece in pieces])
    writer.add_token_types([kinds.get(piece, TokenType.NORMAL) for piece in pieces])
    writer.add_bos_token_id(places["[CLS]"])
    writer.add_eos_token_id(places["[SEP]"])
    writer.add_unk_token_id(places["[UNK]"])
    writer.add_sep_token_id(places["[SEP]"])
    writer.add_pad_token_id(places["[PAD]"])
    writer.add_mask_token_id(places["[MASK]"])


def _marked(piece: str) -> str:
    if piece.startswith("[") and piece.endswith("]"):
        return piece
    return piece.removeprefix("##") if piece.startswith("##") else f"\u2581{piece}"
