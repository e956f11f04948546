"""How many answers keep each check, and whether the shares that a brief wants are reached. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.evidence.checks.assertion import LENGTH_KINDS, BriefCheck, holds
from assistant.evidence.checks.compiled import Compiled
from assistant.evidence.checks.thresholds import Threshold

_ROUNDING = 1e-9


@dataclass(frozen=True)
class CheckResult:
    """`kept` of the `told` answers keep the check; of the other `of` - `told` it cannot be told."""

    check: BriefCheck
    kept: int
    told: int
    of: int

    @property
    def share(self) -> float | None:
        """Of the answers where it can be told; None where there is none."""
        return self.kept / self.told if self.told else None


@dataclass(frozen=True)
class Gate:
    """A threshold and what was measured, both from 0 to 1. `ok` is None where nothing could be measured."""

    text: str
    measured: float | None
    wanted: float
    ok: bool | None


def measure(compiled: Compiled, answers: Sequence[str]) -> list[CheckResult]:
    """Each check against every answer, in the checks' order. An answer that failed is given as an empty text."""
    return results(compiled.checks, answers)


def results(checks: Iterable[BriefCheck], answers: Sequence[str]) -> list[CheckResult]:
    """The same for checks that stand in no compiled brief."""
    found = []
    for check in checks:
        told = [kept for answer in answers if (kept := holds(check, answer)) is not None]
        found.append(CheckResult(check, sum(told), len(told), len(answers)))
    return found


def keeps_all(checks: Sequence[BriefCheck], answers: Sequence[str]) -> list[bool | None]:
    """For each answer whether it keeps every check that can be told; None where none can, or there is no check."""
    found: list[bool | None] = []
    for answer in answers:
        told = [kept for check in checks if (kept := holds(check, answer)) is not None]
        found.append(all(told) if told else None)
    return found


def figures(checks: Sequence[BriefCheck], answers: Sequence[str]) -> dict[str, float | None]:
    """The shares that gates ask for: by id of a check, and "checks", "length" and "format_checks" for those together.

    "format_checks" are the checks of the brief's field format. None where nothing could be told.
    """
    found = {result.check.id: result.share for result in results(checks, answers)}
    groups = {
        "checks": checks,
        "length": [check for check in checks if check.kind in LENGTH_KINDS],
        "format_checks": [check for check in checks if check.field == "format"],
    }
    return found | {name: _share(keeps_all(group, answers)) for name, group in groups.items()}


def gates(thresholds: Iterable[Threshold], figures: Mapping[str, float | None]) -> list[Gate]:
    """Each threshold against the figure of its subject, in order. A figure that is missing counts as unmeasured."""
    return [_gate(wanted, figures.get(wanted.subject)) for wanted in thresholds]


def _gate(wanted: Threshold, measured: float | None) -> Gate:
    ok = None
    if measured is not None:
        missing = wanted.share - measured if wanted.bound == "at_least" else measured - wanted.share
        ok = missing <= _ROUNDING
    return Gate(wanted.text, measured, wanted.share, ok)


def _share(kept: Sequence[bool | None]) -> float | None:
    told = [one for one in kept if one is not None]
    return sum(told) / len(told) if told else None
