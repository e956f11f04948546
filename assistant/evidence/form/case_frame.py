"""The frame of a case: learned from the approved answers, or as a person corrected it.

A corrected one stands in the options of the case, as its case file has it; without one it is learned anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.errors import AttuneError
from assistant.evidence.checks import case_checks
from assistant.evidence.form import frame as frames
from assistant.evidence.form.frame import KINDS, Frame, Part
from assistant.record.store import Store

OPTION = "frame"


def of_case(store: Store, case: str) -> Frame:
    """The frame that answers are held to, by what is approved now."""
    corrected = of_options(store.case(case).options)
    return frames.learn(case_checks.approved(store, case)) if corrected is None else corrected


def of_options(options: dict[str, Any]) -> Frame | None:
    """The corrected frame, None where it is learned. Raises AttuneError, with the part's number, for a wrong one."""
    value = options.get(OPTION)
    return None if value is None else Frame(tuple(_part(one, n) for n, one in enumerate(_list(value), start=1)))


def add(store: Store, case: str, kind: str, phrases: Sequence[str]) -> Frame:
    """One more part. Raises AttuneError for a kind that there is not, or no phrase."""
    approved = case_checks.approved(store, case)
    part = _part({"kind": kind, "phrases": [phrase for phrase in phrases if phrase.strip()]}, 1)
    share = sum(Frame((part,)).keeps(answer) for answer in approved) / max(1, len(approved))
    with store.atomic():
        return _keep(store, case, [*of_case(store, case).parts, Part(part.kind, part.phrases, round(share, 4))])


def remove(store: Store, case: str, number: int) -> Frame:
    """Leave a part out; they count from 1. Raises AttuneError where the frame has none of that number."""
    with store.atomic():
        parts = list(of_case(store, case).parts)
        if not 1 <= number <= len(parts):
            raise AttuneError(f"The format has no part {number}.", f"It has {len(parts)}: see `attune frame`.")
        del parts[number - 1]
        return _keep(store, case, parts)


def restore(store: Store, case: str) -> Frame:
    """Let the learned frame count again."""
    with store.atomic():
        options = store.case(case).options
        store.set_options(case, {name: value for name, value in options.items() if name != OPTION})
    return of_case(store, case)


def is_corrected(store: Store, case: str) -> bool:
    return OPTION in store.case(case).options


def _keep(store: Store, case: str, parts: Sequence[Part]) -> Frame:
    found = Frame(tuple(parts))
    store.set_options(case, store.case(case).options | {OPTION: found.to_json()})
    return found


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise AttuneError("'frame' is not a list of tables.", "Write each part as [[frame]].")
    return value


def _part(value: Any, number: int) -> Part:
    """A part as a case file, the options or a person has it."""
    kind = str(value.get("kind", "")) if isinstance(value, dict) else ""
    if kind not in KINDS:
        raise AttuneError(f"Part {number} of the format has no kind '{kind}'.", f"Choose one of {', '.join(KINDS)}.")
    phrases = value.get("phrases", [])
    texts = tuple(str(phrase) for phrase in ([phrases] if isinstance(phrases, str) else phrases) if str(phrase).strip())
    if not texts:
        raise AttuneError(f"Part {number} of the format has no phrases.", 'Write them as phrases = ["..."].')
    return Part(kind, texts, float(value.get("share", 1)))
