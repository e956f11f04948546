"""What a model can still do besides what it was trained for: a fixed probe, before and after.

Short questions with answers that a program can check (data/probe/general.jsonl), asked without the instruction of the
case through the road of the chat. It is told and gates nothing: a narrow task may be worth what it costs elsewhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.chat import Chat
from assistant.record.types import Variant
from tools.trainer import ToolError

PROBE = Path(__file__).resolve().parents[3] / "data" / "probe" / "general.jsonl"
LONGEST = 24  # tokens of an answer
AT_ONCE = 8
Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Ability:
    """A question of the probe. Right is an answer that has one of `answers` as words of their own or, where there are
    none, is as a whole of the `pattern`, whatever its case."""

    ability: str
    question: str
    answers: tuple[str, ...] = ()
    pattern: str = ""

    def right(self, text: str) -> bool:
        if self.pattern:
            return re.fullmatch(self.pattern, text.strip(), re.IGNORECASE | re.DOTALL) is not None
        return any(re.search(_words(answer), text, re.IGNORECASE) for answer in self.answers)


def probe(path: Path = PROBE) -> list[Ability]:
    """The questions, in the order of the file: one JSON object a line."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Ability(**{**row, "answers": tuple(row.get("answers", ()))}) for row in rows]


def measure(chat: Chat, base: Variant, tuned: Variant, say: Say) -> dict[str, Any]:
    """Both models on the probe: how many each answered right, the difference in points with its 95 % interval.

    {"of", "before", "after", "difference", "low", "high", "abilities": {name: [of, before, after]}, "sentence"}. A
    question that one of them could not be asked counts for neither; where none is left, only a sentence that says why.
    """
    asked = probe()
    before, problem = _answers(chat, base, asked, lambda part: say("General abilities, before", part / 2))
    after, other = _answers(chat, tuned, asked, lambda part: say("General abilities, after", 0.5 + part / 2))
    both = [
        (one, old, new)
        for one, old, new in zip(asked, before, after, strict=True)
        if old is not None and new is not None
    ]
    if not both:
        return {"of": 0, "sentence": f"General abilities could not be measured: {problem or other}"}
    found = compared([old for _, old, _ in both], [new for *_, new in both])
    names = dict.fromkeys(one.ability for one, *_ in both)
    apart = {name: [(old, new) for one, old, new in both if one.ability == name] for name in names}
    abilities = {
        name: [len(rows), sum(old for old, _ in rows), sum(new for _, new in rows)] for name, rows in apart.items()
    }
    return found | {"abilities": abilities, "sentence": sentence(found)}


def compared(before: Sequence[bool], after: Sequence[bool]) -> dict[str, Any]:
    """Counts, and the difference of two paired shares in points: 100 times after - before, with its 95 % interval.

    The interval is that of Bonett and Price (2012): of the shares of questions lost and won with one more of each, so
    that it has a width also where nothing changed.
    """
    of = len(before)
    lost = sum(old and not new for old, new in zip(before, after, strict=True))
    won = sum(new and not old for old, new in zip(before, after, strict=True))
    fewer, more = (lost + 1) / (of + 2), (won + 1) / (of + 2)
    reach = 1.96 * math.sqrt(max(0.0, more + fewer - (more - fewer) ** 2) / (of + 2))
    low, high = max(-1.0, more - fewer - reach), min(1.0, more - fewer + reach)
    counts = {"of": of, "before": sum(before), "after": sum(after)}
    return counts | {name: round(100 * value, 1) for name, value in _named((won - lost) / of, low, high)}


def sentence(found: dict[str, Any]) -> str:
    """The figures in one sentence, with what they mean."""
    points, low, high = (round(found[name]) for name in ("difference", "low", "high"))
    means = (
        "it has forgotten some of what it could do"
        if found["high"] < 0
        else "it can do more than before"
        if found["low"] > 0
        else "no loss is proved"
    )
    return (
        f"General abilities: {found['before']} of {found['of']} before, {found['after']} of {found['of']} after "
        f"(difference {points:+d} points, {low:+d} to {high:+d}): {means}."
    )


def _named(difference: float, low: float, high: float) -> list[tuple[str, float]]:
    return [("difference", difference), ("low", low), ("high", high)]


def _answers(
    chat: Chat, variant: Variant, asked: Sequence[Ability], say: Callable[[float], None]
) -> tuple[list[bool | None], str]:
    """Of each question whether the answer was right, None where there was none; and why there was none."""
    problems: list[str] = []

    def one(question: Ability) -> bool | None:
        try:
            text = "".join(chat.send(variant, [{"role": "user", "content": question.question}], LONGEST, exact=True))
        except ToolError as error:
            problems.append(str(error))
            return None
        return question.right(text)

    found: list[bool | None] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for right in pool.map(one, asked):
            found.append(right)
            say(len(found) / len(asked))
    return found, problems[0] if problems else ""


def _words(answer: str) -> str:
    """The answer as words of their own, and no number as a part of another one."""
    return rf"(?<![\w.,]){re.escape(answer)}(?!\w|[.,]\d)"
