"""One contract, every trainer: each test here runs for each of them, and none of them knows which it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from assistant.chat import Chat
from assistant.jobs import lifecycle
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Case, Dataset, Item
from assistant.stages import switch
from tests.assistant.material import opened
from tests.tools.conftest import make_rows, wait_for
from tests.tools.contract import Bench, ended
from tests.tools.contract_attune import AttuneBench
from tests.tools.contract_hosted import AzureBench, CompatibleBench, OpenAIBench
from tests.tools.contract_local import AutoTrainBench, HfJobsBench, TrlBench, UnslothBench
from tools.trainer import JobState, JobStatus, ToolError

BENCHES: dict[str, type[Bench]] = {
    "unsloth": UnslothBench,
    "trl": TrlBench,
    "autotrain": AutoTrainBench,
    "openai": OpenAIBench,
    "attune": AttuneBench,  # the OpenAI trainer, with our own /v1 as its server
    "azure": AzureBench,
    "compatible": CompatibleBench,
    "hf_jobs": HfJobsBench,
}
SLOW = {"trl"}  # it really trains
LONG = {"unsloth", "autotrain", "attune", "hf_jobs"}  # so do these; the rest of what they do is tested elsewhere


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW | LONG) + [pytest.mark.long] * (name in LONG))
        for name in BENCHES
    ],
)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    opened = BENCHES[request.param](tmp_path_factory.mktemp(request.param))
    yield opened
    opened.close()


@dataclass(frozen=True)
class Run:
    handle: str
    status: JobStatus


@pytest.fixture(scope="module")
def good(bench: Bench) -> Run:
    """A short run to its end, started by one trainer object and followed by others."""
    handle = bench.make().start(bench.request())
    return Run(handle, ended(bench.make(), handle, bench.seconds))


def test_it_refuses_with_a_sentence_where_it_cannot_run(bench: Bench) -> None:
    problem = bench.off().unavailable()
    assert problem is not None
    assert len(problem.split()) > 4
    assert problem.endswith(".")


def test_it_is_ready_where_it_can_run(bench: Bench) -> None:
    assert bench.make().unavailable() is None


def test_it_estimates_in_ranges_with_a_source(bench: Bench) -> None:
    found = bench.make().estimate(bench.request())
    assert 0 < found.seconds.low <= found.seconds.high
    assert 0 <= found.memory_gb.low <= found.memory_gb.high
    assert 0 <= found.money_usd.low <= found.money_usd.high < float("inf")
    assert found.source.endswith(".")


@pytest.mark.parametrize("verb", ["estimate", "start"])
def test_what_cannot_be_trained_is_refused_with_a_remedy(bench: Bench, verb: str) -> None:
    with pytest.raises(ToolError) as caught:
        getattr(bench.make(), verb)(bench.impossible())
    assert caught.value.sentence.endswith(".")
    assert caught.value.remedy


def test_it_ends_with_a_model_its_steps_and_its_measures(good: Run) -> None:
    status = good.status
    assert (status.state, status.reason) == (JobState.SUCCEEDED, "")
    assert status.model
    steps = [event for event in status.events if event["type"] == "step"]
    assert [event["step"] for event in steps] == sorted({event["step"] for event in steps})
    assert len(steps) >= 2
    assert all(event["loss"] > 0 for event in steps)
    assert [event for event in status.events if event["type"] == "eval"]
    assert status.metrics["final_loss"] > 0
    assert status.metrics["eval_loss"] > 0
    assert status.metrics["seconds"] > 0


def test_events_have_an_index_that_stays(bench: Bench, good: Run) -> None:
    everything = bench.make().poll(good.handle).events
    assert bench.make().poll(good.handle, 1).events == everything[1:]
    assert bench.make().poll(good.handle, len(everything)).events == []


def test_it_survives_a_restart_with_nothing_but_the_handle(bench: Bench, good: Run) -> None:
    again = bench.make().poll(good.handle)
    assert (again.state, again.model, again.events) == (good.status.state, good.status.model, good.status.events)


def test_one_confirmation_is_one_run(bench: Bench, good: Run) -> None:
    trainer = bench.make()
    assert trainer.find(bench.request().key) == good.handle
    assert trainer.find("never-confirmed") is None
    assert trainer.find("") is None


def test_cancelling_what_has_ended_is_harmless(bench: Bench, good: Run) -> None:
    trainer = bench.make()
    trainer.cancel(good.handle)
    assert trainer.poll(good.handle).state is JobState.SUCCEEDED


def test_it_fails_with_a_reason(bench: Bench) -> None:
    try:
        handle = bench.make().start(bench.broken())
        bench.strike(handle)
        status = ended(bench.make(), handle, bench.seconds)
    finally:
        bench.fix()
    assert status.state is JobState.FAILED
    assert len(status.reason.split()) > 3
    assert status.model == ""


@pytest.fixture(scope="module")
def cancelled(bench: Bench) -> Run:
    """A run that was cancelled after a restart of the app, in mid-job; `long` still holds."""
    handle = bench.make().start(bench.long())
    going = progressing(bench, handle)
    assert not going.state.ended, going.reason
    bench.make().cancel(handle)
    return Run(handle, ended(bench.make(), handle, bench.seconds))


def test_it_is_cancelled_in_mid_job_after_a_restart(bench: Bench, cancelled: Run) -> None:
    bench.fix()
    assert cancelled.status.state is JobState.CANCELLED
    assert cancelled.status.reason
    assert cancelled.status.model == ""
    assert cancelled.status.resumable == (bench.resumes and bench.tells)


def test_it_goes_on_and_pauses_where_it_can_and_says_so_where_it_cannot(
    bench: Bench, good: Run, cancelled: Run
) -> None:
    """One run does both where it can: a process that trains takes seconds to start."""
    handle = cancelled.handle
    if bench.resumes:
        bench.make().resume(handle)
        assert gone_on(bench, handle, cancelled.status.step).state is JobState.RUNNING
    else:
        refused(lambda: bench.make().resume(handle))
    if not bench.pauses:
        refused(lambda: bench.make().pause(good.handle))
    else:
        if not bench.resumes:
            handle = bench.make().start(replace(bench.long(), key="paused"))
            progressing(bench, handle)
        bench.make().pause(handle)
        paused = wait_for(lambda: (now := bench.make().poll(handle)).state is JobState.PAUSED and now, 120, 0.2)
        assert paused.resumable
        bench.fix()
        bench.make().resume(handle)
        assert gone_on(bench, handle, paused.step).state in (JobState.RUNNING, JobState.SUCCEEDED)
    bench.make().cancel(handle)
    assert ended(bench.make(), handle, bench.seconds).state in (JobState.CANCELLED, JobState.SUCCEEDED)


def progressing(bench: Bench, handle: str) -> JobStatus:
    """The run's status once it is under way, or has ended though it should not have."""
    found: JobStatus = wait_for(
        lambda: (bench.progressing(now := bench.make().poll(handle)) or now.state.ended) and now, bench.seconds
    )
    return found


def gone_on(bench: Bench, handle: str, step: int) -> JobStatus:
    """The run's status once it is past the step, or has ended."""
    found: JobStatus = wait_for(
        lambda: ((now := bench.make().poll(handle)).step > step or now.state.ended) and now, bench.seconds, 0.2
    )
    return found


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(ToolError) as caught:
        call()
    assert caught.value.remedy


def test_the_chat_can_switch_to_its_model(bench: Bench, good: Run) -> None:
    """The stages record the job's variants by themselves; the chat answers with the tuned one and can go back."""
    settings = bench.settings(bench.folder / "run")
    store = Store(settings.database)
    case = store.add_case(Case("teashop", "Tea shop"))
    items = [Item(i, "train" if i < 12 else "test", row) for i, row in enumerate(make_rows(16))]
    dataset = store.add_dataset(Dataset("d1", case.id, 1, 12, 4), items)
    trainer = bench.make()
    request = {"system": "You answer briefly."}
    job = store.add_job(case.id, dataset.id, trainer.name, settings.portable(good.handle), "running", request)
    lifecycle.refresh(opened(settings, store, {trainer.name: trainer}), case.id)
    assert store.job(job.id).state == JobState.SUCCEEDED
    bench.serve(good.status.model)
    switch.run(store, case.id, "tuned", reason="to see how it answers", force=True)
    active = switch.active(store, settings, case.id)
    chat = Chat(settings, store, Knowledge(store, settings))
    try:
        reply = chat.reply(active, [{"role": "user", "content": "order parcel"}])
        text = "".join(reply)
    finally:
        chat.close()
    assert active.job == job.id
    assert text
    assert reply.finish_reason in ("stop", "length")
    store.close()
