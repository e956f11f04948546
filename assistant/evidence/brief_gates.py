"""What the brief asks of answers, applied to a measured evaluation: each check by variant, and the thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assistant.evidence.checks import measuring
from assistant.evidence.checks.assertion import BriefCheck, describe, holds
from assistant.evidence.checks.compiled import Compiled
from assistant.evidence.checks.measuring import Gate
from assistant.evidence.proof import Measures
from assistant.record.types import Score


def held(checks: Sequence[BriefCheck]) -> list[Callable[[str], bool]]:
    """The checks as functions of an answer; one that cannot be told of an answer does not count against it."""
    return [lambda answer, check=check: holds(check, answer) is not False for check in checks]  # type: ignore[misc]


def gates(compiled: Compiled, mine: Sequence[Score], by: Measures, result: Mapping[str, Any]) -> list[Gate]:
    """The thresholds of the brief against the candidate's answers. A failed answer keeps nothing.

    `format`: the frame and the checks of the field format; `numbers`: of answers whose approved one states numbers,
    those with all of them right; `likeness`: the mean score.
    """
    answers = [one.answer for one in mine if not one.error]
    share = len(answers) / max(1, len(mine))
    found: dict[str, float | None] = {
        name: None if value is None else value * share
        for name, value in measuring.figures(compiled.checks, answers).items()
    }
    formal = held([check for check in compiled.checks if check.field == "format"])
    if by.frame or formal:
        kept = sum(by.frame.keeps(answer) and all(keeps(answer) for keeps in formal) for answer in answers)
        found["format"] = kept / max(1, len(mine))
    stating = result["numbers"]["answers_with_numbers"]
    found["numbers"] = result["numbers"]["all_right"] / stating if stating else None
    found["likeness"] = result["score"]
    return measuring.gates(compiled.thresholds, found)


def told(compiled: Compiled, answers: Mapping[str, Sequence[Score]]) -> dict[str, Any]:
    """Of each check, in words, the share of every variant's answers that keep it; and what could not be checked."""
    said = {name: [one.answer for one in mine if not one.error] for name, mine in answers.items()}
    shares = {name: measuring.results(compiled.checks, texts) for name, texts in said.items()}
    return {
        "checks": [
            {"id": check.id, "text": describe(check), "shares": {name: shares[name][i].share for name in shares}}
            for i, check in enumerate(compiled.checks)
        ],
        "not_checked": [{"text": one.text, "reason": one.reason} for one in compiled.not_checked],
    }
