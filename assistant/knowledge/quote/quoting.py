"""Answers without a language model: what the documents say, word for word, with its citation, or that they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from assistant.knowledge.quote import pleasantries, ranking, units
from assistant.knowledge.quote.ranking import ScoredUnit
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.types import Passage

NOTHING = "That is not in the documents."
PASSAGES = 10  # the best ones are looked through
_CLOSE = 0.1  # the second best is quoted, too, where its score is as near to the best's and its passage the same
_WARMED = 8_000  # texts that are made ready; others are when a question first finds their passage


@dataclass(frozen=True)
class Quote:
    """`text` as it is answered, and the passage that it cites; none where nothing is quoted.

    `sure`: of the best there is, whether or not it was enough. `note`: why the passages were not found, or meaning not
    looked at, as the settings ask for.
    """

    text: str
    passage: Passage | None = None
    sure: float = 0.0
    note: str = ""


def answer(knowledge: Knowledge, case: str, question: str, wider: str = "") -> Quote:
    """What the documents of a case say to a question, or that they say nothing. Waits for no model to be loaded.

    `wider` is looked up where the question alone finds nothing: a short one may go on from the one before it.
    """
    if reply := pleasantries.reply(question):
        return Quote(reply)
    found = _found(knowledge, case, question)
    return _found(knowledge, case, wider) if found.passage is None and wider not in ("", question) else found


def _found(knowledge: Knowledge, case: str, asked: str) -> Quote:
    found = knowledge.find(case, asked, PASSAGES)
    order = ranking.ranked(knowledge, case, asked, found.passages)
    note = order.note or found.note
    if not order.scored:
        return Quote(NOTHING, note=note)
    best, *others = order.scored
    if best.sure < order.enough:
        return Quote(NOTHING, sure=best.sure, note=note)
    near = [one for one in others[:1] if one.rank == best.rank and best.score - one.score <= _CLOSE]
    passage = replace(found.passages[best.rank], mark=1)
    return Quote(_cited(passage, sorted([best, *near], key=lambda one: one.place)), passage, best.sure, note)


def warm(knowledge: Knowledge, case: str) -> None:
    """Look at the meaning of what may be quoted, so that no question has to wait for it; of a large case at a part."""
    texts = (
        text
        for passage in knowledge.pieces(case)
        for unit in units.of(passage.text)
        for text in ranking.views(passage, unit)
    )
    knowledge.likeness(case, "ready", list(islice(texts, _WARMED)))


def _cited(passage: Passage, quoted: Sequence[ScoredUnit]) -> str:
    """The quotation with its mark; a line or a row under its heading, without which it would not be understood."""
    heading = passage.heading.rpartition(" > ")[2]
    lead = f"**{heading}**\n\n" if heading and quoted[0].unit.kind != "sentence" else ""
    between = "\n\n" if quoted[-1].unit.kind == "row" else " "  # a mark behind a row would be a cell of it
    return f"{lead}{units.joined([one.unit for one in quoted])}{between}[{passage.mark}]"
