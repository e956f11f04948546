"""The spending cap: what costs money is proposed with its price, and begins only while the month's cap covers it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.guide import proposals
from assistant.record import spending
from assistant.stages import dataset, finetune
from assistant.workbench import Workbench
from tests.assistant.proposing import InstantTrainer, approve, open_bench, ready
from tools.trainer import Estimate, JobState, Range, TrainRequest


@dataclass
class PaidTrainer(InstantTrainer):
    """A trainer that takes no time and asks for money."""

    name: str = "hosted"
    dollars: float = 20.0
    state: JobState = JobState.SUCCEEDED

    def estimate(self, request: TrainRequest) -> Estimate:
        return Estimate(Range(1, 2), Range(0, 0), Range(self.dollars / 2, self.dollars), f"{len(request.train)} rows")


@pytest.fixture
def trainer() -> PaidTrainer:
    return PaidTrainer()


@pytest.fixture
def bench(tmp_path: Path, trainer: PaidTrainer) -> Iterator[Workbench]:
    bench, local = open_bench(tmp_path / "run")
    local.state = JobState.SUCCEEDED
    bench.trainers = {"instant": local, "hosted": trainer}
    yield bench
    bench.close()


def cap(bench: Workbench, dollars: float) -> None:
    bench.settings = bench.settings.model_copy(update={"spending_cap": dollars})


def train(bench: Workbench, case: str, trainer: str = "hosted") -> str:
    """Propose and confirm a run, and see it end."""
    made = proposals.propose(bench, case, "train", {"trainer": trainer})
    said = proposals.confirm(bench, made.id)
    finetune.refresh(bench.store, bench.settings, bench.trainers, case)
    return said


def test_without_a_cap_nothing_that_costs_money_begins(bench: Workbench, trainer: PaidTrainer) -> None:
    case = ready(bench)
    made = proposals.propose(bench, case, "train", {"trainer": "hosted"})
    assert "$10 to 20" in made.why
    assert "cannot be confirmed" in made.why
    with pytest.raises(AttuneError, match=r"\$20\.00.*ATTUNE_SPENDING_CAP is 0") as caught:
        proposals.confirm(bench, made.id)
    assert "ATTUNE_SPENDING_CAP" in caught.value.remedy
    assert bench.store.proposal(made.id).state == "open"  # with another cap it can still be confirmed
    assert not trainer.started
    assert not bench.store.jobs()
    cap(bench, 20)
    assert "job 1" in proposals.confirm(bench, made.id)


def test_what_costs_nothing_needs_no_cap(bench: Workbench) -> None:
    case = ready(bench)
    assert "job 1" in train(bench, case, "instant")
    assert spending.spent(bench.store) == 0


def test_a_run_that_would_pass_the_cap_is_refused_with_figures(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 50)
    case = ready(bench)
    train(bench, case)
    assert "$20.00 of the $50.00" in proposals.propose(bench, case, "train", {"trainer": "hosted"}).why
    train(bench, case)
    with pytest.raises(AttuneError, match=r"up to \$20\.00, and \$40\.00 of the \$50\.00 a month"):
        train(bench, case)
    assert len(trainer.started) == 2
    train(bench, case, "instant")
    trainer.dollars = 10.0
    train(bench, case)  # just fits
    assert spending.spent(bench.store) == 50


def test_what_a_run_has_really_cost_takes_the_place_of_its_estimate(bench: Workbench) -> None:
    cap(bench, 30)
    case = ready(bench)
    train(bench, case)
    bench.store.set_job(bench.store.jobs()[0].id, metrics={"money_usd": 7.5})
    assert spending.spent(bench.store) == 7.5
    train(bench, case)


def test_a_month_begins_anew_and_a_run_that_never_began_counts_nothing(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 20)
    case = ready(bench)
    train(bench, case)
    bench.store.set_job(bench.store.jobs()[0].id, created="2026-01-31T23:59:59.000+00:00")
    assert spending.spent(bench.store) == 0
    trainer.refuses = "The account has no credit."
    with pytest.raises(AttuneError, match="no credit"):
        train(bench, case)
    assert spending.spent(bench.store) == 0
    trainer.refuses = ""
    train(bench, case)


def test_the_cap_holds_where_no_proposal_is_asked(bench: Workbench, trainer: PaidTrainer) -> None:
    """The Training tab and the command start a run without a proposal: a person asked for it, the cap still holds."""
    case = ready(bench)
    with pytest.raises(AttuneError, match="ATTUNE_SPENDING_CAP"):
        finetune.run(bench.store, bench.settings, bench.trainers, case, trainer="hosted")
    assert not trainer.started
    assert not bench.store.jobs()


def test_two_that_are_confirmed_at_once_must_both_fit(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 30)
    cases = [ready(bench, "First"), ready(bench, "Second")]
    approve(bench, cases[1], 21)
    dataset.run(bench.store, cases[1])
    made = [proposals.propose(bench, case, "train", {"trainer": "hosted"}).id for case in cases]
    results: list[str] = []
    barrier = threading.Barrier(2)

    def press(proposal: int) -> None:
        barrier.wait()
        try:
            results.append(proposals.confirm(bench, proposal))
        except AttuneError as error:
            results.append(error.sentence)
        finally:
            bench.store.close()

    threads = [threading.Thread(target=press, args=(proposal,)) for proposal in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(trainer.started) == len(bench.store.jobs()) == 1
    assert sorted("of the $30.00" in result for result in results) == [False, True]


def test_an_estimate_that_is_no_number_is_never_covered(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 1_000_000)
    case = ready(bench)
    for dollars in (float("nan"), float("inf")):
        trainer.dollars = dollars
        with pytest.raises(AttuneError, match="may cost"):
            finetune.run(bench.store, bench.settings, bench.trainers, case, trainer="hosted")
    assert not trainer.started
