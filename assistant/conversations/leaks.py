"""What is tested on and known elsewhere: in the case, in others, in trained models, documents and the brief."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.conversations import labels
from assistant.conversations.split import Leak, Split
from assistant.knowledge.comparison.containment import Texts
from assistant.knowledge.comparison.fingerprints import pair
from assistant.knowledge.comparison.leaks import ANSWER, QUESTION, WHOLE, ComparedTurns, Find
from assistant.knowledge.search import chunks
from assistant.record.store import Store
from assistant.record.types import Message

HERE = "this case"
_HELD = 0.8  # share of a question or an answer that a passage or an example of the brief holds
_SHOWN = 160  # characters of each text
_PARTS = {"user": QUESTION, "assistant": ANSWER}
Conversations = Sequence[Sequence[Message]]


@dataclass(frozen=True)
class SeenBefore:
    """Something tested on that is, or would be, known. `where`: this case, another one, a job, a document, the brief.

    `share` of the shorter text is in the longer; from `least` on that is more than is usual. `kept_apart`: it was left
    out of what is trained on and shown. `pair` is what to allow it by, where that is possible; `allowed`: it is.
    """

    where: str
    part: str
    share: float
    least: float
    tested: str
    seen: str
    pair: str = ""
    kept_apart: bool = False
    allowed: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def everywhere(store: Store, case: str, cut: Split) -> list[SeenBefore]:
    """What of the split's tested conversations was found where, this case first, then by how much."""
    tested = [item.messages for item in cut.test]
    found = [_here(leak) for leak in cut.leaks]
    if tested:
        allowed = store.allowed_pairs(case)
        for where, seen in (*_cases(store, case), *_jobs(store, case)):
            turns = ComparedTurns(tested, seen)
            found += [_there(where, seen, tested, find, allowed) for find in turns.against(seen)]
        found += _read(tested, _passages(store, case))
        found += _read(tested, (("the brief", text) for text in store.case(case).brief.examples))
    return sorted(found, key=lambda one: (one.where != HERE, one.allowed, -one.share))


def _here(leak: Leak) -> SeenBefore:
    find = leak.find
    texts = _said(leak.tested, find.other_turn), _said(leak.trained, find.turn)
    return SeenBefore(HERE, find.part, find.share, find.least, *texts, leak.pair, not leak.allowed, leak.allowed)


def _there(where: str, seen: Conversations, tested: Conversations, find: Find, allowed: frozenset[str]) -> SeenBefore:
    one, other = seen[find.one], tested[find.other]
    name = pair(one, other)
    texts = _said(other, find.other_turn), _said(one, find.turn)
    return SeenBefore(where, find.part, find.share, find.least, *texts, name, False, name in allowed)


def _cases(store: Store, case: str) -> Iterator[tuple[str, Conversations]]:
    """What the owner's other cases train on: their newest dataset, or what is approved while there is none."""
    for other in store.cases(store.case(case).owner):
        if other.id != case:
            known = store.datasets(other.id)
            frozen = [item.messages for item in store.items(known[-1].id, "train")] if known else []
            yield f"case {other.id}", frozen or [row.messages for row in labels.approved_rows(store, other.id)]


def _jobs(store: Store, case: str) -> Iterator[tuple[str, Conversations]]:
    """What the case's models have learned, from which a run may go on: each dataset by its first job."""
    first = {job.dataset: job.id for job in reversed(store.jobs(case))}
    for dataset, job in sorted(first.items(), key=lambda known: known[1]):
        yield f"job {job}", [item.messages for item in store.items(dataset, "train")]


def _passages(store: Store, case: str) -> Iterator[tuple[str, str]]:
    for document in store.documents(case):
        for chunk in chunks.split(document):
            yield f"document {document.name}", chunk.text


def _read(tested: Conversations, texts: Iterable[tuple[str, str]]) -> list[SeenBefore]:
    """Questions and answers that a text holds: it may, but then the test tells less. The best find of each."""
    said = [(m["role"], str(m["content"])) for messages in tested for m in messages if m["role"] in _PARTS]
    read = list(texts)
    found = Texts([text for _, text in said]).overlaps(_HELD, [text for _, text in read])
    found = found.only(found.covered & (found.around >= _HELD))
    best: dict[int, SeenBefore] = {}
    for one, other, share in zip(found.ones.tolist(), found.others.tolist(), found.around.tolist(), strict=True):
        (role, text), (where, passage) = said[other], read[one]
        if other not in best or best[other].share < share:
            best[other] = SeenBefore(where, _PARTS[role], round(share, 4), _HELD, _short(text), _short(passage))
    return list(best.values())


def _said(messages: Sequence[Message], turn: int) -> str:
    asked = (str(m["content"]) for m in messages if m["role"] == "user")
    return _short(" ".join(asked) if turn == WHOLE else str(messages[turn]["content"]))


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN else f"{plain[: _SHOWN - 1].rstrip()}…"
