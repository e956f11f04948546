"""Stage 6 of 6: choose which variant answers from now on, all or a share of the conversations, and undo it."""

from __future__ import annotations

from typing import Any

from assistant import variants
from assistant.errors import AttuneError
from assistant.evidence.answers import opinions
from assistant.evidence.certificate import standing
from assistant.record.store import Store
from assistant.record.traffic.switches import WHOLE, Switch
from assistant.record.types import Evaluation, Variant
from assistant.settings import Settings
from assistant.stages import baseline, evaluate
from assistant.traffic import history, reasons
from assistant.traffic.history import Standing


def blocked(store: Store, case: str) -> str | None:
    """Why the tuned model may not take over yet."""
    latest = evaluate.latest(store, case)
    if latest is None:
        return "Nothing has been measured yet: evaluate first."
    if latest.verdict["decision"] != "switch":
        return str(latest.verdict["reason"])
    return standing.broken(store, latest) or None


def unread(store: Store, case: str) -> str | None:
    """Why a person should not switch yet, on the page: too few answers of the latest evaluation were read.

    A command and a journey are not held up by it; a journey says so in the reason of its switch.
    """
    latest = evaluate.latest(store, case)
    return opinions.unread(store, latest) if latest else None


def proved(store: Store, case: str) -> Variant | None:
    """The tuned variant that may take over: the one that the latest evaluation proved better, served as trained."""
    return None if blocked(store, case) else _candidate(store, case)


def refusal(store: Store, case: str, variant: Variant) -> str | None:
    """Why this variant may not take over without `force`: a tuned one has to be the very one that was proved."""
    if not variant.tuned:
        return None
    found = proved(store, case)
    if found is None:
        return blocked(store, case)
    if found.id == variant.id:
        return None
    better, other = (f"'{one.name}' of job {one.job}" for one in (found, variant))
    if better == other:
        return f"{other} is not set up as it was when it proved better."
    return f"What has proved better is {better}, not {other}."


def done(store: Store, case: str) -> bool:
    """The proved variant answers, in all conversations."""
    latest = evaluate.latest(store, case)
    if latest is None or latest.verdict["decision"] != "switch":
        return False
    proved = latest.results[latest.verdict["candidate"]]["variant"]
    return any(one.variant == proved and one.share >= WHOLE for one in _stack(store, case)[-1:])


def active(store: Store, settings: Settings, case: str) -> Variant:
    """The variant chosen last; before the baseline, the chat model with what is known of the brief."""
    stack = _stack(store, case)
    return store.variant(stack[-1].variant) if stack else variants.plain(store, settings, case)


def answering(store: Store, settings: Settings, case: str, conversation: int | str) -> Variant:
    """The variant that answers this conversation (its number, or what tells it apart), by the shares of now."""
    found = history.chosen(_stack(store, case), case, str(conversation))
    return store.variant(found) if found else variants.plain(store, settings, case)


def shares(store: Store, settings: Settings, case: str) -> dict[str, int]:
    """Of 100 conversations, how many each variant (id) answers, the one chosen last first. They come to 100."""
    found: dict[str, int] = {}
    left, precise = WHOLE, 1.0
    for one in reversed(_stack(store, case)):
        if one.variant not in found and left:
            precise *= 1 - one.share / WHOLE
            found[one.variant] = left - round(precise * WHOLE)
            left = round(precise * WHOLE)
    return found | ({variants.plain(store, settings, case).id: left} if left else {})


def run(
    store: Store,
    case: str,
    variant: str = "",
    by: str = "user",
    reason: str = "",
    force: bool = False,
    share: int = WHOLE,
) -> Switch:
    """Put a variant (id or name; empty = the proved one) into service for `share` of 100 conversations.

    A tuned model that is not proved, is not what was trained, or not what was measured, needs `force` and a reason of a
    few words, which is recorded. Its files are hashed anew.
    """
    if not variant and not force and (closed := blocked(store, case)):
        raise AttuneError(closed, "Choose a variant by name to switch anyway.")
    chosen = find(store, case, variant) if variant else _candidate(store, case)
    problem = refusal(store, case, chosen)
    if problem and not force:
        raise AttuneError(problem, "To switch anyway, use `force` and give a reason.")
    broken = _broken(store, chosen)
    if broken and not (force and reason.strip()):
        raise AttuneError(broken, "To switch all the same, use `force` and say in `reason` why.")
    latest = evaluate.latest(store, case)
    if problem or broken:
        why = f"overridden: {reasons.checked(reason)}"
    else:
        why = reason.strip() or (str(latest.verdict["reason"]) if latest and chosen.tuned else "chosen by hand")
    measured = 0 if broken else _measured(store, latest, chosen)
    return _put(store, chosen, why, by, measured, checked_share(share))


def _measured(store: Store, latest: Evaluation | None, chosen: Variant) -> int:
    """The evaluation that the choice rests on: the latest, else that of its own model; 0 where none measured it."""
    own = store.measured(chosen.case, chosen.job) if chosen.tuned else None
    return next((found.id for found in (latest, own) if found and chosen.id in found.variants), 0)


def _broken(store: Store, chosen: Variant) -> str:
    """Why the certificate of a tuned variant does not hold; "" where it does, or none was issued."""
    measured = store.measured(chosen.case, chosen.job) if chosen.tuned else None
    return standing.broken(store, measured, fresh=True) if measured else ""


def checked_share(value: Any) -> int:
    """How many of 100 conversations. Raises AttuneError for what is no whole number from 1 to 100."""
    try:
        share = int(str(value))
    except ValueError:
        share = 0
    if not 1 <= share <= WHOLE:
        raise AttuneError(f"A share of {str(value)[:20]} is not possible.", "Give a whole number from 1 to 100.")
    return share


def _put(store: Store, chosen: Variant, why: str, by: str, measured: int, share: int) -> Switch:
    """Record the switch. Raises AttuneError for a share that leaves something to nobody."""
    with store.atomic():
        if share < WHOLE and not any(one.variant != chosen.id for one in _stack(store, chosen.case)):
            raise AttuneError(
                "There is no other variant that could answer the rest.", "Build the baseline first, or switch for all."
            )
        return store.add_switch(chosen.case, chosen.id, "switch", why, by, measured, share)


def serve(store: Store, case: str, variant: str = "", by: str = "user") -> Switch:
    """Let an untrained variant answer, as the last run of the baseline measured it; empty: the best of them."""
    trial = baseline.measured(store, case)
    if trial is None:
        raise AttuneError("The untrained variants have not been measured yet.", "Run `attune baseline --evaluate`.")
    name = variant or str(trial.report["best"])
    found = trial.report["answers"].get(name)
    if found is None:
        measured = ", ".join(trial.report["answers"])
        raise AttuneError(f"The baseline measured no variant '{name}'.", f"Choose one of {measured}, or best.")
    score = "not scored" if found["score"] is None else f"{trial.scorer} {found['score']:.3f}"
    return run(store, case, str(found["variant"]), by, f"chosen from the baseline: {score} ({trial.basis} questions)")


def undo(store: Store, case: str, by: str = "user") -> Switch:
    """Bring back what answered before the last switch, with its share. The next question is answered so."""
    with store.atomic():  # two at once must not both take the same step back
        stack = _stack(store, case)
        if len(stack) < 2:
            raise AttuneError("There is nothing to undo.", "See the history of switches with `attune status`.")
        return store.add_switch(case, stack[-2].variant, "undo", "undone", by, share=stack[-2].share)


def previous(store: Store, case: str) -> str | None:
    """The id of the variant that `undo` would bring back."""
    stack = _stack(store, case)
    return stack[-2].variant if len(stack) > 1 else None


def find(store: Store, case: str, name: str) -> Variant:
    """The latest variant of that name, or the one with that id."""
    found = [variant for variant in store.variants(case) if name in (variant.id, variant.name)]
    if not found:
        known = ", ".join(sorted({variant.name for variant in store.variants(case)})) or "none yet"
        raise AttuneError(f"This case has no variant '{name}' (it has: {known}).", "Choose one of them.")
    return found[-1]


def _stack(store: Store, case: str) -> list[Standing]:
    """Variants switched to and not taken back, oldest first."""
    return history.standing(store.switches(case))


def _candidate(store: Store, case: str) -> Variant:
    latest = evaluate.latest(store, case)
    name = str(latest.verdict.get("candidate", "")) if latest else ""
    if latest is None or not name:
        raise AttuneError("No tuned model has been measured.", "Train one, then evaluate.")
    return store.variant(str(latest.results[name]["variant"]))
