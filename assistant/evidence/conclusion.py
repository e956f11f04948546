"""From the answers of an evaluation to its verdict, with everything that it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.evidence import brief_gates, ledger, proof, runner, scorers, scoring, verdict
from assistant.evidence.checks import case_checks
from assistant.evidence.form import case_frame
from assistant.knowledge.comparison.leaks import Find, suspects
from assistant.knowledge.search.words import numbers
from assistant.record.types import Evaluation, Variant
from assistant.workbench import Workbench


def conclude(
    bench: Workbench,
    evaluation: Evaluation,
    variants: dict[str, Variant],
    results: dict[str, Any],
    candidate: str | None,
) -> tuple[verdict.Verdict, dict[str, Any]]:
    """The verdict, and what it was made from, as the record keeps it; adds form and facts to `results`.

    `variants` and `results` by name; `candidate`: the tuned one that is judged, None where only untrained ones were
    measured.
    """
    store = bench.store
    case, items = store.case(evaluation.case), store.items(evaluation.dataset, "test")
    train, asked = store.items(evaluation.dataset, "train"), runner.questions(items)
    compiled = case_checks.of_case(store, case.id)
    score = scorers.scorer(evaluation.scorer, scorers.embed(bench.knowledge))
    checks = brief_gates.held(compiled.checks)
    by = proof.measures(train, evaluation.scorer, score, case_frame.of_options(case.options), checks)
    every = store.scores(evaluation.id)
    answers = {name: [s for s in every if s.variant == variant.id] for name, variant in variants.items()}
    found = proof.sheet(asked, answers, by)
    constants, sane = proof.constants(train, asked, by)
    sources = proof.written(store, case.id)
    for name, variant in variants.items():
        results[name] |= proof.summary(name, asked, answers[name], found, sources | numbers(variant.system))
        results[name]["details"] = scorers.details(evaluation.scorer, proof.pairs(asked, answers[name]))
    looks = ledger.of(store, case.id, items, evaluation.job, evaluation.id)
    material = verdict.Findings(
        found.score,
        found.facts,
        found.form,
        sane.facts,
        proof.clusters(asked),
        brief_gates.gates(compiled, answers[candidate], by, results[candidate]) if candidate else (),
        failed=found.failed,
        look=looks.look,
        **verdict.limits(case.options),
    )
    kept = {
        "frame": by.frame.to_json(),
        "sanity": {
            name: {"score": proof.mean(sane.score[name]), "facts": proof.mean(sane.facts[name])}
            | ({"form": proof.mean(sane.form[name])} if name in sane.form else {})
            for name in constants
        },
        "constants": {name: texts[0] for name, texts in constants.items() if len(set(texts)) == 1},
        **brief_gates.told(compiled, answers),
        "self_test": asdict(scoring.tested(store, bench.knowledge, evaluation)),
        "ledger": asdict(looks) | {"sentence": looks.sentence},
    }
    judged = verdict.judge(material, candidate)
    return judged, kept | {"leaks": _clean(material, candidate, judged, suspects(train, items))}


def _clean(
    found: verdict.Findings, candidate: str | None, judged: verdict.Verdict, near: Mapping[int, Sequence[Find]]
) -> dict[str, Any]:
    """The verdict once more, without held-out conversations that training rows may hold a part of."""
    if not near or candidate is None:
        return {"suspects": sorted(near), "sentence": ""}
    rest = {item for rows in found.score.values() for item in rows} - set(near)
    again = verdict.judge(verdict.only(found, rest), candidate)
    same = "the verdict is the same" if again.decision == judged.decision else f"the verdict is: {again.decision}"
    those = f"{len(near)} held-out conversations that are" if len(near) > 1 else "held-out conversation that is"
    sentence = f"Without the {those} like one to learn from, {same} ({again.n} left)."
    return {"suspects": sorted(near), "sentence": sentence, "decision": again.decision, "reason": again.reason}
