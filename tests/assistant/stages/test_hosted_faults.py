"""What goes wrong with a hosted run ends in a true state with a reason, and one confirmation never pays twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.guide import proposals
from assistant.jobs import launch
from assistant.record import spending
from tests.assistant.hosted_bench import Hosted, at
from tests.tools.vendor_server import BASE
from tools.openai import account
from tools.trainer import JobState, ToolError

FLAVOURS = ("openai", "azure", "compatible")
BASES = {"openai": {}, "azure": {}, "compatible": {"base": BASE}}


@pytest.fixture(params=FLAVOURS)
def hosted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hosted]:
    with at(request.param, tmp_path / "run") as found:
        yield found


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Hosted]:
    """OpenAI alone, for what does not differ."""
    with at("openai", tmp_path / "run") as found:
        yield found


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "FIRST_WAIT", 0.01)  # our own patience, not the vendor's SDK


def test_a_run_from_the_confirmation_to_the_variant(hosted: Hosted) -> None:
    job = hosted.run(**BASES[hosted.name])
    assert job.state == JobState.RUNNING
    done = hosted.ended()
    assert (done.state, done.reason) == (JobState.SUCCEEDED, "")
    assert len(hosted.vendor.jobs) == 1
    found = {variant.name: variant for variant in hosted.bench.store.variants(hosted.case)}
    assert found["tuned"].endpoint == hosted.name
    assert found["tuned"].model == done.model
    assert done.metrics["money_usd"] > 0
    assert spending.spent(hosted.bench.store) == pytest.approx(done.metrics["money_usd"])
    (sent,) = [
        body
        for method, path, body in hosted.vendor.requests
        if (method, path[-5:]) == ("POST", "/jobs") and body["training_file"] != "file-attune-eligibility"
    ]
    assert sent["metadata"] == {"attune_key": job.request["key"]}
    assert hosted.vendor.created()[0]["_key"] == job.request["key"]
    if hosted.name == "azure":
        assert sent["trainingType"] == "GlobalStandard"
        assert len(sent["suffix"]) <= 18
    kept = {name for name in found if name.startswith("tuned@")}
    assert kept == (set() if hosted.name == "compatible" else {"tuned@1", "tuned@2"})


STEPS = [("GET", "/files$"), ("POST", "/files$"), ("GET", "/jobs$")]


@pytest.mark.parametrize(("method", "path"), STEPS)
@pytest.mark.parametrize("kind", ["cut", "500", "429"])
def test_a_short_fault_before_the_job_is_overcome(one: Hosted, method: str, path: str, kind: str) -> None:
    one.vendor.fail(method, path, kind, times=1, **({"retry_after": "0"} if kind == "429" else {}))
    one.run()
    assert one.vendor.faults[0].times == 0  # it happened
    assert one.ended().state == JobState.SUCCEEDED
    assert len(one.vendor.jobs) == 1


@pytest.mark.parametrize(("method", "path"), STEPS)
def test_a_lasting_fault_before_the_job_starts_nothing_and_says_so(hosted: Hosted, method: str, path: str) -> None:
    assert hosted.bench.trainers[hosted.name].unavailable() is None
    hosted.vendor.fail(method, path, "cut", times=99)
    with pytest.raises(ToolError, match="no connection") as caught:
        hosted.run(**BASES[hosted.name])
    assert caught.value.remedy
    assert not hosted.vendor.jobs
    (job,) = hosted.bench.store.jobs(hosted.case)
    assert job.state == JobState.FAILED
    assert spending.spent(hosted.bench.store) == 0
    hosted.vendor.faults.clear()
    hosted.run(**BASES[hosted.name])
    assert len(hosted.vendor.jobs) == 1


def test_half_an_uploaded_file_is_not_trained_on(hosted: Hosted) -> None:
    hosted.vendor.fail("POST", "/files$", "half")
    with pytest.raises(ToolError, match="upload broke off"):
        hosted.run(**BASES[hosted.name])
    assert not hosted.vendor.jobs
    assert not hosted.vendor.files
    hosted.run(**BASES[hosted.name])
    assert hosted.ended().state == JobState.SUCCEEDED


@pytest.mark.parametrize("kind", ["lost", "500-lost"])
def test_a_lost_answer_to_the_creation_is_found_by_its_key(hosted: Hosted, kind: str) -> None:
    assert hosted.bench.trainers[hosted.name].unavailable() is None
    hosted.vendor.fail("POST", "/fine_tuning/jobs$", kind)
    assert hosted.run(**BASES[hosted.name]).state == JobState.RUNNING
    assert hosted.ended().state == JobState.SUCCEEDED
    assert len(hosted.vendor.jobs) == 1


def test_a_lost_answer_and_then_no_network_is_found_later_and_blocks_a_second_run(hosted: Hosted) -> None:
    trainer = hosted.bench.trainers[hosted.name]
    assert trainer.unavailable() is None
    hosted.vendor.fail("GET", "/fine_tuning/jobs$", "cut", times=0)
    hosted.vendor.fail("POST", "/fine_tuning/jobs$", "lost")
    later = hosted.vendor.faults[0]
    original = hosted.vendor.answer

    def answer(method: str, path: str, *rest: object) -> object:
        found = original(method, path, *rest)  # type: ignore[arg-type]
        if (method, path[-5:]) == ("POST", "/jobs"):
            later.times = 99  # the network is gone from here on
        return found

    hosted.vendor.answer = answer  # type: ignore[method-assign]
    job = hosted.run(**BASES[hosted.name])
    assert job.state == JobState.UNKNOWN
    assert "not known yet" in job.reason
    with pytest.raises(AttuneError, match="still running"):
        hosted.run(**BASES[hosted.name])
    assert hosted.refresh().state == JobState.UNKNOWN
    assert spending.spent(hosted.bench.store) > 0  # it may be running: it counts
    later.times = 0
    hosted.restart()
    assert hosted.ended().state == JobState.SUCCEEDED
    assert len(hosted.vendor.jobs) == 1


def test_a_confirmed_proposal_pays_once_though_its_answer_was_lost(one: Hosted) -> None:
    bench = one.bench
    made = proposals.propose(bench, one.case, "train", {"trainer": "openai"})
    assert "2026-11-25" in made.why  # the date of the price
    one.vendor.fail("POST", "/fine_tuning/jobs$", "lost")
    proposals.confirm(bench, made.id)
    with pytest.raises(AttuneError, match="confirmed already"):
        proposals.confirm(bench, made.id)
    assert one.ended().state == JobState.SUCCEEDED
    assert len(one.vendor.jobs) == 1


def test_an_app_that_died_while_it_started_a_job_finds_it(one: Hosted) -> None:
    job = one.run()
    one.bench.store.set_job(job.id, handle="", state=JobState.QUEUED, created=ago(hours=2))
    one.restart()
    assert one.refresh().handle == job.handle
    assert one.ended().state == JobState.SUCCEEDED


@pytest.mark.parametrize("hours", [2, -2])
def test_a_job_that_never_reached_the_vendor_is_given_up_after_several_looks(one: Hosted, hours: int) -> None:
    """Also when the clock jumped: its start seems to lie in the future then."""
    job = one.run()
    one.vendor.jobs.clear()
    one.bench.store.set_job(job.id, handle="", state=JobState.UNKNOWN, created=ago(hours=hours))
    states = [one.refresh().state for _ in range(launch.LOOKS)]
    assert states == [JobState.UNKNOWN] * (launch.LOOKS - 1) + [JobState.FAILED]
    assert "none was started" in one.refresh().reason
    assert spending.spent(one.bench.store) == 0


def test_a_young_lost_job_is_not_given_up_however_often_it_is_looked_for(one: Hosted) -> None:
    job = one.run()
    one.vendor.jobs.clear()
    one.bench.store.set_job(job.id, handle="", state=JobState.UNKNOWN)
    for _ in range(3 * launch.LOOKS):
        assert one.refresh().state == JobState.UNKNOWN


def test_a_retry_after_that_is_too_long_is_told_not_waited_for(one: Hosted) -> None:
    assert one.bench.trainers["openai"].unavailable() is None
    one.vendor.fail("POST", "/fine_tuning/jobs$", "429", times=9, message="Rate limit reached.", retry_after="3600")
    with pytest.raises(ToolError, match="429"):
        one.run()
    assert not one.vendor.jobs


def test_a_short_retry_after_is_kept_and_then_one_job_is_made(one: Hosted) -> None:
    assert one.bench.trainers["openai"].unavailable() is None
    one.vendor.fail("POST", "/fine_tuning/jobs$", "429", retry_after="0.05")
    one.run()
    assert len(one.vendor.jobs) == 1


@pytest.mark.parametrize(
    ("kind", "words"), [("cut", "no connection"), ("500", "500"), ("429", "429"), ("401", "refuses the key")]
)
def test_a_fault_in_mid_job_leaves_it_unknown_with_a_reason_and_it_goes_on(
    hosted: Hosted, kind: str, words: str
) -> None:
    hosted.run(**BASES[hosted.name])
    hosted.refresh()
    hosted.vendor.fail("GET", r"/fine_tuning/jobs/ftjob", kind, times=2)
    job = hosted.refresh()
    assert job.state == JobState.UNKNOWN
    assert words in job.reason
    assert "asked again" in job.reason
    with pytest.raises(AttuneError, match="still running"):
        hosted.run(**BASES[hosted.name])
    done = hosted.ended()
    assert (done.state, done.reason) == (JobState.SUCCEEDED, "")


def test_a_key_that_is_revoked_in_mid_job_and_replaced(hosted: Hosted) -> None:
    hosted.run(**BASES[hosted.name])
    hosted.vendor.key = "sk-another"
    job = hosted.refresh()
    assert job.state == JobState.UNKNOWN
    assert "refuses the key (401)" in job.reason
    assert "Put a valid one into" in job.reason
    hosted.vendor.key = hosted.vendor.headers[0]["authorization"].removeprefix("Bearer ")
    assert hosted.ended().state == JobState.SUCCEEDED


def test_a_job_that_vanishes_has_failed_and_says_why(hosted: Hosted) -> None:
    hosted.run(**BASES[hosted.name])
    hosted.refresh()
    hosted.vendor.jobs.clear()
    job = hosted.refresh()
    assert job.state == JobState.FAILED
    assert "no longer knows the job" in job.reason
    assert "another project" in job.reason


def test_clocks_that_jump_spoil_no_duration_and_no_state(one: Hosted) -> None:
    one.vendor.clock = lambda: 4_000_000_000.0
    one.run()
    one.vendor.clock = lambda: 1_000_000_000.0
    status = [one.bench.trainers["openai"].poll(one.bench.store.jobs(one.case)[0].handle) for _ in range(3)][-1]
    assert status.state is JobState.RUNNING
    assert status.eta_seconds is not None
    assert 0 <= status.eta_seconds < 100
    done = one.ended()
    assert done.state == JobState.SUCCEEDED
    assert done.metrics["seconds"] >= 0


def test_a_vendor_that_ends_the_job_gives_its_reason(one: Hosted) -> None:
    one.run()
    one.vendor.job_ends("failed", "The training file has 2 invalid lines.")
    done = one.refresh()
    assert done.state == JobState.FAILED
    assert "2 invalid lines" in done.reason
    assert spending.spent(one.bench.store) == 0  # it never trained


def ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="milliseconds")
