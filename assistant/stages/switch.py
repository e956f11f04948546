"""Stage 6 of 6: choose which variant answers from now on, and undo it."""

from __future__ import annotations

from assistant import variants
from assistant.errors import AttuneError
from assistant.evidence.answers import opinions
from assistant.evidence.certificate import standing
from assistant.record.store import Store
from assistant.record.types import Evaluation, Switch, Variant
from assistant.settings import Settings
from assistant.stages import baseline, evaluate


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
    """The proved variant answers."""
    latest = evaluate.latest(store, case)
    if latest is None or latest.verdict["decision"] != "switch":
        return False
    return _stack(store, case)[-1:] == [latest.results[latest.verdict["candidate"]]["variant"]]


def active(store: Store, settings: Settings, case: str) -> Variant:
    """The variant that answers now; before the baseline, the chat model with what is known of the brief."""
    stack = _stack(store, case)
    return store.variant(stack[-1]) if stack else variants.plain(store, settings, case)


def run(store: Store, case: str, variant: str = "", by: str = "user", reason: str = "", force: bool = False) -> Switch:
    """Put a variant (id or name; empty = the proved one) into service. An unproved tuned model needs `force`; one that
    is not what was trained, or not what was measured, needs a `reason` besides. Its files are hashed anew."""
    if not variant and not force and (closed := blocked(store, case)):
        raise AttuneError(closed, "Choose a variant by name to switch anyway.")
    chosen = find(store, case, variant) if variant else _candidate(store, case)
    problem = refusal(store, case, chosen)
    if problem and not force:
        raise AttuneError(problem, "Use `force` to switch anyway.")
    broken = _broken(store, chosen)
    if broken and not (force and reason.strip()):
        raise AttuneError(broken, "To switch all the same, use `force` and say in `reason` why.")
    latest = evaluate.latest(store, case)
    why = reason or (str(latest.verdict["reason"]) if latest and chosen.tuned and not problem else "chosen by hand")
    return store.add_switch(case, chosen.id, "switch", why, by, 0 if broken else _measured(store, latest, chosen))


def _measured(store: Store, latest: Evaluation | None, chosen: Variant) -> int:
    """The evaluation that the choice rests on: the latest, else that of its own model; 0 where none measured it."""
    own = store.measured(chosen.case, chosen.job) if chosen.tuned else None
    return next((found.id for found in (latest, own) if found and chosen.id in found.variants), 0)


def _broken(store: Store, chosen: Variant) -> str:
    """Why the certificate of a tuned variant does not hold; "" where it does, or none was issued."""
    measured = store.measured(chosen.case, chosen.job) if chosen.tuned else None
    return standing.broken(store, measured, fresh=True) if measured else ""


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
    """Bring back the variant that answered before the last switch."""
    with store.atomic():  # two at once must not both take the same step back
        before = previous(store, case)
        if before is None:
            raise AttuneError("There is nothing to undo.", "See the history of switches with `attune status`.")
        return store.add_switch(case, before, "undo", "undone", by)


def previous(store: Store, case: str) -> str | None:
    """The id of the variant that `undo` would bring back."""
    stack = _stack(store, case)
    return stack[-2] if len(stack) > 1 else None


def find(store: Store, case: str, name: str) -> Variant:
    """The latest variant of that name, or the one with that id."""
    found = [variant for variant in store.variants(case) if name in (variant.id, variant.name)]
    if not found:
        known = ", ".join(sorted({variant.name for variant in store.variants(case)})) or "none yet"
        raise AttuneError(f"This case has no variant '{name}' (it has: {known}).", "Choose one of them.")
    return found[-1]


def _stack(store: Store, case: str) -> list[str]:
    """Variants switched to and not undone, oldest first."""
    stack: list[str] = []
    for row in store.switches(case):
        if row.kind == "undo":
            stack.pop()
        else:
            stack.append(row.variant)
    return stack


def _candidate(store: Store, case: str) -> Variant:
    latest = evaluate.latest(store, case)
    name = str(latest.verdict.get("candidate", "")) if latest else ""
    if latest is None or not name:
        raise AttuneError("No tuned model has been measured.", "Train one, then evaluate.")
    return store.variant(str(latest.results[name]["variant"]))
