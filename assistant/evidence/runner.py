"""Ask every variant the same held-out questions, through the same function as the chat, and score the answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from assistant.chat import Chat, Reply
from assistant.errors import AttuneError
from assistant.evidence.scorers import Scorer
from assistant.evidence.statistics.intervals import interval
from assistant.record.types import Item, Message, Score, Variant
from assistant.repeats import repeated
from tools.trainer import ToolError

CONCURRENCY = 8  # continuous batching: short prompts are answered as fast as by 16, prompts of 1,000 tokens faster
TIMED = 5  # questions asked one at a time afterwards, for a latency that a single user would see


@dataclass(frozen=True)
class HeldOutQuestion:
    """One assistant turn of a held-out conversation: what came before it, and the approved answer."""

    item: int
    turn: int
    messages: list[Message]
    reference: str


def questions(items: Sequence[Item]) -> list[HeldOutQuestion]:
    """Every approved answer of the items that answers a user in words; those with weight 0 are context only."""
    found = []
    for item in items:
        answers = [i for i, message in enumerate(item.messages) if message["role"] == "assistant"]
        for turn, i in enumerate(answers):
            said = item.messages[i]
            asked = i > 0 and item.messages[i - 1]["role"] == "user"
            if said.get("weight", 1) != 0 and asked and not said.get("tool_calls"):
                found.append(HeldOutQuestion(item.position, turn, item.messages[:i], item.messages[i]["content"]))
    return found


def references(items: Sequence[Item]) -> list[str]:
    """The approved answers of the items, in their order."""
    return [one.reference for one in questions(items)]


def answer_all(
    chat: Chat, evaluation: int, variant: Variant, asked: Sequence[HeldOutQuestion], score: Scorer
) -> Iterator[Score]:
    """Scores as they come in, in no particular order. An answer that failed has an error and no score."""
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        waiting = [pool.submit(_answer, chat, evaluation, variant, question, score) for question in asked]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            for future in waiting:
                future.cancel()


def timings(chat: Chat, variant: Variant, asked: Sequence[HeldOutQuestion]) -> tuple[float, float]:
    """Median seconds to the first token and to the last, of a few questions asked one at a time.

    One that cannot be answered is left out: its error stands among the scores already.
    """
    import statistics

    first, total = [], []
    for question in asked[:TIMED]:
        try:
            reply = chat.reply(variant, question.messages)
            for _ in reply:
                pass
        except ToolError:
            continue
        first.append(reply.first_token_s)
        total.append(reply.total_s)
    if not first:
        return float("nan"), float("nan")
    return statistics.median(first), statistics.median(total)


class ScoredAnswer(Protocol):
    """An answer with its score; None where it could not be scored."""

    @property
    def score(self) -> float | None: ...


S = TypeVar("S", bound=ScoredAnswer)


def shared(scores: Mapping[str, Sequence[S]], question: Callable[[S], Hashable]) -> dict[str, list[S]]:
    """The scores of each variant, of those questions alone that every one of them scored: else unlike is compared."""
    asked = [{question(one) for one in mine if one.score is not None} for mine in scores.values()]
    both = set.intersection(*asked) if asked else set()
    return {name: [one for one in mine if question(one) in both] for name, mine in scores.items()}


def turn(score: Score) -> tuple[int, int]:
    """What a score of an evaluation is of: the held-out conversation, and the turn in it."""
    return score.item, score.turn


def by_conversation(scores: Sequence[Score]) -> dict[int, float]:
    """Mean score of each held-out conversation: turns of one conversation are not independent, so they are one unit.

    An answer that failed counts as 0; one that no scorer can score is left out.
    """
    found: dict[int, list[float]] = {}
    for score in scores:
        if score.score is not None or score.error:
            found.setdefault(score.item, []).append(score.score or 0.0)
    return {item: sum(values) / len(values) for item, values in found.items()}


def summary(variant: Variant, scores: Sequence[Score], timing: tuple[float, float]) -> dict[str, Any]:
    """Mean score with its 95 % interval over conversations, tokens a request, seconds one question at a time takes.

    `cut` counts the answers that were ended by their limit, `repeats` those that repeat themselves to their end.
    """
    around = interval(list(by_conversation(scores).values()))
    answered = [s for s in scores if not s.error]
    tokens = sum(s.prompt_tokens + s.completion_tokens for s in answered) / max(1, len(answered))
    return {
        "variant": variant.id,
        "score": rounded(around.mean),
        "low": rounded(around.low),
        "high": rounded(around.high),
        "tokens_per_request": round(tokens, 1),
        "latency_s": rounded(timing[1]),
        "first_token_s": rounded(timing[0]),
        "errors": len(scores) - len(answered),
        "cut": sum(s.completion_tokens >= variant.max_tokens for s in answered),
        "repeats": sum(repeated(s.answer) > 0 for s in answered),
        "n": len(by_conversation(scores)),
    }


def _answer(chat: Chat, evaluation: int, variant: Variant, question: HeldOutQuestion, score: Scorer) -> Score:
    try:
        reply = chat.reply(variant, question.messages, exact=True)
        text = whole(reply)
    except ToolError as error:
        return Score(evaluation, variant.id, question.item, question.turn, "", None, 0, 0, 0.0, 0.0, str(error))
    return Score(
        evaluation,
        variant.id,
        question.item,
        question.turn,
        text,
        score(text, question.reference),
        reply.prompt_tokens,
        reply.completion_tokens,
        reply.first_token_s,
        reply.total_s,
    )


def whole(reply: Reply) -> str:
    """The answer to its end. Raises ToolError also where it is not what the settings say: that is not measured."""
    text = "".join(reply)
    if reply.note:
        raise ToolError(reply.note)
    return text


def first_error(scores: Sequence[Score]) -> str:
    return next((score.error for score in scores if score.error), "")


def check_answered(scores: Sequence[Score], variant: Variant) -> None:
    """Raise when not one answer came back: a dead endpoint is not a bad model."""
    if scores and all(score.error for score in scores):
        raise AttuneError(
            f"The variant '{variant.name}' answered nothing: {first_error(scores)}", "Fix that, then evaluate again."
        )


def rounded(value: float) -> float | None:
    """A figure as it is kept; None for what is no number."""
    return None if math.isnan(value) else round(value, 4)
