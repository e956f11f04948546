"""Proposals: nothing happens before a person confirms, then exactly once, and only while it still holds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant import variants
from assistant.errors import AttuneError
from assistant.faces.ui.guide.proposal_card import described
from assistant.guide import proposals
from assistant.jobs import lifecycle
from assistant.record.types import Brief, Job
from assistant.stages import dataset, finetune, interview, switch
from assistant.workbench import Workbench
from tests.assistant.evidence.measured_case import evaluated, trained
from tests.assistant.guide.proposing import Opened, approve, open_bench, ready
from tests.assistant.material import at_once
from tools.local.trl_trainer import TrlTrainer
from tools.trainer import Estimate, JobState, TrainRequest


def test_a_proposal_gives_its_costs_and_starts_nothing(opened: Opened) -> None:
    bench, trainer = opened
    made = proposals.propose(bench, ready(bench), "train", {"epochs": 2.0}, why="You asked for it.")
    assert made.state == "open"
    assert made.payload["trainer"] == "instant"
    assert made.payload["epochs"] == 2.0
    for part in (
        "You asked for it.",
        "4 to 9 minutes",
        "1 to 2 GB",
        "no money",
        "rows on this machine",
        "stays as it is",
    ):
        assert part in made.why
    assert not trainer.started
    assert not bench.store.jobs()


def test_confirming_does_it_once_even_when_two_people_press_at_once(opened: Opened) -> None:
    bench, trainer = opened
    made = proposals.propose(bench, ready(bench), "train", {})
    results: list[str] = []
    errors: list[AttuneError] = []

    def press() -> None:
        try:
            results.append(proposals.confirm(bench, made.id))
        except AttuneError as error:
            errors.append(error)
        finally:
            bench.store.close()

    at_once(*[press] * 6)
    assert len(results) == 1
    assert len(errors) == 5
    assert len(trainer.started) == 1
    assert len(bench.store.jobs()) == 1
    kept = bench.store.proposal(made.id)
    assert (kept.state, kept.result) == ("confirmed", results[0])
    with pytest.raises(AttuneError, match="confirmed already"):
        proposals.confirm(bench, made.id)
    assert len(trainer.started) == 1


def test_a_proposal_expires_when_what_it_rests_on_changes(opened: Opened) -> None:
    bench, trainer = opened
    case = ready(bench)
    made = proposals.propose(bench, case, "train", {})
    interview.run(bench.store, case, {"tone": "formal"})
    with pytest.raises(AttuneError, match="no longer holds") as caught:
        proposals.confirm(bench, made.id)
    assert caught.value.remedy
    assert bench.store.proposal(made.id).state == "expired"
    assert not trainer.started
    again = proposals.propose(bench, case, "train", {})
    approve(bench, case, 21)
    dataset.run(bench.store, case)
    assert proposals.current(bench, case) is None
    assert bench.store.proposal(again.id).state == "expired"


def test_a_newer_proposal_takes_the_place_of_the_older(opened: Opened) -> None:
    bench, _ = opened
    case = ready(bench)
    first = proposals.propose(bench, case, "train", {"epochs": 1.0})
    assert proposals.propose(bench, case, "train", {"epochs": 1.0}).id == first.id
    second = proposals.propose(bench, case, "train", {"epochs": 3.0})
    assert second.id != first.id
    assert bench.store.proposal(first.id).state == "expired"
    assert proposals.current(bench, case) == second


def test_a_proposal_says_in_parts_what_it_means(opened: Opened) -> None:
    bench, _ = opened
    made = proposals.propose(bench, ready(bench), "train", {"epochs": 2.0}, why="You asked for it.")
    assert tuple(made.terms) == proposals.PARTS
    assert made.terms["why"] == "You asked for it."
    assert "2 times over" in made.terms["what"]
    assert "4 to 9 minutes" in made.terms["takes"]
    assert "no money" in made.terms["costs"]
    assert "stays as it is" in made.terms["leaves"]
    assert all(part in made.why for part in made.terms.values())
    assert bench.store.proposal(made.id).terms == made.terms


@pytest.mark.parametrize("kind", ["train", "evaluate", "baseline", "switch", "undo", "brief"])
def test_every_kind_says_all_parts(opened: Opened, kind: str) -> None:
    bench, _ = opened
    case = ready(bench)
    proposals.confirm(bench, proposals.propose(bench, case, "switch", {"variant": "few-shot"}).id)
    payload = {"switch": {"variant": "prompt"}, "brief": {"tone": "calm"}}
    made = proposals.propose(bench, case, kind, payload.get(kind, {}))
    assert all(made.terms[name].endswith(".") for name in proposals.PARTS)


def test_a_changed_proposal_takes_the_place_of_the_old(opened: Opened) -> None:
    bench, trainer = opened
    case = ready(bench)
    first = proposals.propose(bench, case, "train", {"epochs": 1.0}, why="You asked for it.")
    second = proposals.change(bench, first.id, {"epochs": 3, "lora_rank": 8})
    assert (second.payload["epochs"], second.payload["lora_rank"]) == (3, 8)
    assert second.terms["why"] == "You asked for it."
    assert "3 times over" in second.why
    kept = bench.store.proposal(first.id)
    assert (kept.state, kept.result) == ("expired", "A newer proposal took its place.")
    for decide in (proposals.confirm, proposals.decline):
        with pytest.raises(AttuneError, match="no longer"):
            decide(bench, first.id)
    with pytest.raises(AttuneError, match="no longer"):
        proposals.change(bench, first.id, {"epochs": 2})
    third = proposals.change(bench, second.id, {"epochs": 0})
    assert "epochs" not in third.payload  # 0 is the usual number again
    assert not trainer.started
    proposals.confirm(bench, third.id)
    assert trainer.started[0].lora_rank == 8
    assert len(trainer.started) == 1


def test_a_confirmed_proposal_asks_the_trainer_for_one_estimate(opened: Opened) -> None:
    bench, trainer = opened
    case = ready(bench)
    made = proposals.propose(bench, case, "train", {"epochs": 2.0})
    described(proposals.current(bench, case) or made)
    proposals.confirm(bench, made.id)
    assert (trainer.estimated, len(trainer.started)) == (1, 1)
    job = bench.store.jobs(case)[-1]
    assert job.request["takes_s"] == [240, 540]  # what the person agreed to


def test_a_local_trainer_is_asked_for_one_estimate_too(tmp_path: Path) -> None:
    counted: list[str] = []

    class Counting(TrlTrainer):
        """The trainer of this machine, which tells every estimate it is asked for."""

        def estimate(self, request: TrainRequest) -> Estimate:
            counted.append(request.base)
            return super().estimate(request)

    bench, _ = open_bench(tmp_path / "run")
    trainer = Counting(bench.settings.jobs)
    bench.trainers = {"trl": trainer}
    case = ready(bench)
    made = proposals.propose(bench, case, "train", {"max_steps": 1})
    assert "job 1" in proposals.confirm(bench, made.id)
    trainer.cancel(str(bench.settings.data / bench.store.job(1).handle))
    bench.close()
    assert len(counted) == 1


def test_answers_that_a_model_read_are_kept_once_they_are_confirmed(opened: Opened) -> None:
    bench, _ = opened
    case = interview.new(bench.store, "Tea shop").id
    answers = {"goal": ["Answer mails"], "must_not": ["Lie", "Promise <b>dates</b>"], "costs": "skip"}
    made = proposals.propose(bench, case, "brief", answers)
    assert bench.store.case(case).brief == Brief()
    card = described(made)
    for chip in (
        "<b>goal</b> Answer mails",
        "<b>must not</b> Lie; Promise &lt;b&gt;dates&lt;/b&gt;",
        "<b>costs</b> skip",
    ):
        assert chip in card
    assert "goal, must not, costs" in proposals.confirm(bench, made.id)
    brief = bench.store.case(case).brief
    assert (brief.goal, brief.must_not, brief.skipped) == ("Answer mails", ("Lie", "Promise <b>dates</b>"), ("costs",))
    with pytest.raises(AttuneError, match="no 'colour'"):
        proposals.propose(bench, case, "brief", {"colour": "red"})
    with pytest.raises(AttuneError, match="no answer to keep"):
        proposals.propose(bench, case, "brief", {"goal": "  "})


def test_an_answer_given_meanwhile_is_not_overwritten(opened: Opened) -> None:
    bench, _ = opened
    case = interview.new(bench.store, "Tea shop").id
    made = proposals.propose(bench, case, "brief", {"goal": ["Answer mails"]})
    interview.run(bench.store, case, {"tone": "warm"}, source="form")
    assert proposals.current(bench, case) == made
    interview.run(bench.store, case, {"goal": "Sort mails"}, source="form")
    with pytest.raises(AttuneError, match="no longer holds"):
        proposals.confirm(bench, made.id)
    assert bench.store.case(case).brief.goal == "Sort mails"


def test_one_answer_of_several_can_be_changed_or_left_out(opened: Opened) -> None:
    bench, _ = opened
    case = interview.new(bench.store, "Tea shop").id
    made = proposals.propose(bench, case, "brief", {"goal": ["Answer mails"], "tone": ["warm"], "users": ["all"]})
    changed = proposals.change(bench, made.id, {"tone": "", "users": "customers"})
    assert changed.payload == {"goal": ["Answer mails"], "users": "customers"}


def test_an_impossible_change_leaves_the_proposal_open(opened: Opened) -> None:
    bench, _ = opened
    case = ready(bench)
    made = proposals.propose(bench, case, "train", {})
    for options, match in (
        ({"epochs": -1}, "usable value"),
        ({"trainer": "abacus"}, "no trainer"),
        ({"colour": "red"}, "no option"),
        ({"name": "x"}, "no option"),
    ):
        with pytest.raises(AttuneError, match=match):
            proposals.change(bench, made.id, options)
    with pytest.raises(AttuneError, match="belongs to"):
        proposals.change(bench, made.id, {"epochs": 2}, by="mallory")
    assert proposals.current(bench, case) == made
    plain = proposals.propose(bench, case, "baseline", {})
    with pytest.raises(AttuneError, match="no option") as caught:
        proposals.change(bench, plain.id, {"epochs": 2})
    assert "Confirm or decline" in caught.value.remedy


def test_a_change_and_a_confirmation_at_once_cannot_both_happen(opened: Opened) -> None:
    bench, trainer = opened
    case = ready(bench)
    for round_ in range(8):
        made = proposals.propose(bench, case, "train", {"epochs": 1.0 + round_})
        happened: list[str] = []
        at_once = threading.Barrier(2)
        acts = {
            "changed": lambda made=made: proposals.change(bench, made.id, {"epochs": 30.0}),
            "confirmed": lambda made=made: proposals.confirm(bench, made.id),
        }
        threads = [threading.Thread(target=_try, args=(bench, at_once, happened, *act)) for act in acts.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(happened) == 1
        assert len(trainer.started) == (happened == ["confirmed"])
        if trainer.started:
            return  # a job runs now: nothing more can be proposed


def _try(
    bench: Workbench, at_once: threading.Barrier, happened: list[str], name: str, act: Callable[[], object]
) -> None:
    at_once.wait()
    try:
        act()
        happened.append(name)
    except AttuneError:
        pass
    finally:
        bench.store.close()


def test_only_the_owner_confirms(opened: Opened) -> None:
    bench, trainer = opened
    made = proposals.propose(bench, ready(bench), "train", {})
    for decide in (proposals.confirm, proposals.decline):
        with pytest.raises(AttuneError, match="belongs to 'local'"):
            decide(bench, made.id, by="mallory")
    assert bench.store.proposal(made.id).state == "open"
    assert not trainer.started
    assert "job" in proposals.confirm(bench, made.id, by="local")


def test_a_declined_proposal_stays_declined(opened: Opened) -> None:
    bench, trainer = opened
    made = proposals.propose(bench, ready(bench), "train", {})
    proposals.decline(bench, made.id)
    with pytest.raises(AttuneError, match="declined"):
        proposals.confirm(bench, made.id)
    with pytest.raises(AttuneError, match="declined"):
        proposals.decline(bench, made.id)
    assert not trainer.started


def test_a_failure_is_recorded_in_a_sentence(opened: Opened) -> None:
    bench, trainer = opened
    trainer.refuses = "The machine is too small."
    made = proposals.propose(bench, ready(bench), "train", {})
    with pytest.raises(AttuneError, match="too small") as caught:
        proposals.confirm(bench, made.id)
    assert caught.value.remedy == "Buy a larger one."
    kept = bench.store.proposal(made.id)
    assert kept.state == "confirmed"
    assert "too small" in kept.result


@pytest.mark.parametrize(
    ("kind", "payload", "match"),
    [
        ("dance", {}, "can be proposed"),
        ("train", {"trainer": "abacus"}, "no trainer called"),
        ("train", {"epochs": -1}, "usable value"),
        ("train", {"learning_rate": "much"}, "usable value"),
        ("train", {"colour": "red"}, "no option"),
        ("switch", {}, "measured"),
        ("switch", {"variant": "oracle"}, "no variant"),
        ("undo", {}, "nothing to undo"),
    ],
)
def test_what_is_impossible_is_refused_when_it_is_proposed(
    opened: Opened, kind: str, payload: dict[str, object], match: str
) -> None:
    bench, _ = opened
    case = ready(bench)
    with pytest.raises(AttuneError, match=match) as caught:
        proposals.propose(bench, case, kind, payload)
    assert caught.value.remedy
    assert not bench.store.proposals(case)


def test_nothing_to_train_on_is_said(opened: Opened) -> None:
    bench, _ = opened
    case = interview.new(bench.store, "Empty").id
    with pytest.raises(AttuneError, match="no dataset"):
        proposals.propose(bench, case, "train", {})


def test_a_switch_to_an_untrained_variant_and_its_undo(opened: Opened) -> None:
    bench, _ = opened
    case = ready(bench)
    before = bench.store.switches(case)
    made = proposals.propose(bench, case, "switch", {"variant": "few-shot"})
    assert "not been proved" in made.why
    assert bench.store.switches(case) == before
    assert "few-shot answers" in proposals.confirm(bench, made.id)
    back = proposals.propose(bench, case, "undo", {})
    assert "answers again" in proposals.confirm(bench, back.id)
    assert [row.kind for row in bench.store.switches(case)] == ["switch", "switch", "undo"]


def test_an_unproved_model_is_not_proposed(opened: Opened) -> None:
    bench, trainer = opened
    case = ready(bench)
    trainer.state = JobState.SUCCEEDED
    proposals.confirm(bench, proposals.propose(bench, case, "train", {}).id)
    job = _refreshed(bench, case)
    assert job.state == "succeeded"
    with pytest.raises(AttuneError, match="measured"):
        proposals.propose(bench, case, "switch", {"variant": "tuned"})


def test_a_card_says_what_is_true_of_the_model_that_would_answer(opened: Opened) -> None:
    bench, trainer = opened
    case = trained(bench, trainer)
    evaluated(bench, case, lambda _, tuned: 0.9 if tuned else 0.4)
    proved = switch.find(bench.store, case, "tuned")
    finetune.run(bench, case, seed=2)
    job = _refreshed(bench, case)
    newer = variants.tuned(bench.store, bench.settings, job)["tuned"]
    assert newer.id != proved.id
    with pytest.raises(AttuneError, match="better is 'tuned' of job 1, not 'tuned' of job 2"):
        proposals.propose(bench, case, "switch", {"variant": "tuned"})
    card = proposals.propose(
        bench, case, "switch", {"variant": "tuned", "force": True, "reason": "to see how it answers"}
    )
    assert card.terms["why"].startswith("This is your choice; it has not been proved better. Your reason: to see")
    card = proposals.propose(bench, case, "switch", {})
    assert card.payload["variant"] == proved.id
    assert card.terms["why"].startswith("Measured: ")
    proposals.confirm(bench, card.id)
    assert bench.store.switches(case)[-1].variant == proved.id


def test_a_running_job_blocks_another(opened: Opened) -> None:
    bench, _ = opened
    case = ready(bench)
    proposals.confirm(bench, proposals.propose(bench, case, "train", {}).id)
    with pytest.raises(AttuneError, match="still running"):
        proposals.propose(bench, case, "train", {})


def _refreshed(bench: Workbench, case: str) -> Job:

    return lifecycle.refresh(bench, case)[-1]


def test_an_evaluation_runs_in_the_background_and_its_failure_is_told(tmp_path: Path) -> None:
    bench, _ = open_bench(tmp_path / "run", chat_base_url="http://127.0.0.1:9/v1", chat_model="nobody")
    case = ready(bench)
    made = proposals.propose(bench, case, "evaluate", {})
    assert "every untrained variant" in made.why
    assert bench.background.task(f"evaluate:{case}") is None
    assert "has started" in proposals.confirm(bench, made.id)
    task = bench.background.task(f"evaluate:{case}")
    assert task is not None
    for _ in range(600):
        if task.state != "running":
            break
        time.sleep(0.05)
        task = bench.background.task(f"evaluate:{case}")
        assert task is not None
    assert task.state == "failed"
    assert "127.0.0.1:9" in task.error or "nobody" in task.error
    assert proposals.propose(bench, case, "evaluate", {}).id != made.id  # it may be tried again
    bench.close()
