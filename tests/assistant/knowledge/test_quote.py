"""Answers that quote: real documents, real search; what is quoted, what is not, and where it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import variants
from assistant.errors import AttuneError
from assistant.faces.ui import tracker
from assistant.knowledge.quote import pleasantries, question_kinds, quoting, units
from assistant.knowledge.reading import ingestion
from assistant.record.types import QUOTE
from assistant.settings import EMBEDDED
from assistant.stages import baseline, switch
from assistant.workbench import Workbench, open_workbench
from tests.assistant.material import add_documents, new_case, talk

MENU = """# Café

We open at eight. Dogs are welcome. They get water.

## Prices

| Drink | Small | Large |
|---|---|---|
| Espresso | £2.10 | £2.90 |
| Lemonade | £3.00 | £4.20 |

## Not allowed

- Smoking indoors.
- Loud music after 10 pm.
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made, store = new_case(tmp_path)
    add_documents(made, store)
    ingestion.add(store, made, "plants", "menu.md", MENU.encode())
    store.close()
    opened = open_workbench(made)
    yield opened
    opened.close()


def answer(bench: Workbench, question: str) -> quoting.Quote:
    return quoting.answer(bench.knowledge, "plants", question)


def test_a_sentence_is_quoted_whole_with_its_citation(bench: Workbench) -> None:
    found = answer(bench, "How often does a cactus want water?")
    assert found.text == "A cactus wants water once a month. [1]"
    assert found.passage is not None
    assert (found.passage.document, found.passage.mark) == ("watering.md", 1)


def test_a_row_comes_with_the_head_of_its_table(bench: Workbench) -> None:
    found = answer(bench, "What is the price of a large espresso?")
    lines = ["**Prices**", "", "| Drink | Small | Large |", "|---|---|---|", "| Espresso | £2.10 | £2.90 |", "", "[1]"]
    assert found.text.split("\n") == lines


def test_what_the_documents_do_not_say_is_said_so(bench: Workbench) -> None:
    for question in ("Who won the world cup in 2018?", "How many calories has an espresso?"):
        found = answer(bench, question)
        assert (found.text, found.passage) == (quoting.NOTHING, None), question


def test_small_talk_gets_no_row_of_a_table(bench: Workbench) -> None:
    for said in ("hello", "Hi there!", "Thanks a lot, bye", "Who are you?", "👋"):
        found = answer(bench, said)
        assert found.passage is None
        assert found.text not in ("", quoting.NOTHING)
    assert pleasantries.reply("Hi, are dogs welcome?") == ""
    assert answer(bench, "Hi, are dogs welcome?").text.startswith("Dogs are welcome.")


def test_a_sentence_that_refers_back_is_quoted_with_the_one_before() -> None:
    found = units.of("Dogs are welcome. They get water.\n\n- Smoking.\n- Music after 10 pm.")
    assert [units.joined([unit]) for unit in found] == [
        "Dogs are welcome.",
        "Dogs are welcome. They get water.",
        "- Smoking.",
        "- Music after 10 pm.",
    ]
    assert units.joined(found[:2]) == "Dogs are welcome. They get water."
    rows = units.of("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |")
    assert units.joined(rows) == "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"
    assert rows[0].plain == "a: 1; b: 2"


def test_a_sentence_that_is_broken_over_lines_is_one() -> None:
    text = "The parcel is sent on the day after the order has been paid for and\nit arrives within two days. Then rest."
    assert units.of(text)[0].text.endswith("arrives within two days.")


def test_a_price_is_no_count_and_no_time() -> None:
    assert question_kinds.held("It costs £4.", question_kinds.asked("How much does it cost?"))
    assert not question_kinds.held("It costs £4.", question_kinds.asked("How many seats are there?"))
    assert not question_kinds.held("It costs £4.", question_kinds.asked("When does it start?"))
    assert question_kinds.held("Doors open at 7 pm.", question_kinds.asked("When does it start?"))
    assert question_kinds.asked("Are dogs welcome?") == frozenset()


def test_the_variant_answers_without_any_model(bench: Workbench) -> None:
    variant = variants.untrained(bench.store, bench.settings, "plants")[QUOTE]
    reply = bench.chat.reply(
        variant, talk("Where does the courier travel?", "By bicycle.", "What does the courier cost?")
    )
    assert "The courier costs 4 euros." in "".join(reply)
    assert [passage.document for passage in reply.passages] == ["delivery.md"]
    assert (reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) == (0, 0, "stop")
    assert bench.chat.models.pool is None  # no server of a model was started
    with pytest.raises(AttuneError, match="without a model"):
        bench.chat.models.endpoint(variant)
    with pytest.raises(AttuneError, match="no question"):
        bench.chat.reply(variant, [])


def test_it_is_in_service_where_the_embedded_model_would_have_to_read(bench: Workbench) -> None:
    store, embedded = bench.store, bench.settings.model_copy(update={"chat_model": EMBEDDED})
    baseline.run(store, embedded, "plants")
    active = switch.active(store, embedded, "plants")
    assert active.name == QUOTE
    assert "ATTUNE_CHAT_MODEL" in tracker.answering(active)

    larger = bench.settings.model_copy(update={"chat_model": "/models/larger"})
    baseline.run(store, larger, "plants")
    assert switch.active(store, larger, "plants").name == "rag"

    switch.run(store, "plants", "prompt")
    for _ in range(2):
        baseline.run(store, embedded, "plants")
        assert switch.active(store, embedded, "plants").name == "prompt"


def test_without_documents_the_model_answers(tmp_path: Path) -> None:
    made, store = new_case(tmp_path, chat_model=EMBEDDED)
    baseline.run(store, made, "plants")
    assert switch.active(store, made, "plants").name == "prompt"
    store.close()


def test_a_short_question_goes_on_from_the_one_before(bench: Workbench) -> None:
    variant = replace(variants.untrained(bench.store, bench.settings, "plants")[QUOTE])
    reply = bench.chat.reply(variant, talk("What is the price of a small lemonade?", "£3.00", "And espresso?"))
    assert "Espresso" in "".join(reply)
