"""What a brief came to: checks, thresholds, what is not checked and what is doubtful."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.evidence.checks.assertion import BriefCheck
from assistant.evidence.checks.thresholds import Threshold


@dataclass(frozen=True)
class NotChecked:
    """A text of the brief that no check holds answers to, and why, in one sentence."""

    field: str
    text: str
    reason: str


@dataclass(frozen=True)
class Doubtful:
    """A check that more than half of the approved answers fail: it is shown with that and gates nothing."""

    check: BriefCheck
    kept: int
    told: int


@dataclass(frozen=True)
class Compiled:
    """What a brief asks for that can be checked, and what it asks for that cannot."""

    checks: tuple[BriefCheck, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    doubtful: tuple[Doubtful, ...] = ()
