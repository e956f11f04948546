"""Approved conversations as examples in the prompt: alike the question, unlike each other, never from the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.knowledge.comparison.fingerprints import pair
from assistant.knowledge.comparison.leaks import ComparedTurns
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.knowledge.search.near_duplicates import asked
from assistant.knowledge.search.words import length
from assistant.record.store import Store
from assistant.record.threads import as_message, example, thread
from assistant.record.types import Message

MAX_WORDS = 150  # of a shot: later turns are left out past it
_RELEVANCE = 0.6  # of maximal marginal relevance (Carbonell and Goldstein 1998); the rest is for diversity
_CANDIDATES = 6  # looked at for each shot that is chosen


@dataclass(frozen=True)
class Source:
    """What a variant's shots may be taken from. `held_out` is what it is tested on.

    `ids` are the conversations of the examples, where they are known; `apart` those of what is held out; `allowed`
    names pairs of the two (see `pair`) that a person let through.
    """

    examples: list[list[Message]]
    held_out: list[list[Message]]
    ids: tuple[int, ...] = ()
    apart: frozenset[int] = frozenset()
    allowed: frozenset[str] = frozenset()


class ShotPool:
    """The examples that may be shown, and the vectors they are found by. Never changed: `changed` makes another one."""

    def __init__(self, source: Source, embedder: Embedder) -> None:
        self._embedder, self.apart = embedder, source.apart
        self._held_out, self._allowed = source.held_out, source.allowed
        self._tested = ComparedTurns(source.held_out, source.examples)
        ids = source.ids or range(len(source.examples))
        shown = [(id, shot) for id, shot in zip(ids, self._shots(source.examples), strict=True) if shot]
        self._ids = [id for id, _ in shown]
        self.examples = [shot for _, shot in shown]
        self._vectors = embedder.embed([asked(messages) for messages in self.examples])

    def changed(self, talks: Mapping[int, list[Message]]) -> ShotPool:
        """This pool after these conversations changed to what they are here; an empty one is no example any more."""
        kept = [place for place, id in enumerate(self._ids) if id not in talks]
        new = {id: shot for id, shot in zip(talks, self._shots(list(talks.values())), strict=True) if shot}
        ids = [self._ids[place] for place in kept] + list(new)
        order = sorted(range(len(ids)), key=ids.__getitem__)  # as if it had been made of them all at once
        examples = [self.examples[place] for place in kept] + list(new.values())
        vectors = np.concatenate([self._vectors[kept], self._embedder.embed([asked(shot) for shot in new.values()])])
        made = copy(self)
        made._ids = [ids[place] for place in order]
        made.examples = [examples[place] for place in order]
        made._vectors = vectors[order]
        return made

    def _shots(self, talks: Sequence[Sequence[Message]]) -> list[list[Message]]:
        """What may be shown of each conversation; nothing of one with a question or an answer of what is held out."""
        leaking = {
            find.one
            for find in self._tested.against(talks)
            if not self._allowed or pair(talks[find.one], self._held_out[find.other]) not in self._allowed
        }
        return [[] if place in leaking else shorten(messages) for place, messages in enumerate(talks)]

    def choose(self, messages: Sequence[Message], count: int) -> list[list[Message]]:
        """`count` examples for a conversation, the one most like its last question last."""
        if not self.examples or count <= 0:
            return []
        query = self._embedder.embed([str(messages[-1]["content"])])[0]
        likeness = self._vectors @ query
        likeness[[place for place, shot in enumerate(self.examples) if _same_talk(shot, messages)]] = -2.0
        order = np.argsort(-likeness, kind="stable")[: max(count * _CANDIDATES, count)]
        candidates = [int(place) for place in order if likeness[place] > -2.0]
        chosen = self._diverse(candidates, likeness, count)
        chosen.sort(key=lambda place: (float(likeness[place]), -place))
        return [[dict(message) for message in self.examples[place]] for place in chosen]

    def _diverse(self, candidates: list[int], likeness: Any, count: int) -> list[int]:
        chosen: list[int] = []
        taken = np.zeros(len(candidates), dtype=np.float32)  # the highest similarity to one already chosen
        vectors = self._vectors[candidates]
        worth = _RELEVANCE * likeness[candidates]
        while len(chosen) < min(count, len(candidates)):
            best = int(np.argmax(worth - (1 - _RELEVANCE) * taken))
            chosen.append(candidates[best])
            taken = np.maximum(taken, vectors @ vectors[best])
            worth[best] = -np.inf
        return chosen


def source(store: Store, case: str, dataset: str) -> Source:
    """The train split of a frozen dataset; without one, the conversations of the case that are approved now.

    Held out is what any dataset of the case is tested on, as it was frozen and as it reads now, and every held-out
    conversation. A pool leaves out what is nearly equal to one, too.
    """
    tested = [item for known in store.datasets(case) for item in store.items(known.id, "test")]
    apart = {item.conversation for item in tested if item.conversation}
    talks = store.turns_of_case(case, ("chat", "import"))
    held_out = [turns for id, turns in talks.items() if id in apart]
    always = store.turns_of_case(case, ("heldout",))
    held_out += always.values()
    if dataset:
        items = [item for item in store.items(dataset, "train") if item.conversation not in apart]
        found = [(item.position, item.messages) for item in items]
    else:
        found = [(id, example(talks[id])) for id in sorted(talks) if id not in apart]
    found = [(id, one) for id, one in found if one]
    read_now = [[as_message(turn) for turn in thread(turns)] for turns in held_out] + list(map(example, held_out))
    return Source(
        [one for _, one in found],
        [one for one in read_now if one] + [i.messages for i in tested],
        tuple(id for id, _ in found),
        frozenset(apart | set(always)),
        store.allowed_pairs(case),
    )


def shorten(messages: Sequence[Message], limit: int = MAX_WORDS) -> list[Message]:
    """The leading exchanges that are approved throughout and fit `limit` words; at least the first, else nothing."""
    talk = [message for message in messages if message["role"] in ("user", "assistant")]
    shot: list[Message] = []
    size = 0
    for question, answer in zip(talk[::2], talk[1::2], strict=False):
        if (question["role"], answer["role"]) != ("user", "assistant") or answer.get("weight", 1) == 0:
            break
        if answer.get("tool_calls"):
            break
        size += length(str(question["content"])) + length(str(answer["content"]))
        if shot and size > limit:
            break
        shot += [{"role": m["role"], "content": str(m["content"])} for m in (question, answer)]
    return shot if size <= 3 * limit or len(shot) > 2 else []


def _same_talk(shot: Sequence[Message], messages: Sequence[Message]) -> bool:
    """Whether a shot is the beginning of this very conversation: it would only repeat what is there."""
    pairs = zip(shot[:2], messages[:2], strict=False)
    return len(messages) > 2 and all(a["content"] == b["content"] for a, b in pairs)
