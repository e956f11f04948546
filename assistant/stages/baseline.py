"""Stage 2 of 6: a chat that works today, from the brief and the documents, without training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant import variants
from assistant.chat import Chat
from assistant.errors import AttuneError
from assistant.evidence import questions, runner, scorers, untrained
from assistant.knowledge.prompt import shots, tokens
from assistant.knowledge.search import chunks
from assistant.record.disk.alone import alone
from assistant.record.store import Store
from assistant.record.threads import example
from assistant.record.traffic.switches import WHOLE
from assistant.record.trials import HELD_OUT, Asked, Trial
from assistant.record.types import Item, Variant
from assistant.settings import Settings
from assistant.traffic import history
from assistant.workbench import Workbench

QUESTION_TOKENS = 300  # for a model that words one
KEPT = "the baseline: chosen before, now with today's brief and documents"


def blocked(store: Store, case: str) -> str | None:
    gaps = store.case(case).brief.missing
    return f"The brief still lacks: {', '.join(gap.replace('_', ' ') for gap in gaps)}." if gaps else None


def task(case: str) -> str:
    """The name of the background task that measures the case's baseline."""
    return f"measure:{case}"


def done(store: Store, case: str) -> bool:
    return any(switch.by == "baseline" for switch in store.switches(case))


def run(store: Store, settings: Settings, case: str) -> list[Variant]:
    """Make the untrained variants and put the one that uses all there is into service.

    With the embedded model that is the one that quotes, where there are documents: asked to read them it is right in
    three to five of ten answers. What was chosen or has proved better goes on answering, an untrained variant as it
    is made of today's brief. While a share of the conversations is tried, what they are compared with stays as it is.
    """
    found = variants.untrained(store, settings, case, latest_dataset(store, case))
    name, reason = _chosen(store, case) or variants.usual(store, settings, case)
    stack = history.standing(store.switches(case))
    if name in found and not (stack and stack[-1].share < WHOLE):
        store.add_switch(case, found[name].id, "switch", reason, "baseline")
    return list(found.values())


def _chosen(store: Store, case: str) -> tuple[str, str] | None:
    """The name of what answers and why, where it was not the baseline that decided so."""
    last = store.switches(case)[-1:]
    if not last or (last[0].by == "baseline" and last[0].reason != KEPT):
        return None
    return store.variant(last[0].variant).name, KEPT


def unmeasurable(store: Store, case: str) -> str | None:
    """Why the untrained variants cannot be measured yet."""
    some = store.documents(case) or store.case(case).brief.examples or held_out(store, case)
    return blocked(store, case) or (
        None if some else "There is nothing to ask: no held-out conversation, no document, no example in the brief."
    )


def measure(bench: Workbench, case: str, report: untrained.Report | None = None) -> Trial:
    """Let the untrained variants answer what is held out; while nothing is, questions that are generated.

    An interrupted run goes on where it stopped. It trains nothing and leaves alone which variant answers.
    """
    with alone(bench.store, task(case), "The baseline is being measured already."):
        return _measured(bench, case, report or (lambda *_: None))


def _measured(bench: Workbench, case: str, say: untrained.Report) -> Trial:
    store = bench.store
    if reason := unmeasurable(store, case):
        raise AttuneError(reason, "Add documents, or approve conversations and build a dataset.")
    made = variants.untrained(store, bench.settings, case, latest_dataset(store, case))
    say("Writing the questions", 0.0)
    asked = to_ask(bench, case, made["prompt"])
    if not any(one.answered for one in asked):
        raise AttuneError("The documents hold no sentence that can be asked about.", "Add documents with running text.")
    basis = HELD_OUT if any(one.origin == HELD_OUT for one in asked) else "generated"
    wanted = str(store.case(case).options.get("scorer") or "") if basis == HELD_OUT else "chrf"
    scorer = scorers.named(wanted, [one.reference for one in asked if one.answered]).name
    ids = [variant.id for variant in made.values()]
    same = (
        t for t in store.trials(case) if not t.finished and (t.questions, t.variants, t.scorer) == (asked, ids, scorer)
    )
    trial = next(same, None) or store.add_trial(case, basis, scorer, asked, ids)
    return untrained.run(store, bench.chat, trial, made, say)


def measured(store: Store, case: str) -> Trial | None:
    """The latest finished run over the untrained variants."""
    finished = [trial for trial in store.trials(case) if trial.finished]
    return finished[-1] if finished else None


def to_ask(bench: Workbench, case: str, plain: Variant) -> list[Asked]:
    """Held-out answers, and questions about the documents: with held-out ones those only tell what the search finds."""
    store = bench.store
    held = [
        Asked(number, HELD_OUT, q.messages, q.reference, item=q.item)
        for number, q in enumerate(runner.questions(held_out(store, case)))
    ]
    apart = questions.HeldOut(shots.source(store, case, "").held_out)
    capable = plain.endpoint != "local"  # the model that ships words no question worth asking
    made = questions.generate(
        store.documents(case),
        [] if held else store.case(case).brief.examples,
        apart,
        chunks.sizes(tokens.reader(bench.settings)),
        ask=(lambda text: _said(bench.chat, plain, text)) if capable else None,
    )
    return [*held, *(replace(one, number=len(held) + one.number, answered=not held) for one in made)]


def held_out(store: Store, case: str) -> Sequence[Item]:
    """What is tested on: the newest dataset's test split, or before there is one the conversations kept apart."""
    if dataset := latest_dataset(store, case):
        return store.items(dataset, "test")
    talks = store.turns_of_case(case, ("heldout",))
    found = [(id, messages) for id, turns in talks.items() if (messages := example(turns))]
    return [Item(place, "test", messages, id) for place, (id, messages) in enumerate(found)]


def _said(chat: Chat, variant: Variant, text: str) -> str:
    return "".join(chat.send(variant, [{"role": "user", "content": text}], QUESTION_TOKENS))


def latest_dataset(store: Store, case: str) -> str:
    datasets = store.datasets(case)
    return datasets[-1].id if datasets else ""
