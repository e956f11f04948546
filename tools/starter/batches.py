"""Rows of token ids: conversations packed one after another.

A row is a function of seed, step and its number: a run can be resumed anywhere, and a worker makes its rows alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import torch
from tokenizers import Tokenizer

from tools.starter.corpus import conversation
from tools.starter.sample import Message
from tools.starter.tokenizer import END, START
from tools.starter.words import Words

OTHER_EVERY, OTHER_WEIGHT = 8, 0.4  # of the tokens that the assistant did not write, one in eight, and its weight
TRIES = 6  # conversations drawn to find one of which an answer still fits in a row


def encode(
    bpe: Tokenizer, messages: list[Message], room: int, free: frozenset[int] = frozenset()
) -> tuple[list[int], list[float]]:
    """Token ids in ChatML, and each one's weight in the loss: 1 where the assistant writes, END included.

    Answers that are free, by their number, count for nothing. Of the other text only some tokens count: most are random
    words, which cannot be learned, and each costs logits.
    A conversation that is longer than the room ends with the last answer that fits; nothing is left if none does.
    """
    ids: list[int] = []
    weights: list[float] = []
    end = answered = 0
    for message in messages:
        opening = f"{START}{message['role']}\n"
        head = bpe.encode(opening).ids
        body = bpe.encode(f"{opening}{message['content']}{END}").ids[len(head) :]  # a word's pieces need what is before
        tail = bpe.encode("\n").ids
        if message["role"] == "assistant":
            own = [float(answered not in free)] * len(body)
            answered += 1
        else:
            own = [OTHER_WEIGHT * ((len(ids) + i) % OTHER_EVERY == 0) for i in range(len(body))]
        ids += head + body + tail
        weights += [0.0] * len(head) + own + [0.0] * len(tail)
        if len(ids) > room:
            break
        end = len(ids) if message["role"] == "assistant" else end
    return ids[:end], weights[:end]


def batch(
    bpe: Tokenizer, words: Words, seed: int, step: int, rows: Sequence[int], length: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """These rows of a step: ids (rows, length + 1) and weights of the same shape; padding is id 0 with weight 0."""
    ids = torch.zeros((len(rows), length + 1), dtype=torch.long)
    weights = torch.zeros((len(rows), length + 1))
    for i, number in enumerate(rows):
        row, row_weights = _row(bpe, words, Random(f"{seed}-{step}-{number}"), length + 1)
        ids[i, : len(row)] = torch.tensor(row)
        weights[i, : len(row)] = torch.tensor(row_weights)
    return ids, weights


def _row(bpe: Tokenizer, words: Words, r: Random, room: int) -> tuple[list[int], list[float]]:
    ids: list[int] = []
    weights: list[float] = []
    misses = 0
    while misses < TRIES:
        drawn = conversation(r, words)
        new, new_weights = encode(bpe, drawn.messages, room - len(ids), drawn.free)
        misses += not new
        ids += new
        weights += new_weights
    return ids, weights
