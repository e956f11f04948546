"""What a request costs before and after training, and when training pays: worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.evidence.aside import cost
from assistant.evidence.aside.cost import RequestCost, Spent
from assistant.record.types import Evaluation, Variant
from assistant.workbench import Workbench
from tests.assistant.evidence.measured_case import evaluated, trained
from tests.assistant.guide.proposing import Opened

BEFORE = RequestCost("rag", 900, 100, 2.0, 0.001)
AFTER = RequestCost("tuned", 150, 100, 0.5, 0.0002)


def test_training_and_hosting_are_won_back_by_cheaper_requests() -> None:
    found = cost.costs(BEFORE, AFTER, Spent(600, 8.0, 80.0), "2026-11-25")
    assert found["saved"] == {"tokens": 750.0, "seconds": 1.5, "usd": 0.0008}
    assert found["break_even"] == {"first_month": 110_000, "month": 100_000, "time": 400}
    assert found["sentence"] == (
        "A request takes 1,000 tokens and 2.0 s with rag and 250 tokens and 0.5 s with tuned. It costs $0.001 before "
        "and $0.0002 after (prices of 2026-11-25). Training took 10 min and cost $8.00 and hosting costs $80.00 a "
        "month, which 110,000 requests win back in the first month, 100,000 in every later one."
    )


def test_dearer_requests_never_win_it_back() -> None:
    found = cost.costs(BEFORE, replace(AFTER, usd=0.002), Spent(600, 8.0))
    assert found["break_even"]["first_month"] is None
    assert "become no cheaper" in found["sentence"]


def test_local_models_are_compared_by_tokens_and_seconds() -> None:
    free = [replace(one, usd=0.0) for one in (BEFORE, AFTER)]
    found = cost.costs(free[0], free[1], Spent(600, 0.0))
    assert "Local models cost no money. Training took 10 min, as long as 400 requests save." in found["sentence"]
    assert "$" not in found["sentence"]
    slower = cost.costs(free[0], replace(free[1], seconds=3.0), Spent(600, 0.0))
    assert "no request becomes faster" in slower["sentence"]
    untimed = cost.costs(free[0], replace(free[1], seconds=None), Spent(600, 0.0))
    assert untimed["saved"]["seconds"] is None


def test_a_price_that_nobody_knows_is_said_and_nothing_is_guessed() -> None:
    found = cost.costs(replace(BEFORE, usd=None), AFTER, Spent(60, 8.0), problem="There is no price for 'x'.")
    assert found["break_even"]["first_month"] is None
    assert found["sentence"].endswith("What that costs is not known: There is no price for 'x'.")


def measured(opened: Opened) -> tuple[Workbench, str, Evaluation]:
    bench, trainer = opened
    case = trained(bench, trainer)
    return bench, case, evaluated(bench, case, lambda _, tuned: 0.9 if tuned else 0.5)


def test_an_evaluation_of_local_models_costs_no_money(opened: Opened) -> None:
    bench, _, found = measured(opened)
    takes = cost.of(bench.store, bench.settings, found)
    assert takes["after"]["tokens"] == 100
    assert takes["before"]["usd"] == 0.0
    assert takes["before"]["variant"] in ("prompt", "few-shot")
    assert cost.of(bench.store, bench.settings, replace(found, job=0)) == {}


@pytest.mark.parametrize(("url", "known"), [("https://api.openai.com/v1", True), ("https://models.example/v1", False)])
def test_hosted_answers_have_the_price_of_their_vendor(opened: Opened, url: str, known: bool) -> None:
    bench, case, found = measured(opened)
    store, settings = bench.store, bench.settings.model_copy(update={"chat_base_url": url})
    job = store.jobs(case)[-1]
    base = "gpt-4.1-mini-2025-04-14"
    store.set_job(job.id, request=job.request | {"base_name": base, "money_usd": 9.0}, metrics={"money_usd": 5.0})
    best, tuned = (str(found.verdict[name]) for name in ("against", "candidate"))
    ids = {}
    for name, endpoint, number in ((best, "chat", 0), (tuned, "openai", job.id)):
        made = store.variant(str(found.results[name]["variant"]))
        model = base if not number else f"ft:{base}:shop::1"
        ids[name] = store.add_variant(replace(made, endpoint=endpoint, model=model, id=f"hosted-{name}"))
    hosted = replace(found, results={name: {**found.results[name], "variant": ids[name].id} for name in ids})
    for score in store.scores(found.id):
        for name in ids:
            if score.variant == found.results[name]["variant"]:
                store.add_score(replace(score, variant=ids[name].id))
    takes = cost.of(store, settings, hosted)
    assert takes["after"]["usd"] == pytest.approx((80 * 0.80 + 20 * 3.20) / 1e6)
    assert takes["training"]["usd"] == 5.0
    if known:
        assert takes["before"]["usd"] == pytest.approx((80 * 0.40 + 20 * 1.60) / 1e6)
        assert "become no cheaper" in takes["sentence"]  # a tuned model's tokens cost twice as much
    else:
        assert takes["before"]["usd"] is None
        assert base in takes["sentence"]


def test_a_deployment_costs_by_the_month(opened: Opened) -> None:
    bench, case, _ = measured(opened)
    job = replace(bench.store.jobs(case)[-1], trainer="azure", metrics={"seconds": 60.0, "money_usd": 3.0})
    spent, problem = cost._spent(bench.settings, job)
    assert (spent, problem) == (Spent(60.0, 3.0, 1.70 * 730), "")
    deployed = replace(job, metrics=job.metrics | {"hosting": [{"usd_per_hour": 0.0}]})
    assert cost._spent(bench.settings, deployed)[0].hosting_usd == 0.0


def test_a_price_table_that_lacks_the_hosting_is_no_crash(opened: Opened, tmp_path: Path) -> None:
    bench, case, _ = measured(opened)
    table = tmp_path / "prices.toml"
    table.write_text('[azure]\ndate = "2026-01-01"\n')
    job = replace(bench.store.jobs(case)[-1], trainer="azure")
    spent, problem = cost._spent(bench.settings.model_copy(update={"prices": table}), job)
    assert spent.usd is None
    assert "hosting 'Standard'" in problem


def test_a_quoted_answer_costs_nothing(opened: Opened) -> None:
    bench, case, _ = measured(opened)
    quote = Variant(case, "quote", "quote", "quote", "")
    assert cost._price(bench.settings, quote, bench.store.jobs(case)[-1]) == (cost.FREE, "")
