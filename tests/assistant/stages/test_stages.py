"""The stages without a model: what blocks, what is derived, what switching and undoing leave behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant import stages, variants
from assistant.errors import AttuneError
from assistant.jobs import lifecycle
from assistant.record.store import Store
from assistant.record.types import BRIEF_QUESTIONS, Brief
from assistant.settings import Settings
from assistant.stages import baseline, dataset, evaluate, finetune, interview, switch
from tests.assistant.conversations.test_conversations import questions
from tests.assistant.material import opened
from tools.trainer import Estimate, JobState, JobStatus, Range, ToolError


class Paper:
    """A trainer that keeps the contract on paper: its jobs are where its `states` say."""

    name = "paper"

    def __init__(self):
        self.states, self.requests = {}, {}

    def unavailable(self):
        return None

    def estimate(self, request):
        if not request.train:
            raise ToolError("There is nothing to train on.")
        return Estimate(Range(1, 2), Range(1, 1), Range(0, 0), "on paper")

    def start(self, request):
        handle = f"paper-{len(self.states) + 1}"
        self.states[handle], self.requests[handle] = JobStatus(JobState.RUNNING), request
        return handle

    def poll(self, handle, after=0):  # noqa: ARG002
        return self.states[handle]

    def cancel(self, handle):
        self.states[handle] = JobStatus(JobState.CANCELLED, "cancelled", resumable=True)

    def resume(self, handle):
        self.states[handle] = JobStatus(JobState.RUNNING)


@pytest.fixture
def settings(tmp_path):
    return Settings(data=tmp_path)


@pytest.fixture
def store(settings):
    return Store(settings.database)


@pytest.fixture
def trainers():
    return {"paper": Paper()}


@pytest.fixture
def bench(settings, store, trainers):
    return opened(settings, store, trainers)


@pytest.fixture
def case(store):
    case = interview.new(store, "Bean Desk").id
    interview.run(store, case, {name: f"about {name}" for name in BRIEF_QUESTIONS})
    return case


def approve(store, case, count, source="import"):
    for i, text in enumerate(questions(count, seed=source)):
        store.import_conversation(
            case, source, [{"role": "user", "content": text}, {"role": "assistant", "content": f"answer {i}"}]
        )


# interview ------------------------------------------------------------------------------------------------------------
def test_a_case_is_named_after_its_title_and_numbered_where_that_is_taken(store):
    assert [interview.new(store, "Café & Co!").id for _ in range(3)] == ["cafe-co", "cafe-co-2", "cafe-co-3"]
    with pytest.raises(AttuneError, match="no usable name"):
        interview.new(store, "???")
    with pytest.raises(AttuneError, match="already a case"):
        interview.new(store, "x", id="cafe-co")


def test_answers_fill_the_brief_and_can_be_corrected_and_skipped(store):
    case = interview.new(store, "x").id
    interview.run(store, case, {"goal": "one", "must": "name a step\n- be kind", "costs": "skip"})
    brief = interview.run(store, case, {"goal": "two", "users": ""}).brief
    assert (brief.goal, brief.must, brief.skipped) == ("two", ("name a step", "be kind"), ("costs",))
    assert "costs" not in brief.gaps
    assert brief.gaps[0] == "users"
    assert interview.run(store, case, {"costs": "none"}).brief.skipped == ()
    with pytest.raises(AttuneError, match="no 'gaol'"):
        interview.run(store, case, {"gaol": "x"})


def test_every_field_of_the_brief_has_its_question():
    assert tuple(interview.QUESTIONS) == BRIEF_QUESTIONS
    assert set(BRIEF_QUESTIONS) | {"skipped"} == set(Brief.__dataclass_fields__)


# where a case stands --------------------------------------------------------------------------------------------------
def test_where_a_case_stands_is_derived(bench, store, settings, trainers, case):
    assert stages.current(store, case) == "baseline"
    baseline.run(store, settings, case)
    assert stages.current(store, case) == "dataset"
    approve(store, case, 12)
    dataset.run(store, case)
    assert stages.current(store, case) == "finetune"
    finetune.run(bench, case)
    assert "still running" in finetune.blocked(store, case)
    trainers["paper"].states["paper-1"] = JobStatus(JobState.SUCCEEDED, model="somewhere")
    lifecycle.refresh(bench)
    assert stages.current(store, case) == "evaluate"
    assert [p.state for p in stages.progress(store, case)] == ["done"] * 4 + ["current", "todo"]
    assert all(p.note for p in stages.progress(store, case))


def test_before_the_baseline_something_answers(store, settings, tiny):
    case = interview.new(store, "fresh").id
    variant = switch.active(store, settings, case)
    assert (variant.name, variant.endpoint, variant.model) == ("prompt", "local", str(tiny))


def test_the_baseline_uses_all_there_is(store, settings, case):
    baseline.run(store, settings, case)
    assert switch.active(store, settings, case).name == "prompt"
    store.add_document(case, "a.md", "md", "text", "00")
    baseline.run(store, settings, case)
    assert switch.active(store, settings, case).name == "rag"
    approve(store, case, 1)
    baseline.run(store, settings, case)
    assert switch.active(store, settings, case).name == "rag+few-shot"


def test_a_remote_chat_model_is_what_untrained_variants_use(store, tmp_path, case):
    settings = Settings(data=tmp_path, chat_base_url="http://127.0.0.1:1/v1", chat_model="big")
    assert {(v.endpoint, v.model) for v in baseline.run(store, settings, case)} == {("chat", "big"), ("quote", "")}


# dataset --------------------------------------------------------------------------------------------------------------
def test_a_dataset_needs_enough_and_freezes_it(store, case):
    approve(store, case, 9)
    with pytest.raises(AttuneError, match="9 of at least 10"):
        dataset.run(store, case)
    approve(store, case, 5, "heldout")
    approve(store, case, 1, "chat")
    found = dataset.run(store, case)
    assert (found.train, found.test) == (10, 5)
    assert dataset.run(store, case).id == found.id
    assert dataset.run(store, case, seed=1).id != found.id
    assert dataset.preview(store, case).usable == 15


def test_a_dataset_that_is_built_again_is_the_latest(store, case):
    approve(store, case, 12)
    first = dataset.run(store, case)
    approve(store, case, 1, "chat")
    second = dataset.run(store, case)
    assert baseline.latest_dataset(store, case) == second.id != first.id
    (chat,) = store.conversations(case, "chat")
    store.label(store.turns(chat.id)[-1].id, "")  # the approval is taken back
    assert dataset.run(store, case) == first
    assert baseline.latest_dataset(store, case) == first.id
    assert [known.id for known in store.datasets(case)] == [second.id, first.id]


# fine-tuning ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def ready(store, settings, case):
    baseline.run(store, settings, case)
    approve(store, case, 30)
    dataset.run(store, case)
    return case


def test_the_request_holds_the_train_split_only_and_the_short_instruction(bench, store, trainers, ready):
    finetune.run(bench, ready, epochs=2, trainer="paper")
    request = trainers["paper"].requests["paper-1"]
    (frozen,) = store.datasets(ready)
    test = {item.messages[0]["content"] for item in store.items(frozen.id, "test")}
    seen = [m["content"] for row in [*request.train, *request.test, *request.samples] for m in row]
    assert not test & set(seen)
    assert len(request.train) + len(request.test) == frozen.train
    assert {row[0]["role"] for row in request.train} == {"system"}
    assert (request.epochs, request.seed) == (2, 3407)
    (job,) = store.jobs(ready)
    assert "train" not in job.request


def test_a_rows_own_system_message_follows_ours():
    from assistant.conversations.training_rows import training_rows
    from assistant.record.types import Item

    own = [{"role": "system", "content": "Labels: a, b"}, {"role": "user", "content": "x"}]
    (row,) = training_rows([Item(0, "train", own)], "S")
    assert row[0] == {"role": "system", "content": "S\n\nLabels: a, b"}


def test_a_job_that_failed_keeps_its_reason_and_can_be_resumed(bench, store, trainers, ready):
    job = finetune.run(bench, ready)
    trainers["paper"].states["paper-1"] = JobStatus(JobState.FAILED, "the disk is full", resumable=True)
    lifecycle.refresh(bench)
    assert (store.job(job.id).state, store.job(job.id).reason) == ("failed", "the disk is full")
    assert lifecycle.resume(bench, job.id).state == "running"
    assert lifecycle.cancel(bench, job.id).state == "cancelled"
    assert lifecycle.cancel(bench, job.id).state == "cancelled"


def test_a_trainer_that_cannot_start_leaves_a_failed_job_with_the_reason(bench, store, trainers, ready):
    def start(_request):
        raise ToolError("The disk is full.", "Free some space.")

    trainers["paper"].start = start
    with pytest.raises(ToolError):
        finetune.run(bench, ready)
    (job,) = store.jobs(ready)
    assert (job.state, job.reason) == ("failed", "The disk is full. Free some space.")


def test_a_job_whose_start_was_cut_off_ends_with_a_reason(bench, store, ready):
    job = store.add_job(ready, store.datasets(ready)[-1].id, "paper", "", JobState.QUEUED, {})
    assert lifecycle.follow(bench, job.id).state is JobState.QUEUED
    store.set_job(job.id, created="2020-01-01T00:00:00+00:00")
    assert lifecycle.cancel(bench, job.id).state == "failed"
    assert store.job(job.id).reason == "The app ended before this run began."
    with pytest.raises(AttuneError, match="never began"):
        lifecycle.resume(bench, job.id)
    finetune.run(bench, ready)


def test_unknown_trainers_and_options_are_a_sentence(bench, ready):
    with pytest.raises(AttuneError, match="no trainer called 'magic'"):
        finetune.run(bench, ready, trainer="magic")
    with pytest.raises(AttuneError, match="no option 'depth'"):
        finetune.run(bench, ready, depth=3)


# switch ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def tuned(bench, store, settings, trainers, ready):
    job = finetune.run(bench, ready)
    trainers["paper"].states["paper-1"] = JobStatus(JobState.SUCCEEDED, model="m")
    lifecycle.refresh(bench)
    return variants.tuned(store, settings, store.job(job.id))["tuned"]


def measured(store, ready, tuned, decision="switch", parity=True):
    evaluation = store.add_evaluation(ready, store.datasets(ready)[-1].id, tuned.job, "chrf", [tuned.id])
    verdict = {"decision": decision, "reason": f"because {decision}", "candidate": "tuned"}
    same = {"ok": parity, "checks": [{"name": "greedy answers", "ok": parity, "detail": "2 of 8"}]}
    store.finish_evaluation(evaluation.id, {"tuned": {"variant": tuned.id}}, verdict, same)


def test_nothing_unproved_takes_over_unless_forced(store, settings, ready, tuned):
    with pytest.raises(AttuneError, match="Nothing has been measured"):
        switch.run(store, ready)
    measured(store, ready, tuned, "stay")
    with pytest.raises(AttuneError, match="because stay"):
        switch.run(store, ready, "tuned")
    measured(store, ready, tuned, "switch", parity=False)
    with pytest.raises(AttuneError, match="not what was trained"):
        switch.run(store, ready)
    with pytest.raises(AttuneError, match="not what was trained") as caught:
        switch.run(store, ready, "tuned", force=True)
    assert "say in `reason` why" in caught.value.remedy
    switch.run(store, ready, "tuned", reason="seen and understood", force=True)
    assert switch.active(store, settings, ready) == tuned


def test_the_proof_of_one_model_is_not_that_of_another(bench, store, settings, trainers, ready, tuned):
    store.add_document(ready, "a.md", "md", "text", "00")
    with_passages = variants.tuned(store, settings, store.job(tuned.job))["tuned+rag"]
    earlier = store.add_variant(variants.identified(replace(tuned, name="tuned@1", model="m1")))
    longer = store.add_variant(variants.identified(replace(tuned, max_tokens=9)))
    measured(store, ready, tuned)
    job = finetune.run(bench, ready)
    trainers["paper"].states[job.handle] = JobStatus(JobState.SUCCEEDED, model="n")
    lifecycle.refresh(bench)
    newer = variants.tuned(store, settings, store.job(job.id))["tuned"]
    before = store.switches(ready)
    for name in ("tuned", newer.id, with_passages.id, earlier.name):
        with pytest.raises(AttuneError, match=r"What has proved better is 'tuned' of job 1, not 'tuned") as caught:
            switch.run(store, ready, name)
        assert "force" in caught.value.remedy
    with pytest.raises(AttuneError, match="'tuned' of job 1 is not set up as it was"):
        switch.run(store, ready, longer.id)
    assert store.switches(ready) == before
    forced = switch.run(store, ready, "tuned", reason="to see how it answers", force=True)
    assert (forced.variant, forced.reason, forced.evaluation) == (newer.id, "overridden: to see how it answers", 0)
    own = switch.run(store, ready, tuned.id)
    assert (own.reason, own.evaluation) == ("because switch", evaluate.latest(store, ready).id)
    assert switch.run(store, ready).variant == tuned.id


def test_switch_and_undo_are_rows_and_undo_goes_back_step_by_step(store, settings, ready, tuned):
    first = switch.active(store, settings, ready)
    measured(store, ready, tuned)
    switch.run(store, ready)
    assert stages.current(store, ready) == "done"
    switch.run(store, ready, "prompt")
    assert switch.active(store, settings, ready).name == "prompt"
    switch.undo(store, ready)
    assert switch.active(store, settings, ready) == tuned
    switch.undo(store, ready)
    assert switch.active(store, settings, ready) == first
    with pytest.raises(AttuneError, match="nothing to undo"):
        switch.undo(store, ready)
    assert [row.kind for row in store.switches(ready)] == ["switch", "switch", "switch", "undo", "undo"]


def test_an_unknown_variant_is_a_sentence(store, ready):
    with pytest.raises(AttuneError, match="no variant 'nonsense'"):
        switch.run(store, ready, "nonsense")


def test_evaluation_is_blocked_without_heldout_conversations(store, case):
    assert "build a dataset" in evaluate.blocked(store, case)
