"""A chat model of a third of a megabyte, made in a second from random numbers: for tests of mechanics, not of sense.

A Llama with two layers, a byte-level BPE that llama.cpp knows ("smollm"), ChatML, and the same weights as safetensors
and as GGUF in 32 bits, so that an answer does not depend on who else asks. It writes words, ends
after some, and answers unlike questions differently; what it says means nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = Path(__file__).resolve().parent.parent / "data" / "examples" / "teashop" / "conversations.jsonl"
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
PAD, _, END = range(3)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WIDTH, INNER, LAYERS, HEADS, KEYS, VOCABULARY, WINDOW = 64, 128, 2, 4, 2, 1024, 2048
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "dtype": "float32",
    "hidden_act": "silu",
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KEYS,
    "head_dim": WIDTH // HEADS,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": WINDOW,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "initializer_range": 0.02,
    "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"},
    "attention_bias": False,
    "mlp_bias": False,
    "bos_token_id": None,
    "eos_token_id": END,
    "pad_token_id": PAD,
    "use_cache": True,
}
Weights = dict[str, NDArray[np.float32]]


def make(folder: Path, seed: int = 0, ends: bool = True) -> Path:
    """Write the model into the folder, as every local model lies there. Another seed is another model.

    One that does not end answers up to its limit: long enough for what has to happen meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    core = tokenizer()
    weights = random_weights(core, seed, ends)
    core.save(str(folder / "tokenizer.json"))
    (folder / "chat_template.jinja").write_text(CHATML, encoding="utf-8")
    _json(folder / "config.json", CONFIG)
    _json(folder / "generation_config.json", {"eos_token_id": END, "pad_token_id": PAD, "do_sample": False})
    _json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": SPECIAL[END],
            "pad_token": SPECIAL[PAD],
            "model_max_length": WINDOW,
            "clean_up_tokenization_spaces": False,
        },
    )
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    _gguf(folder / "model.gguf", core, weights)
    return folder


def tokenizer() -> Tokenizer:
    """Byte-level BPE with every digit by itself, trained on the example's conversations: its texts stay short."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    core.decoder = decoders.ByteLevel()
    said = [m["content"] for line in TEXT.read_text("utf-8").splitlines() for m in json.loads(line)["messages"]]
    core.train_from_iterator(
        said,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=[AddedToken(word, special=True) for word in SPECIAL],
        ),
    )
    assert core.get_vocab_size() == VOCABULARY
    return core


def random_weights(core: Tokenizer, seed: int, ends: bool = True) -> Weights:
    """Random numbers of few bits, so that they are the same in BF16.

    Rows of the (tied) embedding say what comes out: words often, parts of words and marks hardly ever, and the end as
    often as lets an answer have about ten tokens. Never first: no layer writes into dimension 0, and there the end
    avoids the line break that answers stand behind.
    """
    pick = np.random.default_rng(seed)
    table = pick.standard_normal((VOCABULARY, WIDTH))
    words = [core.id_to_token(i) for i in range(VOCABULARY)]
    table *= np.array([[1.0 if word.startswith("Ġ") and word[1:].isalpha() else 0.2] for word in words])
    table[END] = (2.0 if ends else 0.1) * pick.standard_normal(WIDTH)
    table[:, 0] = 0.0
    table[core.token_to_id("Ċ"), 0], table[END, 0] = 4.0, -200.0
    weights = {"model.embed_tokens.weight": table, "model.norm.weight": np.ones(WIDTH)}
    narrow = WIDTH // HEADS * KEYS
    shapes = {
        "self_attn.q_proj": (WIDTH, WIDTH),
        "self_attn.k_proj": (narrow, WIDTH),
        "self_attn.v_proj": (narrow, WIDTH),
        "self_attn.o_proj": (WIDTH, WIDTH),
        "mlp.gate_proj": (INNER, WIDTH),
        "mlp.up_proj": (INNER, WIDTH),
        "mlp.down_proj": (WIDTH, INNER),
    }
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            weight = 2.5 * pick.standard_normal(shape) / shape[1] ** 0.5
            weight[0] *= name not in ("self_attn.o_proj", "mlp.down_proj")
            weights[f"model.layers.{layer}.{name}.weight"] = weight
        for name in ("input_layernorm", "post_attention_layernorm"):
            weights[f"model.layers.{layer}.{name}.weight"] = np.ones(WIDTH)
    return {name: _short(weight.astype(np.float32)) for name, weight in weights.items()}


def _short(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same numbers with the eight bits of fraction that BF16 has."""
    return (weight.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def _gguf(path: Path, core: Tokenizer, weights: Weights) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("Tiny")
    writer.add_block_count(LAYERS)
    writer.add_context_length(WINDOW)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEYS)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list([core.id_to_token(i) for i in range(VOCABULARY)])
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([control if i < len(SPECIAL) else normal for i in range(VOCABULARY)])
    writer.add_token_merges([" ".join(pair) for pair in json.loads(core.to_str())["model"]["merges"]])
    writer.add_eos_token_id(END)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHATML)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, LAYERS)
    for name, weight in weights.items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):  # rotary halves lie in turns in llama.cpp
            weight = weight.reshape(-1, 2, WIDTH // HEADS // 2, WIDTH).swapaxes(1, 2).reshape(weight.shape)
        found = names.get_name(name, try_suffixes=(".weight",))
        assert found is not None
        writer.add_tensor(found, np.ascontiguousarray(weight))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2), encoding="utf-8")
