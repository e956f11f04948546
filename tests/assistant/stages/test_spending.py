"""The spending cap: what costs money is proposed with its price, and begins only while the month's cap covers it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.guide import proposals
from assistant.jobs import lifecycle
from assistant.record import spending
from assistant.stages import dataset, finetune
from assistant.workbench import Workbench
from tests.assistant.guide.proposing import InstantTrainer, approve, open_bench, ready
from tests.assistant.material import at_once
from tools.trainer import Estimate, JobState, JobStatus, Range, ToolError, TrainRequest, Unsure


@dataclass
class PaidTrainer(InstantTrainer):
    """A trainer that takes no time and asks for money."""

    name: str = "hosted"
    dollars: float = 20.0
    state: JobState = JobState.SUCCEEDED
    fault: ToolError | None = None  # of the next resumptions
    resumed: int = 0
    asked: Callable[[], object] = lambda: None  # what happens while it is asked

    def estimate(self, request: TrainRequest) -> Estimate:
        return Estimate(Range(1, 2), Range(0, 0), Range(self.dollars / 2, self.dollars), f"{len(request.train)} rows")

    def poll(self, handle: str, after: int = 0) -> JobStatus:
        self.asked()
        return super().poll(handle, after)

    def resume(self, handle: str) -> None:  # noqa: ARG002
        if self.fault:
            raise self.fault
        self.resumed += 1


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
    lifecycle.refresh(bench, case)
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


def fail(bench: Workbench, trainer: PaidTrainer, created: str = "") -> int:
    """A paid run that failed, in a month of its own where one is said; its number."""
    trainer.state = JobState.FAILED
    case = ready(bench)
    train(bench, case)
    job = bench.store.jobs()[-1]
    bench.store.set_job(job.id, **({"created": created} if created else {}))
    return job.id


def resume(bench: Workbench, job: int) -> None:
    """Resume it, and see it fail again."""
    lifecycle.resume(bench, job)
    lifecycle.refresh(bench)
    assert bench.store.job(job).state == JobState.FAILED


def test_a_run_that_is_resumed_is_paid_again(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 50)
    job = fail(bench, trainer)
    resume(bench, job)
    assert spending.spent(bench.store) == 40
    with pytest.raises(AttuneError, match=r"up to \$20\.00, and \$40\.00 of the \$50\.00 a month"):
        resume(bench, job)
    assert trainer.resumed == 1
    assert spending.spent(bench.store) == 40


def test_a_run_of_last_month_counts_where_it_is_resumed(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 30)
    job = fail(bench, trainer, "2026-01-31T23:59:59.000+00:00")
    assert spending.spent(bench.store) == 0
    resume(bench, job)
    assert spending.spent(bench.store) == 20
    with pytest.raises(AttuneError, match="ATTUNE_SPENDING_CAP"):
        resume(bench, job)
    bench.store.set_job(job, metrics=bench.store.job(job).metrics | {"money_usd": 27.5})  # the whole, when it is known
    assert spending.spent(bench.store) == 27.5


def test_a_resumption_that_did_not_begin_costs_nothing(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 50)
    job = fail(bench, trainer)
    trainer.fault = ToolError("There is no checkpoint to go on from.", "Start a new run.")
    with pytest.raises(ToolError, match="no checkpoint"):
        resume(bench, job)
    assert spending.spent(bench.store) == 20
    trainer.fault = Unsure("Its answer was lost.")  # it may run
    with pytest.raises(Unsure):
        resume(bench, job)
    assert spending.spent(bench.store) == 40


def test_what_is_resumed_while_the_trainer_is_asked_stays_noted(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 100)
    job = fail(bench, trainer)
    bench.store.set_job(job, state=JobState.RUNNING, ended="")

    def meanwhile() -> None:
        trainer.asked = lambda: None
        lifecycle.resume(bench, job)

    trainer.asked = meanwhile
    lifecycle.follow(bench, job)
    assert trainer.resumed == 1
    assert spending.spent(bench.store) == 40


def test_two_that_are_resumed_at_once_must_both_fit(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 40)
    job = fail(bench, trainer)
    results: list[str] = []
    barrier = threading.Barrier(2)

    def press() -> None:
        barrier.wait()
        try:
            with spending.resuming(bench.store, bench.settings, job):
                results.append("resumed")
        except AttuneError as error:
            results.append(error.sentence)
        finally:
            bench.store.close()

    at_once(press, press)
    assert sorted("$40.00 of the $40.00" in result for result in results) == [False, True]


def test_the_cap_holds_where_no_proposal_is_asked(bench: Workbench, trainer: PaidTrainer) -> None:
    """The Training tab and the command start a run without a proposal: a person asked for it, the cap still holds."""
    case = ready(bench)
    with pytest.raises(AttuneError, match="ATTUNE_SPENDING_CAP"):
        finetune.run(bench, case, trainer="hosted")
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

    at_once(*(partial(press, proposal) for proposal in made))
    assert len(trainer.started) == len(bench.store.jobs()) == 1
    assert sorted("of the $30.00" in result for result in results) == [False, True]


def test_an_estimate_that_is_no_number_is_never_covered(bench: Workbench, trainer: PaidTrainer) -> None:
    cap(bench, 1_000_000)
    case = ready(bench)
    for dollars in (float("nan"), float("inf")):
        trainer.dollars = dollars
        with pytest.raises(AttuneError, match="may cost"):
            finetune.run(bench, case, trainer="hosted")
    assert not trainer.started
