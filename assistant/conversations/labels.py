"""What the labels of gestures say: which turns are good examples, which answers were preferred to which.

approve = a row to imitate; edit = a row and a preference pair; regenerate then approve = a pair; reject = a negative.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.record.store import Store
from assistant.record.threads import as_message, example, path_to
from assistant.record.types import Message, Turn

SOURCES = ("chat", "import")


@dataclass(frozen=True)
class Row:
    """A conversation as an example: unapproved answers stay as context with weight 0."""

    conversation: int
    source: str
    messages: list[Message]


@dataclass(frozen=True)
class Pair:
    """Two answers to one prompt, of which a person preferred `chosen`; one of them empty where only one was judged."""

    conversation: int
    prompt: list[Message]
    chosen: str
    rejected: str


def approved_rows(store: Store, case: str, sources: Sequence[str] = SOURCES) -> list[Row]:
    """Every conversation with at least one approved answer, oldest first."""
    found = []
    for source in sources:
        for id, turns in store.turns_of_case(case, [source]).items():
            messages = example(turns)
            if messages:
                found.append(Row(id, source, messages))
    return sorted(found, key=lambda row: row.conversation)


def pairs(turns: Sequence[Turn]) -> list[Pair]:
    """Preference pairs: an approved answer against each sibling that was not approved."""
    found = []
    for chosen in _answers(turns, "approved"):
        for other in turns:
            sibling = (
                other.parent == chosen.parent
                and other.role == "assistant"
                and other.id != chosen.id
                and not _calls(other)
            )
            if sibling and other.label != "approved" and other.content != chosen.content:
                found.append(Pair(chosen.conversation, asked(turns, chosen), chosen.content, other.content))
    return found


def asked(turns: Sequence[Turn], answer: Turn) -> list[Message]:
    """The messages that an answer answered."""
    return [as_message(turn) for turn in path_to(turns, answer.parent)]


def negatives(turns: Sequence[Turn]) -> list[Turn]:
    """Answers that a person rejected."""
    return list(_answers(turns, "rejected"))


def _answers(turns: Iterable[Turn], label: str) -> Iterable[Turn]:
    return (turn for turn in turns if turn.role == "assistant" and turn.label == label and not _calls(turn))


def _calls(turn: Turn) -> bool:
    """Whether the turn calls tools: no text of it can be compared with another's."""
    return bool(turn.details.get("message", {}).get("tool_calls"))
