"""The starter model's tokenizer: byte-level BPE, every digit by itself, ChatML.

A word gives the same pieces wherever it stands. Byte-level BPE has two forms of each word, with the space before it and
without, cut into different pieces; a small model then copies `skex` from "the code is skex" to the start of an answer
only if it knows how both are spelled. Here every word begins with its space, and where the text has none the mark JOIN,
which takes it away, stands before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from tools.starter.corpus import conversation
from tools.starter.words import Words

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|endoftext|>"
JOIN = "\x01"
UNSPACED = r"(?<=[^\p{L}\p{M}\p{N} ])(?=\p{L})"  # where a word begins without a space, except after a digit
SPLIT = JOIN + r"| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}" + JOIN + r"]+|\s*[\r\n]+|\s+(?!\S)|\s+"
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] + '<|im_end|>\n' }}{% endgeneration %}"
    "{% else %}{{ m['content'] + '<|im_end|>\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@cache
def build(seed: int, size: int = 4096, conversations: int = 20_000) -> PreTrainedTokenizerFast:
    """Train the tokenizer on a sample of the corpus; `size` counts the three special tokens too."""
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.Replace(Regex(UNSPACED), f"{JOIN} ")
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Replace(Regex(f"{JOIN} ?"), "")])
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[PAD, START, END],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    bpe.train_from_iterator(_texts(seed, conversations), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        chat_template=TEMPLATE,
        model_max_length=2048,
        clean_up_tokenization_spaces=False,
        additional_special_tokens=[START],
    )


def tokenizer_of(folder: str) -> PreTrainedTokenizerFast:
    """The tokenizer of a finished starter."""
    found: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    return found


def carried(old: PreTrainedTokenizerFast, new: PreTrainedTokenizerFast, embeddings: torch.Tensor) -> torch.Tensor:
    """The old tokenizer's embeddings for the new one's pieces: the same piece's, or the mean of those that spell it."""
    known, spelled = old.get_vocab(), []
    for piece, _ in sorted(new.get_vocab().items(), key=lambda one: one[1]):
        parts = [known[piece]] if piece in known else old.encode(new.convert_tokens_to_string([piece]))
        spelled.append(embeddings[parts].mean(0))
    return torch.stack(spelled)


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write tokenizer.json and a tokenizer_config.json that older releases of transformers read too."""
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": PAD,
        "model_max_length": tokenizer.model_max_length,
        "clean_up_tokenization_spaces": False,
        "chat_template": TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _texts(seed: int, count: int) -> Iterator[str]:
    r, words = Random(f"{seed}-tokenizer"), Words()
    for _ in range(count):
        yield from (f"{message['role']}\n{message['content']}" for message in conversation(r, words).messages)
