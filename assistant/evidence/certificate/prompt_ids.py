"""Is the model fed what it was trained on? The prompt of every held-out turn, as token ids, trainer against chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.chat import Chat
from assistant.evidence.certificate.proof import Proof
from assistant.record.types import Message, Score, Variant
from tools.engine.served_prompt import Token

NAME = "prompts of held-out turns"


@dataclass(frozen=True)
class HeldOutPrompt:
    """One held-out turn: the messages that the chat is asked with, and those that a training row of it begins with."""

    item: int
    turn: int
    asked: list[Message]
    trained: list[Message]


def compare(
    chat: Chat,
    variant: Variant,
    prompts: Sequence[HeldOutPrompt],
    trained: Sequence[Sequence[int]],
    texts: Mapping[str, str],
    longest: int,
    measured: Sequence[Score] = (),
) -> Proof:
    """Equal for every turn, or the first difference: conversation, turn, position, both tokens as text.

    `trained`: the trainer's ids of each prompt, `texts`: of each id. `measured`: answers of this variant, whose prompt
    tokens were counted as they were asked. A prompt longer than `longest` tokens is left out: its training row was
    cut at its end, and in the chat at its beginning.
    """
    counted = {(score.item, score.turn): score.prompt_tokens for score in measured if not score.error}
    same = long = 0
    for prompt, ids in zip(prompts, trained, strict=True):
        where = f"conversation {prompt.item}, turn {prompt.turn + 1}"
        fed = chat.fed(variant, prompt.asked)
        if max(len(ids), len(fed)) > longest:
            long += 1
            continue
        if difference := _first(ids, fed, texts):
            return Proof(NAME, False, f"{where}, {difference} ({same} prompts before it are the same)")
        count = counted.get((prompt.item, prompt.turn), len(fed))
        if count != len(fed):
            return Proof(NAME, False, f"{where}: {count} tokens were fed when it was measured, {len(fed)} are now")
        same += 1
    left = f"; {long} of more than {longest} tokens were left out: they do not fit whole" if long else ""
    return Proof(NAME, True, f"{same} of {len(prompts) - long} are the same, token by token{left}")


def _first(ids: Sequence[int], fed: Sequence[Token], texts: Mapping[str, str]) -> str:
    """The first place in which trainer and chat differ, in words; "" where they are the same."""
    for place in range(max(len(ids), len(fed))):
        before = ids[place] if place < len(ids) else None
        now = fed[place] if place < len(fed) else None
        if now is None or before != now[0]:
            own = "nothing" if before is None else _shown((before, texts[str(before)]))
            return f"token {place + 1}: trained on {own}, fed {_shown(now) if now else 'nothing'}"
    return ""


def _shown(token: Token) -> str:
    return f"{token[0]} {token[1]!r}"
