"""Judged answers to train on: pairs for DPO, single good and bad answers for KTO, nothing of the test side."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from assistant.conversations import duplicates, labels
from assistant.conversations.labels import Pair
from assistant.record.judged_rows import Judgement
from assistant.record.types import Item, Turn

GOOD_SHARE = 4  # good answers for each bad one, at most: more would drown it


def of(turns: Sequence[Turn]) -> list[Pair]:
    """What a conversation's labels say: every pair, then every bad answer alone, each once.

    An answer that lost against an approved sibling is a bad one, as one that was rejected. Good ones are in the rows.
    """
    pairs = labels.pairs(turns)
    lost = [Pair(pair.conversation, pair.prompt, "", pair.rejected) for pair in pairs]
    lost += [Pair(turn.conversation, labels.asked(turns, turn), "", turn.content) for turn in labels.negatives(turns)]
    return [*pairs, *{(str(one.prompt), one.rejected): one for one in lost}.values()]


def freeze(trees: Iterable[Sequence[Turn]], items: Sequence[Item]) -> list[Judgement]:
    """The judgements that belong into a dataset of these items: nothing of, and nothing like, what is tested on."""
    tested = [item for item in items if item.split == "test"]
    known = {item.conversation for item in tested if item.conversation}
    found = [pair for turns in trees for pair in of(turns) if pair.conversation not in known]
    if not found:
        return []
    said = [[*pair.prompt, {"role": "assistant", "content": pair.chosen or pair.rejected}] for pair in found]
    near = duplicates.relations([*(item.messages for item in tested), *said]).near(len(tested))
    safe = [pair for place, pair in enumerate(found, start=len(tested)) if place not in near]
    return [Judgement(i, p.prompt, p.chosen, p.rejected, p.conversation) for i, p in enumerate(safe)]


def to_learn(method: str, judgements: Sequence[Judgement], items: Sequence[Item], seed: int) -> list[Judgement]:
    """What a method learns from: pairs for dpo; bad answers and good ones of the train rows for kto, one each."""
    if method == "dpo":
        return [one for one in judgements if one.chosen and one.rejected]
    bad = [one for one in judgements if not one.chosen]
    good = [one for item in items if item.split == "train" for one in _good(item)]
    random.Random(seed).shuffle(good)
    return [*bad, *good[: GOOD_SHARE * len(bad)]] if bad else good


def validation(
    judgements: Sequence[Judgement], seed: int, share: float, most: int
) -> tuple[list[Judgement], list[Judgement]]:
    """Those to train on and those for the eval loss, apart by conversation."""
    groups: dict[str, list[Judgement]] = {}
    for one in judgements:
        groups.setdefault(str(one.conversation or one.prompt), []).append(one)
    names = sorted(groups)
    random.Random(seed).shuffle(names)
    room = min(most, max(1, round(len(judgements) * share))) if len(names) > 1 else 0
    held: list[str] = []
    while sum(len(groups[name]) for name in held) < room and len(held) < len(names) - 1:
        held.append(names[len(held)])
    return [o for name in names if name not in held for o in groups[name]], [o for name in held for o in groups[name]]


def _good(item: Item) -> list[Judgement]:
    """The answers of a row that are learned, each with what it answered."""
    messages = item.messages
    return [
        Judgement(item.position, list(messages[:i]), str(message["content"]), "", item.conversation)
        for i, message in enumerate(messages)
        if i and message["role"] == "assistant" and message.get("weight", 1) != 0 and not message.get("tool_calls")
    ]
