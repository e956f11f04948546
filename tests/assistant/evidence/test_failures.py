"""Questions that come from failures: what was lost, in named groups, and the conversations that are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.conversations import labels
from assistant.conversations.formats import pasted
from assistant.errors import AttuneError
from assistant.evidence import failures
from assistant.evidence.failures import Failure, Failures
from assistant.faces.cli.shared import failure_table
from assistant.guide import paste, proposals, results, state
from assistant.guide.agent import Guide
from assistant.record.store import Store
from assistant.record.types import Case, Dataset, Item, Score, Variant
from assistant.stages import baseline, dataset
from assistant.workbench import Workbench
from tests.assistant.evidence.measured_case import bad_at_refunds, evaluated, trained
from tests.assistant.guide.proposing import InstantTrainer, open_bench
from tests.assistant.material import talk

THREE = """User: Can I have the money for my broken kettle back?
Assistant: Hello! Yes: we refund it within ten days.

User: My card was charged twice for one teapot.
Assistant: Hello! I have sent one of the two amounts back.

User: I returned the grinder three weeks ago and see no money.
Assistant: Hello! It left us on Monday; your bank takes up to five days.
"""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Workbench, InstantTrainer]]:
    bench, trainer = open_bench(tmp_path / "run")
    yield bench, trainer
    bench.close()


@pytest.fixture
def case(opened: tuple[Workbench, InstantTrainer]) -> str:
    return trained(*opened)


Opened = tuple[Workbench, InstantTrainer]


# what failed ----------------------------------------------------------------------------------------------------------
def test_what_the_tuned_model_lost_is_grouped_and_named(opened: Opened, case: str) -> None:
    found = failures.find(opened[0].store, evaluated(opened[0], case, bad_at_refunds))
    assert (found.variant, found.of, found.count) == ("tuned", 20, 10)
    assert found.against in ("prompt", "few-shot")
    (group,) = found.groups
    assert "refund" in group.about
    assert group.points == pytest.approx(-30)
    assert all("refund" in failure.asked for failure in group.failures)
    assert {failure.wanted[:12] for failure in group.failures} == {"Hello! Your "}
    told = results.sentence(found, group)
    assert "refund" in told
    assert "lose 30 points against" in told
    assert "(10 of 20)" in told
    assert "paste three real ones about" in results.wanted(group)


def test_an_answer_far_below_the_models_own_mean_fails_though_the_others_did_no_better(
    opened: Opened, case: str
) -> None:
    done = evaluated(opened[0], case, lambda asked, tuned: 0.3 if "refund" in asked else 0.5 + 0.4 * tuned)
    found = failures.find(opened[0].store, done)
    assert found.count == 10
    assert "score only 30 points, far below the mean (10 of 20)" in results.sentence(found, found.groups[0])


def test_without_a_tuned_model_the_best_untrained_one_is_looked_at(opened: Opened, case: str) -> None:
    bench = opened[0]
    done = evaluated(bench, case, lambda asked, _: 0.1 if "parcel" in asked else 0.8)
    verdict = {**done.verdict, "decision": "baseline", "candidate": ""}
    done = bench.store.finish_evaluation(done.id, done.results, verdict, {})
    found = failures.find(bench.store, done)
    assert found.variant == done.verdict["against"]
    assert found.against == ""
    assert "parcel" in found.groups[0].about
    assert "against its mean" in results.sentence(found, found.groups[0])


def test_nothing_failed_and_nothing_measured_are_said(opened: Opened, case: str) -> None:
    bench = opened[0]
    assert results.told(bench, case, "failures") == results.NOTHING_MEASURED
    assert results.told(bench, case, "better") == results.NOTHING_MEASURED
    evaluated(bench, case, lambda _, tuned: 0.9 if tuned else 0.4)
    assert "failed on none of the 20" in results.told(bench, case, "failures")
    assert state.read(bench, case)["failures"] is None
    assert failure_table(failures.find(bench.store, bench.store.evaluations(case)[-1])) == ""


def test_question_answer_and_what_was_wanted_are_of_one_turn(tmp_path: Path) -> None:
    store = Store(tmp_path / "attune.db")
    store.add_case(Case("c"))
    messages = talk("first?", "One.", "second?", "Two.")
    store.add_dataset(Dataset("d", "c", 1, 0, 2), [Item(place, "test", messages) for place in (0, 1)])
    for name in ("prompt", "tuned"):
        store.add_variant(Variant("c", name, "local", "m", "s", id=name))
    opened = store.add_evaluation("c", "d", 1, "chrf", ["prompt", "tuned"])
    for name, good in (("prompt", 0.9), ("tuned", 0.1)):
        for item, turn in ((0, 0), (0, 1), (1, 0), (1, 1)):
            lost = name == "tuned" and (item, turn) == (1, 1)
            store.add_score(
                Score(
                    opened.id,
                    name,
                    item,
                    turn,
                    "" if lost else f"{name} {turn}",
                    None if lost else good,
                    1,
                    1,
                    0.1,
                    0.2,
                    "cut off" if lost else "",
                )
            )
    results = {name: {"variant": name} for name in ("prompt", "tuned")}
    done = store.finish_evaluation(opened.id, results, {"candidate": "tuned", "against": "prompt"}, {})
    found = {one.item: one for group in failures.find(store, done).groups for one in group.failures}
    assert (found[0].asked, found[0].answer, found[0].wanted) == ("first? second?", "tuned 1", "Two.")
    assert (found[1].asked, found[1].answer, found[1].wanted) == ("first?", "tuned 0", "One.")


def failure(item: int, asked: str) -> Failure:
    return Failure(item, asked, "no", "yes", 0.1, 0.4)


def test_groups_are_made_of_words_that_set_failures_apart() -> None:
    asked = [
        "my kettle leaks at the spout",
        "kettle leaks when it boils",
        "the lid of my kettle leaks",
        "does the voucher expire",
        "voucher expired last week",
        "who are you",
    ]
    fine = [f"order number {i} please" for i in range(20)]
    found = failures.grouped([failure(i, text) for i, text in enumerate(asked)], [*asked, *fine])
    assert [len(group.failures) for group in found] == [3, 2, 1]
    assert set(found[0].about) == {"kettle", "leaks"}
    assert {word[:6] for word in found[1].about} == {"vouche", "expire"}
    assert found[2].about == ()
    assert (found[0].like, found[0].points) == (3, -30.0)


def test_a_word_that_every_question_has_names_no_group() -> None:
    asked = [f"order {name}" for name in ("alpha", "beta", "gamma", "delta")]
    (rest,) = failures.grouped([failure(i, text) for i, text in enumerate(asked[:3])], asked * 2)
    assert rest.about in ((), ("order",))
    assert failures.grouped([], asked) == ()


def test_a_short_table_for_the_command_line(opened: Opened, case: str) -> None:
    found = failures.find(opened[0].store, evaluated(opened[0], case, bad_at_refunds))
    table = failure_table(found)
    assert "tuned fails on 10 of 20" in table
    assert "-30" in table
    assert Failures("tuned", "prompt", 20).to_json()["groups"] == []
    assert found.to_json()["groups"][0]["count"] == 10


# the guide asks and takes ---------------------------------------------------------------------------------------------
def test_after_an_evaluation_the_guide_tells_where_it_fails_and_asks_for_examples(opened: Opened, case: str) -> None:
    bench, _ = opened
    evaluated(bench, case, bad_at_refunds)
    guide = Guide(bench)
    opening = guide.opening(case)
    assert "lose 30 points" in opening.text
    assert "paste three real ones about" in opening.text
    assert "Failures" in opening.suggestions
    assert state.read(bench, case)["failures"]["count"] == 10
    reply = guide.say(case, "failures")
    assert "refund” It answered: “" in reply.text
    assert "tuned says so" in reply.text
    assert reply.proposal is None


def test_pasted_conversations_wait_for_approval_and_then_count(opened: Opened, case: str) -> None:
    bench, _ = opened
    evaluated(bench, case, bad_at_refunds)
    frozen, before = bench.store.datasets(case)[-1], len(labels.approved_rows(bench.store, case))
    reply = Guide(bench).say(case, THREE)
    assert "I read 3 conversations" in reply.text
    assert reply.proposal is not None
    assert reply.proposal.kind == "approve"
    assert "broken kettle" in reply.proposal.why
    assert "No money" in reply.proposal.why
    assert len(labels.approved_rows(bench.store, case)) == before, "nothing is approved by pasting"
    assert len(paste.waiting(bench.store, case)) == 3
    assert "Approved: 3" in proposals.confirm(bench, reply.proposal.id)
    rows = labels.approved_rows(bench.store, case)
    assert len(rows) == before + 3
    assert {row.source for row in rows[-3:]} == {"import"}
    turns = bench.store.turns(rows[-1].conversation)
    assert {turn.details["from"] for turn in turns} == {"guide"}
    assert paste.waiting(bench.store, case) == {}
    assert bench.store.items(bench.store.datasets(case)[-1].id) == bench.store.items(frozen.id), "the split is frozen"
    assert dataset.run(bench.store, case).train == frozen.train + 3


def test_what_is_tested_on_cannot_be_pasted(opened: Opened, case: str) -> None:
    bench, _ = opened
    item = bench.store.items(bench.store.datasets(case)[-1].id, "test")[0]
    text = f"User: {item.messages[0]['content']}\nAssistant: learn this"
    with pytest.raises(AttuneError, match="too like a conversation that is tested on"):
        paste.add(bench.store, case, text)
    found = paste.add(bench.store, case, f"{text}\n---\n{THREE.split(chr(10) * 2, maxsplit=1)[0]}")
    assert found["left_out"] == {paste.TESTED: 1}
    assert len(found["conversations"]) == 1
    with pytest.raises(AttuneError, match="here already"):
        paste.add(bench.store, case, THREE.split("\n\n", maxsplit=1)[0])


def test_declining_leaves_them_unapproved_and_changes_expire_the_proposal(opened: Opened, case: str) -> None:
    bench, _ = opened
    guide = Guide(bench)
    first = guide.say(case, THREE).proposal
    assert first is not None
    proposals.decline(bench, first.id)
    assert len(paste.waiting(bench.store, case)) == 3
    second = guide.say(case, "Question: is it heavy?\nAnswer: Hello! Two kilos.").proposal
    assert second is not None
    assert second.payload["conversations"] == sorted(paste.waiting(bench.store, case))
    (turn, *_) = [t for turns in paste.waiting(bench.store, case).values() for t in turns if t.role == "assistant"]
    bench.store.label(turn.id, "rejected")
    with pytest.raises(AttuneError, match="no longer holds"):
        proposals.confirm(bench, second.id)
    assert baseline.latest_dataset(bench.store, case) == bench.store.datasets(case)[-1].id


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("User: a\nAssistant: b", [2]),
        (THREE, [2, 2, 2]),
        ("User: a\n\nAssistant: b\n\nUser: c\n\nAssistant: d", [4]),
        ("User: a\nAssistant: b\nUser: c\nAssistant: d", [4]),
        ("User: a\nAssistant: b\n---\nCustomer: c\nAgent: d", [2, 2]),
        ("Q: a\nA: b\nQ: c\nA: d", [2, 2]),
        ("1. User: a\nAssistant: b\n2. User: c\nAssistant: d", [2, 2]),
        ("**User:** a\n**Assistant:** b\nsecond line\n\nthird", [2]),
        ('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}', [2]),
        ("Here are some:\nUser: a\nUser: still a\nAssistant: b", [2]),
    ],
)
def test_pasted_text_is_read(text: str, turns: list[int]) -> None:
    assert pasted.looks_like(text)
    assert [len(messages) for messages in pasted.parse(text)] == turns


def test_the_lines_of_an_answer_stay_together() -> None:
    ((_, answer),) = pasted.parse("User: how?\nAssistant: First this.\n\n- then that\n\nBest, us")
    assert answer["content"] == "First this.\n\n- then that\n\nBest, us"


@pytest.mark.parametrize("text", ["users: our team; tone: warm", "Assistant: hello", "User: hello", "a: b"])
def test_other_text_is_not_taken_for_conversations(text: str) -> None:
    assert not pasted.looks_like(text)


def test_what_cannot_be_read_says_how_to_write_it() -> None:
    for text in ("nothing of the kind", "User: a\nAssistant:", "User: a\nAssistant: b\nUser: c"):
        with pytest.raises(AttuneError, match="on lines of their own"):
            pasted.parse(text)
