"""Rows to train on that carry passages of the documents, each as the chat would send it: tuned so, a model reads them.

One that never saw a passage while it was tuned takes none of its facts from there: it goes on inventing them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.conversations.training_rows import training_rows
from assistant.errors import AttuneError
from assistant.knowledge.prompt import composition, tokens
from assistant.knowledge.prompt.tokens import Counter
from assistant.knowledge.search.words import numbers
from assistant.record.types import Item, Message, Passage, Variant
from tools.chat_rows import calls

Find = Callable[[str], Sequence[Passage]]
Row = list[Message]
WITHOUT = 0.4  # share of the answers that are learned without passages, at least: to answer alone too, and for time
MIXED = 0.25  # share of the others with a passage that belongs elsewhere, in any order: the first is not always right


@dataclass(frozen=True)
class Carried:
    """What passages come to in the rows of a run: rows that have some, and about how many tokens a pass over them.

    `left_out` counts the passages that the window had no room for.
    """

    rows: int = 0
    of: int = 0
    tokens: int = 0
    of_tokens: int = 0
    left_out: int = 0

    @property
    def told(self) -> str:
        """For whoever decides about the run; empty where no row has any."""
        if not self.rows:
            return ""
        cut = f" {self.left_out} passages were left out: the window has no room for them." if self.left_out else ""
        return (
            f"{self.rows} of {self.of} rows carry passages of the documents, so that it learns to read them: about "
            f"{self.tokens:,} of {self.of_tokens:,} tokens each time over the rows.{cut}"
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Turn:
    """An answer that is learned, what came before it, and what the search finds for that."""

    item: int
    place: int
    before: Row
    answer: str
    found: tuple[Passage, ...]


class Reading:
    """Makes the rows of one run. `variant` is the tuned one that will answer with passages, `window` what it is
    trained in. With `checked`, an answer whose numbers no passage holds is learned without any: beside passages it
    would teach to invent. The same seed makes the same rows."""

    def __init__(
        self, variant: Variant, find: Find, counter: Counter, window: int, seed: int, checked: bool = True
    ) -> None:
        self.variant, self.find, self.counter = variant, find, counter
        self.window, self.seed, self.checked = window, seed, checked
        self._rows = self._tokens = self._left_out = 0

    def rows(self, items: Sequence[Item]) -> dict[int, list[Row]]:
        """The rows of each item, by its position: one an answer where any of its answers gets passages, as the chat
        looks them up anew for every question; else the whole conversation."""
        turns = {item.position: self._turns(item) for item in items}
        shown = self._shown([turn for mine in turns.values() for turn in mine])
        return {item.position: self._of(item, turns[item.position], shown) for item in items}

    def asked(self, before: Row, answer: str) -> Row:
        """What the chat would send for these messages, with the passages that it finds; `answer`: what must fit too."""
        if calls(before) or any(message.get("tools") for message in before[:1]):
            return self._plain(before)
        row = self._row(before, answer, self.find(composition.query(before)))
        return [_said(message) for message in row[:-1]] if row else self._plain(before)

    def carried(self, rows: Sequence[Row]) -> Carried:
        """What the passages come to in these rows, which were made here."""
        every = sum(tokens.estimate(str(message["content"])) for row in rows for message in row)
        return Carried(self._rows, len(rows), self._tokens, every, self._left_out)

    def _turns(self, item: Item) -> list[_Turn]:
        """The answers that are learned; none where the conversation is not one that a chat could have led."""
        talk = item.messages
        places = [i for i, m in enumerate(talk) if m["role"] == "assistant" and m.get("weight", 1) != 0]
        plain = all(m["role"] in ("user", "assistant") for m in talk[1:]) and 0 not in places
        plain = plain and not calls(talk) and not talk[0].get("tools")  # the chat offers none
        if not plain or any(talk[i - 1]["role"] != "user" or not str(talk[i - 1]["content"]).strip() for i in places):
            return []
        return [
            _Turn(item.position, i, talk[:i], str(talk[i]["content"]), tuple(self.find(composition.query(talk[:i]))))
            for i in places
        ]

    def _shown(self, turns: Sequence[_Turn]) -> Mapping[tuple[int, int], list[Passage]]:
        """The passages of each answer that gets some, by its item and place."""
        order = sorted(turns, key=lambda turn: self._random("order", turn).random())
        read = [turn for turn in order if turn.found and (not self.checked or _held(turn))]
        read = read[: round(len(turns) * (1 - WITHOUT))]
        mixed = round(len(read) * MIXED)
        every = {passage.text: passage for turn in turns for passage in turn.found}
        return {
            (turn.item, turn.place): self._mixed(turn, every) if place < mixed else list(turn.found)
            for place, turn in enumerate(read)
        }

    def _mixed(self, turn: _Turn, every: Mapping[str, Passage]) -> list[Passage]:
        """As many as the chat would send, the lowest of them changed for one of another question, in any order."""
        draw = self._random("mix", turn)
        own = {passage.text for passage in turn.found}
        others = [passage for text, passage in every.items() if text not in own]
        kept = list(turn.found[: max(1, self.variant.passages - 1)])
        mixed = kept + draw.sample(others, min(max(0, self.variant.passages - len(kept)), len(others)))
        draw.shuffle(mixed)
        return mixed

    def _of(self, item: Item, turns: Sequence[_Turn], shown: Mapping[tuple[int, int], list[Passage]]) -> list[Row]:
        rows = [self._row(turn.before, turn.answer, shown.get((turn.item, turn.place), ())) for turn in turns]
        if not any(rows):
            return [self._plain(item.messages)]
        return [
            row or self._plain([*map(_context, turn.before), item.messages[turn.place]])
            for row, turn in zip(rows, turns, strict=True)
        ]

    def _row(self, before: Row, answer: str, passages: Sequence[Passage]) -> Row:
        """The prompt with as many of the passages as fit, and the answer; empty where none does."""
        said = {"role": "assistant", "content": composition.harmless(answer)}
        given, shown = len(passages), tuple(passages)
        while shown:
            try:
                built = composition.build(self.variant, before, shown, [], self.counter.window, self.counter.count)
            except AttuneError:  # too long without any passage as well: it is learned as far as the window goes
                return []
            if built.passages and self.counter.count([*built.messages, said]) <= self.window:
                self._left_out += given - len(built.passages)
                self._rows += 1
                self._tokens += sum(
                    tokens.estimate(text) for part in built.parts for kind, text in part if kind == "passages"
                )
                return [*map(_context, built.messages), said]
            shown = built.passages[:-1]
        self._left_out += given
        return []

    def _plain(self, messages: Row) -> Row:
        return training_rows([Item(0, "train", list(messages))], self.variant.system)[0]

    def _random(self, purpose: str, turn: _Turn) -> random.Random:
        return random.Random(f"{self.seed} {purpose} {turn.item} {turn.place}")


def _held(turn: _Turn) -> bool:
    """Whether the numbers of the answer stand in what it is read beside. Codes may come from the brief."""
    stated = {number for number in numbers(turn.answer) if number[0].isdigit()}
    beside = [*(str(message["content"]) for message in turn.before), *(f"{p.heading} {p.text}" for p in turn.found)]
    return stated <= set().union(*map(numbers, beside))


def _context(message: Message) -> Message:
    """An earlier answer is not learned once more."""
    return {**message, "weight": 0} if message["role"] == "assistant" else message


def _said(message: Message) -> Message:
    return {"role": message["role"], "content": message["content"]}
