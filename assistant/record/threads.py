"""How a conversation reads now: its messages are a tree, and of answers to one question the latest counts."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.record.types import Message, Turn


def thread(turns: Sequence[Turn]) -> list[Turn]:
    """The conversation as it reads now: from the first message on, always the latest sibling, oldest first."""
    children: dict[int, Turn] = {}
    for turn in sorted(turns, key=lambda turn: turn.id):
        children[turn.parent] = turn
    path: list[Turn] = []
    parent = 0
    while parent in children:
        path.append(children[parent])
        parent = children[parent].id
    return path


def path_to(turns: Sequence[Turn], last: int) -> list[Turn]:
    """The turns from the first one to `last`, by their parents."""
    by_id = {turn.id: turn for turn in turns}
    path: list[Turn] = []
    while last in by_id:
        path.append(by_id[last])
        last = by_id[last].parent
    return path[::-1]


def as_asked(path: Sequence[Turn]) -> list[Message]:
    """What a model gets of a path."""
    return [{"role": turn.role, "content": turn.content} for turn in path]


def example(turns: Sequence[Turn]) -> list[Message]:
    """Messages up to the last approved answer; empty when none is approved."""
    path = thread(turns)
    last = max((i for i, turn in enumerate(path) if turn.role == "assistant" and turn.label == "approved"), default=-1)
    return [as_message(turn) for turn in path[: last + 1]]


def as_message(turn: Turn) -> Message:
    """The turn as a message of an example, with the tools, calls and names that it came with."""
    message: Message = {"role": turn.role, "content": turn.content, **turn.details.get("message", {})}
    if turn.role == "assistant" and turn.label != "approved":
        message["weight"] = 0
    return message
