"""What can be proposed: for each kind what it needs, what it rests on, why, and what confirming it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant import variants
from assistant.errors import AttuneError
from assistant.guide import hosting, measuring, paste, spans
from assistant.record import spending
from assistant.record.types import Proposal, Variant
from assistant.stages import baseline, evaluate, finetune, switch
from tools.options import OPTIONS

if TYPE_CHECKING:
    from assistant.workbench import Workbench

Payload = dict[str, Any]


@dataclass(frozen=True)
class Terms:
    """What a person agrees to: what would be done and why, how long it takes, what it costs, what it leaves alone."""

    what: str
    why: str
    takes: str
    costs: str
    leaves: str


@dataclass(frozen=True)
class Kind:
    """How one kind works.

    `prepare` checks and completes a payload or raises AttuneError; `rests_on` gives what must still be so when it is
    confirmed, `changed` names that in words; `terms` says what it means; `carry_out` does it; `given` is what may be
    changed before it is confirmed, taken from a payload without what `prepare` would fill in anyway; `allow` raises
    AttuneError while it must not be confirmed, though it still holds.
    """

    prepare: Callable[[Workbench, str, Payload], Payload]
    rests_on: Callable[[Workbench, str], Any]
    changed: str
    terms: Callable[[Workbench, str, Payload], Terms]
    carry_out: Callable[[Workbench, Proposal, str], str]
    options: tuple[str, ...] = ()
    given: Callable[[Workbench, str, Payload], Payload] = lambda bench, case, payload: payload  # noqa: ARG005
    allow: Callable[[Workbench, Proposal], None] = lambda bench, proposal: None  # noqa: ARG005


# train ----------------------------------------------------------------------------------------------------------------
def _prepare_train(bench: Workbench, case: str, payload: Payload) -> Payload:
    chosen = finetune.choose(bench, case, payload)
    _need(finetune.blocked(bench.store, case), "Then ask for the training again.")
    trainer = bench.trainers.get(str(chosen["trainer"]))
    if trainer is None:
        raise AttuneError(
            f"There is no trainer called '{chosen['trainer']}'.", f"Choose one of {', '.join(bench.trainers)}."
        )
    _need(trainer.unavailable(), "Or name another trainer.")
    return chosen


def _rests_train(bench: Workbench, case: str) -> Any:
    jobs = bench.store.jobs(case)
    return [
        baseline.latest_dataset(bench.store, case),
        bench.store.case(case).brief.to_json(),
        jobs[-1].id if jobs else 0,
    ]


def _train_terms(bench: Workbench, case: str, payload: Payload) -> Terms:
    found = finetune.estimate(bench, case, **payload)
    rows = bench.store.datasets(case)[-1].train
    money = "no money" if not found.money_usd.high else f"${spans.span(found.money_usd)}"
    cut = f" {found.rows_cut} of them are too long and lose their end." if found.rows_cut else ""
    return Terms(
        f"Train {payload['base']} with {payload['trainer']} on {rows} conversations{_passes(payload)}.{cut}",
        "Only a trained model can be measured against the best answers without training.",
        f"About {spans.duration(found.seconds)} ({_begun_small(found.source.rstrip('.'))}). {found.note}".rstrip(),
        f"{spans.span(found.memory_gb)} GB of memory and {money}. "
        f"{spending.note(bench.store, bench.settings, found.money_usd.high)}".rstrip(),
        "It makes a new model and measures nothing; which model answers stays as it is.",
    )


def _allow_train(bench: Workbench, proposal: Proposal) -> None:
    found = finetune.estimate(bench, proposal.case, **proposal.payload)
    spending.allow(bench.store, bench.settings, found.money_usd.high)


def _train_given(bench: Workbench, case: str, payload: Payload) -> Payload:
    usual = finetune.defaults(bench, case)
    return {name: value for name, value in payload.items() if usual.get(name) != value}


def _train(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    job = finetune.run(bench, proposal.case, **proposal.payload)
    if job.state == "unknown":
        return f"Whether job {job.id} has begun is not known yet. {job.reason}"
    return f"Training has started as job {job.id} with {job.trainer}. It goes on when you close the app."


# evaluate -------------------------------------------------------------------------------------------------------------
def _prepare_evaluate(bench: Workbench, case: str, payload: Payload) -> Payload:
    _need(evaluate.blocked(bench.store, case), "Then ask for the evaluation again.")
    running = bench.background.running(evaluate.task(case))
    _need("An evaluation is running already." if running else None, "Wait until it has ended.")
    newest = evaluate.newest(bench.store, case)
    return {"job": int(payload.get("job") or (newest.id if newest else 0))}


def _rests_evaluate(bench: Workbench, case: str) -> Any:
    newest, latest = evaluate.newest(bench.store, case), evaluate.latest(bench.store, case)
    return [baseline.latest_dataset(bench.store, case), newest.id if newest else 0, latest.id if latest else 0]


def _evaluate_terms(bench: Workbench, case: str, payload: Payload) -> Terms:
    tested = bench.store.datasets(case)[-1].test
    what = "every untrained variant"
    if payload["job"]:
        name = variants.candidate(bench.store, bench.store.job(int(payload["job"])))
        what = f"the model of job {payload['job']} (judged as '{name}', as it was tuned) and {what}"
    server = bench.settings.chat_base_url
    return Terms(
        f"Let {what} answer the {tested} held-out conversations and compare the answers with the approved ones.",
        "Only conversations that no variant has seen can tell which one is best.",
        "It takes minutes of the chat server." if server else "It takes minutes of this machine.",
        "What the chat server charges for these answers." if server else "No money.",
        "It trains nothing; which model answers stays as it is.",
    )


def _evaluate(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    case, job = proposal.case, int(proposal.payload.get("job", 0))
    started = bench.background.start(evaluate.task(case), lambda report: evaluate.run(bench, case, job, report))
    _need(None if started else "An evaluation is running already.", "Wait until it has ended.")
    return "The evaluation has started. It goes on when you close the tab."


# switch, undo, baseline -----------------------------------------------------------------------------------------------
def _prepare_switch(bench: Workbench, case: str, payload: Payload) -> Payload:
    store, wanted, force = bench.store, str(payload.get("variant") or ""), bool(payload.get("force", False))
    chosen = switch.find(store, case, wanted) if wanted else _proved(bench, case)
    if not force:
        remedy = "Choose an untrained variant, or collect more approved answers and measure again."
        _need(switch.refusal(store, case, chosen), remedy)
    if chosen.id == switch.active(store, bench.settings, case).id:
        raise AttuneError(f"The variant {chosen.name} answers already.", "There is nothing to switch.")
    return {"variant": chosen.id, "name": chosen.name, "force": force}


def _proved(bench: Workbench, case: str) -> Variant:
    found = switch.proved(bench.store, case)
    if found is None:
        problem = switch.blocked(bench.store, case) or "Nothing has been proved better yet."
        raise AttuneError(problem, "Name a variant to switch to it all the same.")
    return found


def _rests_switch(bench: Workbench, case: str) -> Any:
    latest = evaluate.latest(bench.store, case)
    return [latest.id if latest else 0, _last_switch(bench, case)]


def _switch_terms(bench: Workbench, case: str, payload: Payload) -> Terms:
    latest, now = evaluate.latest(bench.store, case), switch.active(bench.store, bench.settings, case).name
    proved = switch.proved(bench.store, case)
    reason = (
        f"Measured: {latest.verdict['reason']}"
        if latest and proved and proved.id == payload["variant"]
        else "This is your choice; it has not been proved better."
    )
    return Terms(
        f"Let {payload['name']} answer from now on instead of {now}.",
        reason,
        "It takes effect at once.",
        "No money.",
        "It deletes and trains nothing. You can undo it at once.",
    )


def _switch(bench: Workbench, proposal: Proposal, by: str) -> str:
    payload = proposal.payload
    switch.run(bench.store, proposal.case, str(payload["variant"]), by, force=bool(payload.get("force", False)))
    return f"From now on {payload.get('name') or payload['variant']} answers. Undo brings the previous one back."


def _prepare_undo(bench: Workbench, case: str, payload: Payload) -> Payload:  # noqa: ARG001
    nothing = switch.previous(bench.store, case) is None
    _need("There is nothing to undo: nothing has been switched." if nothing else None, "See `attune status`.")
    return {}


def _undo_terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    now = switch.active(bench.store, bench.settings, case).name
    return Terms(
        f"Bring back what answered before {now}.",
        "The last switch is taken back.",
        "It takes effect at once.",
        "No money.",
        f"It deletes nothing: the model of {now} stays and can be switched to again.",
    )


def _undo(bench: Workbench, proposal: Proposal, by: str) -> str:
    row = switch.undo(bench.store, proposal.case, by)
    return f"Undone: {bench.store.variant(row.variant).name} answers again."


def _prepare_baseline(bench: Workbench, case: str, payload: Payload) -> Payload:  # noqa: ARG001
    _need(baseline.blocked(bench.store, case), "Answer or skip the open questions.")
    return {}


def _rests_baseline(bench: Workbench, case: str) -> Any:
    documents = sorted(document.sha256 for document in bench.store.documents(case))
    return [bench.store.case(case).brief.to_json(), documents, _last_switch(bench, case)]


def _baseline_terms(bench: Workbench, case: str, payload: Payload) -> Terms:  # noqa: ARG001
    now = switch.active(bench.store, bench.settings, case).name
    return Terms(
        "Build the untrained variants anew from today's brief and documents. What was chosen goes on "
        f"answering; otherwise the one that suits what there is answers instead of {now}.",
        "Answers then follow the brief and the documents of today.",
        "It takes seconds.",
        "It costs nothing.",
        "It trains nothing and keeps the older variants; undo brings them back.",
    )


def _baseline(bench: Workbench, proposal: Proposal, by: str) -> str:  # noqa: ARG001
    baseline.run(bench.store, bench.settings, proposal.case)
    return f"The baseline is built: {switch.active(bench.store, bench.settings, proposal.case).name} answers now."


KINDS: dict[str, Kind] = {
    "train": Kind(
        _prepare_train,
        _rests_train,
        "the dataset, the brief or the jobs",
        _train_terms,
        _train,
        tuple(OPTIONS),
        _train_given,
        _allow_train,
    ),
    "evaluate": Kind(
        _prepare_evaluate, _rests_evaluate, "the dataset or what was measured", _evaluate_terms, _evaluate, ("job",)
    ),
    "switch": Kind(_prepare_switch, _rests_switch, "the results or what answers", _switch_terms, _switch, ("variant",)),
    "undo": Kind(_prepare_undo, lambda bench, case: [_last_switch(bench, case)], "what answers", _undo_terms, _undo),
    "baseline": Kind(_prepare_baseline, _rests_baseline, "the brief or the documents", _baseline_terms, _baseline),
    "measure": Kind(
        measuring.prepare,
        measuring.rests_on,
        measuring.CHANGED,
        lambda bench, case, payload: Terms(*measuring.terms(bench, case, payload)),
        lambda bench, proposal, _by: measuring.carry_out(bench, proposal.case),
    ),
    "deploy": Kind(
        hosting.prepare,
        hosting.rests_on,
        "the jobs or what is deployed",
        lambda bench, case, payload: Terms(*hosting.deploy_terms(bench, case, payload)),
        lambda bench, proposal, _by: hosting.deploy(bench, proposal.payload),
        ("job", "kind", "hours"),
        allow=lambda bench, proposal: hosting.allow(bench, proposal.payload),
    ),
    "undeploy": Kind(
        hosting.prepare,
        hosting.rests_on,
        "the jobs or what is deployed",
        lambda bench, case, payload: Terms(*hosting.remove_terms(bench, case, payload)),
        lambda bench, proposal, _by: hosting.remove(bench, proposal.payload),
        ("job",),
    ),
    "approve": Kind(
        paste.prepare,
        lambda bench, case: sorted(paste.waiting(bench.store, case)),
        "what waits for approval",
        lambda bench, case, payload: Terms(*paste.terms(bench, case, payload)),
        lambda bench, proposal, _by: paste.carry_out(bench, proposal.case, proposal.payload),
    ),
}


def _last_switch(bench: Workbench, case: str) -> int:
    rows = bench.store.switches(case)
    return rows[-1].id if rows else 0


def _need(problem: str | None, remedy: str) -> None:
    if problem:
        raise AttuneError(problem, remedy)


def _passes(payload: Payload) -> str:
    """How often it reads them, where that was chosen."""
    if payload.get("max_steps"):
        return f", at most {payload['max_steps']:g} steps"
    epochs = payload.get("epochs")
    return f", {epochs:g} {'time' if epochs == 1 else 'times'} over" if epochs else ""


def _begun_small(text: str) -> str:
    """A sentence as a part of another; a name or an abbreviation keeps its capital."""
    return text[0].lower() + text[1:] if text[1:2].islower() and text.split()[0].isalpha() else text
