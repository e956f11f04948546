"""Rows that carry passages: what the chat would send to the letter, seeded, fitted to the window, nothing held out."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant import variants
from assistant.conversations.with_passages import MIXED, WITHOUT, Carried
from assistant.errors import AttuneError
from assistant.evidence import runner
from assistant.guide import proposals
from assistant.jobs import lifecycle
from assistant.knowledge.prompt import composition
from assistant.knowledge.reading import ingestion
from assistant.record.types import Job, Message, Variant
from assistant.stages import baseline, dataset, finetune, interview
from assistant.workbench import Workbench
from tests import tinymodel
from tests.assistant.guide.proposing import InstantTrainer, Opened, open_bench
from tests.assistant.material import talk
from tools.trainer import JobState, TrainRequest

NAMES = [
    f"{first} {second}"
    for first in "Alder Birch Cedar Damson Elm Fir Gorse Hazel Ivy Juniper".split()
    for second in "teapot kettle mug grinder".split()
]
PRICES = {name: 20 + 3 * number for number, name in enumerate(NAMES)}
HELD = NAMES[-6:]
CASE = "kiln-shop"
WINDOW = 200  # tokens: too few for three passages and an answer


def narrowed(folder: Path, window: int) -> Path:
    config = folder / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps(values | {"max_position_embeddings": window}))
    return folder


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    bench, trainer = open_bench(tmp_path / "run", longest_answer=64)
    filled(bench)
    yield bench, trainer
    bench.close()


def filled(bench: Workbench, with_documents: bool = True) -> None:
    store = bench.store
    interview.new(store, "Kiln shop", id=CASE)
    interview.run(store, CASE, dict.fromkeys(interview.QUESTIONS, "skip") | {"goal": "Sell pots"})
    for name, price in PRICES.items() if with_documents else ():
        text = f"# {name}\n\nThe {name} costs £{price} and is fired at {price * 9} degrees in our own kiln."
        ingestion.add(store, bench.settings, CASE, f"{name.replace(' ', '-')}.md", text.encode())
    for number, (name, price) in enumerate(PRICES.items()):
        told = price if number % 10 else 999  # every tenth answer states what no document holds
        said = [f"How much is the {name} {number * 7919}?", f"The {name} is £{told}. Code RET{number}."]
        if number % 5 == 0:
            said += ["And the other?", f"It is hot: {price * 9} degrees." if number % 10 else "That I do not know."]
        store.import_conversation(CASE, "heldout" if name in HELD else "import", talk(*said))
    dataset.run(store, CASE)


def trained(opened: Opened, **options: Any) -> tuple[TrainRequest, Job]:
    bench, trainer = opened
    trainer.state = JobState.SUCCEEDED
    job = finetune.run(bench, CASE, **options)
    return trainer.started[-1], job


def rows(request: TrainRequest) -> list[list[Message]]:
    return [*request.train, *request.test]


def carries(row: list[Message]) -> bool:
    return "[1]" in str(row[0]["content"])


def learned(row: list[Message]) -> list[str]:
    return [str(m["content"]) for m in row if m["role"] == "assistant" and m.get("weight", 1) != 0]


def prompts(row: list[Message]) -> list[Message]:
    return [{"role": message["role"], "content": message["content"]} for message in row[:-1]]


def reader(bench: Workbench) -> Variant:
    system = composition.short_instruction(bench.store.case(CASE))
    return Variant(CASE, "tuned+rag", "local", bench.settings.chat_model, system, 0, variants.PASSAGES, max_tokens=64)


def test_a_row_is_to_the_letter_what_the_chat_would_send(shop: Opened) -> None:
    bench, _ = shop
    request, _ = trained(shop)
    reading = [row for row in rows(request) if carries(row)]
    sent = [bench.chat.prepare(reader(bench), talked(row)).messages for row in reading]
    same = [prompts(row) == asked for row, asked in zip(reading, sent, strict=True)]
    assert len(reading) - sum(same) == round(len(reading) * MIXED)  # those with a passage of another question
    assert any(len(row) > 3 for row, equal in zip(reading, same, strict=True) if equal)  # also a later question
    held = runner.questions(bench.store.items(baseline.latest_dataset(bench.store, CASE), "test"))
    assert {carries(bench.chat.prepare(reader(bench), q.messages).messages) for q in held} == {True}


def talked(row: list[Message]) -> list[Message]:
    return [message for message in prompts(row) if message["role"] != "system"]


def test_a_changed_row_keeps_its_best_passage_and_as_many(shop: Opened) -> None:
    bench, _ = shop
    request, _ = trained(shop)
    found = 0
    for row in (row for row in rows(request) if carries(row)):
        sent = bench.chat.prepare(reader(bench), talked(row))
        if prompts(row) != sent.messages:
            found += 1
            text = str(row[0]["content"])
            assert sent.passages[0].text in text
            assert len(re.findall(r"^\[\d\]", text, re.MULTILINE)) == variants.PASSAGES
            assert sum(passage.text in text for passage in sent.passages) < variants.PASSAGES
    assert found


def test_some_rows_have_none_and_first_those_whose_numbers_no_passage_holds(shop: Opened) -> None:
    request, job = trained(shop)
    plain = [row for row in rows(request) if not carries(row)]
    alone, every = (sum(len(learned(row)) for row in some) for some in (plain, rows(request)))
    assert alone == every - round(every * (1 - WITHOUT))
    invented = [row for row in rows(request) if "£999" in str(row[-1]["content"])]
    assert invented
    assert not any(map(carries, invented))
    carried = job.request["passages"]
    assert (carried["rows"], carried["of"]) == (len(rows(request)) - len(plain), len(rows(request)))
    assert 0 < carried["tokens"] < carried["of_tokens"]
    assert carried["left_out"] == 0


def test_each_answer_is_learned_once(shop: Opened) -> None:
    bench, _ = shop
    request, _ = trained(shop)
    items = bench.store.items(baseline.latest_dataset(bench.store, CASE), "train")
    wanted = [str(m["content"]) for item in items for m in item.messages if m["role"] == "assistant"]
    assert sorted(answer for row in rows(request) for answer in learned(row)) == sorted(wanted)


def test_no_held_out_word_reaches_a_row(shop: Opened) -> None:
    bench, _ = shop
    request, _ = trained(shop)
    tested = bench.store.items(baseline.latest_dataset(bench.store, CASE), "test")
    assert len(tested) == len(HELD)
    texts = [str(m["content"]) for row in [*rows(request), *request.samples, *request.probes] for m in row]
    said = [str(m["content"]) for item in tested for m in item.messages if len(str(m["content"])) > 20]
    assert said
    assert not [text for text in texts for one in said if one in text]
    pieces = {piece.text for piece in bench.knowledge.pieces(CASE)}
    shown = [
        part.split(": ", 1)[1]
        for row in rows(request)
        if carries(row)
        for part in str(row[0]["content"]).split("\n\n[")[1:]
    ]
    assert shown
    assert {part.strip() for part in shown} <= pieces  # documents, and nothing but documents


def test_the_same_seed_makes_the_same_rows_and_another_one_others(shop: Opened) -> None:
    first, _ = trained(shop)
    again, _ = trained(shop)
    other, _ = trained(shop, seed=7)
    assert (first.train, first.test) == (again.train, again.test)
    assert sorted(map(str, rows(first))) != sorted(map(str, rows(other)))


def test_without_documents_or_when_off_rows_are_as_they_were(tmp_path: Path, shop: Opened) -> None:
    off, job = trained(shop, passages="off")
    assert not any(map(carries, rows(off)))
    assert job.request["passages"] == Carried().to_json()
    bench, trainer = open_bench(tmp_path / "bare", longest_answer=64)
    filled(bench, with_documents=False)
    bare, _ = trained((bench, trainer))
    assert bare.train == off.train
    with pytest.raises(AttuneError, match="no documents, so its rows cannot carry passages"):
        trained((bench, trainer), passages="on")
    with pytest.raises(AttuneError, match="'sometimes' is not a choice for passages"):
        trained((bench, trainer), passages="sometimes")
    bench.close()


def test_what_does_not_fit_the_window_is_left_out_and_counted(tmp_path: Path) -> None:
    small = narrowed(tinymodel.make(tmp_path / "small"), WINDOW)
    bench, trainer = open_bench(tmp_path / "run", chat_model=str(small), longest_answer=64)
    filled(bench)
    request, job = trained((bench, trainer))
    counter = bench.chat.counter(reader(bench))
    assert max(counter.count(row) for row in rows(request) if carries(row)) <= WINDOW
    marks = {len(re.findall(r"^\[\d\]", str(row[0]["content"]), re.MULTILINE)) for row in rows(request)}
    assert marks & {1, 2}
    assert job.request["passages"]["left_out"] > 0
    answers = sum(len(item.messages) // 2 for item in bench.store.items(job.dataset, "train"))
    assert sum(len(learned(row)) for row in rows(request)) == answers
    bench.close()


def test_the_eval_loss_and_what_is_asked_while_training_are_of_whole_conversations(shop: Opened) -> None:
    request, _ = trained(shop)
    trained_on = {str(row[1]["content"]) for row in request.train}
    assert not trained_on & {str(row[1]["content"]) for row in request.test}
    assert request.samples
    for asked in [*request.samples, *request.probes]:
        assert asked[-1]["role"] == "user"
        assert all(set(message) == {"role", "content"} for message in asked)
        assert asked in [prompts(row)[: len(asked)] for row in request.test]


def test_judged_answers_are_compared_beside_the_passages_too(shop: Opened) -> None:
    bench, _ = shop
    talks = bench.store.turns_of_case(CASE, ["import"])
    for turns in list(talks.values())[:12]:
        bench.store.add_turn(turns[0].conversation, turns[0].id, "assistant", "No idea.", "rejected")
    dataset.run(bench.store, CASE)
    request, job = trained(shop, method="kto")
    asked = [one.prompt for one in [*request.preferences, *request.test_preferences]]
    assert asked
    assert all(bench.chat.prepare(reader(bench), talked([*one, {}])).messages == one for one in asked)  # type: ignore[list-item]
    assert job.request["passages"]["rows"] == len(asked)


def test_the_forecast_counts_what_passages_cost_without_looking_anything_up(shop: Opened) -> None:
    bench, _ = shop
    noting = Noting()
    forecasting = dataclasses.replace(bench, trainers={"instant": noting})
    found = finetune.estimate(forecasting, CASE)
    assert re.fullmatch(
        r"\d+ of \d+ rows carry passages of the documents, so that it learns to read them: about "
        r"[\d,]+ of [\d,]+ tokens each time over the rows\.",
        found.note,
    )
    forecast = sum(len(str(m["content"])) for row in noting.request.train for m in row)
    assert finetune.estimate(forecasting, CASE, passages="off").note == ""
    plain = sum(len(str(m["content"])) for row in noting.request.train for m in row)
    request, _ = trained(shop)
    true = sum(len(str(m["content"])) for row in request.train for m in row)
    assert plain < true / 2
    assert 0.8 * true < forecast < 1.3 * true


class Noting(InstantTrainer):
    """Keeps what it was asked to estimate."""

    request: TrainRequest

    def estimate(self, request: TrainRequest) -> Any:
        self.request = request
        return super().estimate(request)


def test_who_is_judged_is_told_by_how_it_was_tuned(shop: Opened) -> None:
    bench, _ = shop
    _, reads = trained(shop)
    _, plain = trained(shop, passages="off")
    assert variants.candidate(bench.store, bench.store.job(reads.id)) == "tuned+rag"
    assert variants.candidate(bench.store, bench.store.job(plain.id)) == "tuned"
    assert set(variants.tuned(bench.store, bench.settings, bench.store.job(reads.id))) == {"tuned", "tuned+rag"}


def test_a_proposal_says_what_the_passages_come_to_and_who_will_be_judged(shop: Opened) -> None:
    bench, trainer = shop
    baseline.run(bench.store, bench.settings, CASE)
    asked = proposals.propose(bench, CASE, "train", {})
    assert "rows carry passages of the documents" in asked.terms["takes"]
    plain = proposals.change(bench, asked.id, {"passages": "off"})
    assert "passages" not in plain.terms["takes"]
    trainer.state = JobState.SUCCEEDED
    proposals.confirm(bench, plain.id)
    lifecycle.refresh(bench)
    assert "judged as 'tuned', as it was tuned" in proposals.propose(bench, CASE, "evaluate", {}).terms["what"]
    trained(shop)
    lifecycle.refresh(bench)
    assert "judged as 'tuned+rag'" in proposals.propose(bench, CASE, "evaluate", {}).terms["what"]
