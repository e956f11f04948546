"""A dataset's conversations as rows to train on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from assistant.knowledge.prompt import composition
from assistant.record.types import Item, Message
from tools.chat_rows import DECLARED

T = TypeVar("T")


def training_rows(items: list[Item], system: str) -> list[list[Message]]:
    """Conversations as the tuned model will see them in the chat: its own system line first, then the row's, if any.

    A system message later on stays where it is. What the row declares as tools stands on the first message.
    """
    rows = []
    for item in items:
        own, rest = composition.opening(item.messages)
        declared = {name: value for m in item.messages[:1] for name, value in m.items() if name in DECLARED}
        rest = [{name: value for name, value in m.items() if name not in DECLARED} for m in rest]
        row = [{"role": "system", "content": "\n\n".join([system, *own]), **declared}, *rest]
        rows.append([{**m, "content": composition.harmless(str(m["content"]))} for m in row])
    return rows


def validation(rows: Sequence[T], seed: int, share: float, most: int) -> tuple[list[T], list[T]]:
    """Rows to train on, and a share of them, at most `most`, for the eval loss: drawn by the seed, in their order."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    cut = min(most, round(len(rows) * share)) or min(1, len(rows) - 1)
    kept = set(order[:cut])
    return [row for i, row in enumerate(rows) if i not in kept], [rows[i] for i in sorted(kept)]
