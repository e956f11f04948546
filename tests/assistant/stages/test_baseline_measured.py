"""The untrained variants measured by themselves: on what is held out, and before that on generated questions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import variants
from assistant.errors import AttuneError
from assistant.evidence import questions, untrained
from assistant.guide import proposals
from assistant.guide.tools import Tools
from assistant.record.store import Store
from assistant.record.trials import BRIEF, DOCUMENT, HELD_OUT, Asked, Trial
from assistant.record.types import Document, Message, Passage
from assistant.stages import baseline, switch
from assistant.workbench import Workbench, open_workbench
from tests.assistant.evidence.reading_server import ReadingServer, YesServer
from tests.assistant.material import add_documents, new_case, opened, settings, talk

TABLE = "# Prices\n\n| Plant | Price | Pot |\n|---|---|---|\n| Monstera | 24 euros | clay |\n| Cactus | 6 euros | tin |"


@pytest.fixture
def server() -> Iterator[ReadingServer]:
    with ReadingServer() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, server: ReadingServer) -> Iterator[Workbench]:
    made, store = new_case(tmp_path, chat_base_url=server.url, chat_model="reads")
    add_documents(made, store)
    skip_the_rest(store, ("Water the kentia palm with soft rainwater.",))
    store.close()
    opened = open_workbench(settings(tmp_path, chat_base_url=server.url, chat_model="reads"))
    yield opened
    opened.close()


def skip_the_rest(store: Store, examples: tuple[str, ...] = ()) -> None:
    brief = store.case("plants").brief
    store.set_brief("plants", replace(brief, examples=examples, skipped=tuple(brief.missing)), "file")


def measure(bench: Workbench) -> Trial:
    return baseline.measure(bench, "plants")


def paper(text: str, name: str = "a.md") -> Document:
    return Document(1, "plants", name, "markdown", text, name)


def asked(text: str, held_out: list[list[Message]] | None = None) -> list[Asked]:
    return questions.generate([paper(text)], [], questions.HeldOut(held_out or []))


def test_questions_are_made_of_sentences_and_tables() -> None:
    table = asked(TABLE)[0]
    assert table.messages[0]["content"] in ("What is the pot of Monstera?", "What is the pot of Cactus?")
    assert table.reference in ("Pot: clay", "Pot of Monstera: clay", "Pot of Cactus: tin")
    found = asked("# Courier\n\nThe bicycle courier costs 4 euros a parcel in town.")[0]
    assert found.messages[0]["content"] == "How much does the bicycle courier cost?"
    assert (found.origin, found.by, found.document) == (DOCUMENT, "template", "a.md")
    assert found.evidence == "The bicycle courier costs 4 euros a parcel in town."
    plain = asked("# Moving\n\nRepot every orchid gently after flowering, into bark.")[0]
    assert plain.messages[0]["content"].startswith("What should I know about ")
    assert asked("# Nothing\n\nYes.") == []


def test_the_same_documents_give_the_same_questions_and_none_twice() -> None:
    text = "\n\n".join(
        f"## Part {n}\n\nThe lamp number {n} is switched on by caretaker {n} at dusk." for n in range(90)
    )
    first = asked(text)
    assert first == asked(text)
    assert len(first) <= questions.MOST
    said = [str(one.messages[0]["content"]) for one in first]
    assert len(set(said)) == len(said)


def test_nothing_that_is_held_out_is_asked_or_read() -> None:
    secret = "The bicycle courier costs 4 euros a parcel in town."
    text = f"# Courier\n\n{secret}\n\n# Van\n\nThe van of the shop is green and leaves at noon.\n"
    assert secret in [one.evidence for one in asked(text)]
    for held in (talk("Hello, a question.", secret), talk("how much does the bicycle courier cost", "Four.")):
        found = asked(text, [held])
        assert len(found) == 1
        assert not any("courier" in str(one) for one in found)
    inside = talk("the bicycle courier costs 4 euros a parcel", "Yes.")  # a part of the sentence
    assert not any("courier" in str(one) for one in asked(text, [inside]))


def test_a_model_words_questions_and_a_bad_reply_counts_for_nothing() -> None:
    text = "# Courier\n\nThe bicycle courier costs 4 euros a parcel in town."
    for reply, by in (
        ('```json\n{"question": "What must I pay to have it brought?", "answer": "4 euros a parcel"}\n```', "model"),
        ('{"question": "What must I pay?", "answer": "9 euros"}', "template"),  # not in the passage
        ('{"question": "Pay.", "answer": "4 euros"}', "template"),
        ("Sure! Here is a question.", "template"),
        ("[1]", "template"),
        ("", "template"),
    ):
        one = questions.generate([paper(text)], [], questions.HeldOut([]), ask=lambda _, reply=reply: reply)[0]
        assert one.by == by, reply
        assert one.evidence in text
    held = questions.HeldOut([talk("What must I pay to have it brought?", "Four.")])
    reply = '{"question": "What must I pay to have it brought?", "answer": "4 euros a parcel"}'
    assert questions.generate([paper(text)], [], held, ask=lambda _: reply)[0].by == "template"


def test_before_anything_is_held_out_questions_are_generated(bench: Workbench) -> None:
    baseline.run(bench.store, bench.settings, "plants")
    before = switch.active(bench.store, bench.settings, "plants")
    trial = measure(bench)
    report = trial.report
    assert (trial.basis, report["basis"], report["scorer"]) == ("generated", "generated", "chrf")
    assert report["note"].startswith("Generated: ")
    assert report["questions"][HELD_OUT] == 0
    assert report["questions"][DOCUMENT] >= 3
    assert report["questions"][BRIEF] == 1
    assert report["worded_by_model"] > 0
    assert set(report["answers"]) == set(variants.UNTRAINED)
    assert report["answers"]["rag"]["score"] > report["answers"]["prompt"]["score"]
    assert report["best"] in ("rag", "rag+few-shot")
    assert report["differences"]["rag"]["low"] > 0
    assert set(report["citations"]) == {"rag", "rag+few-shot", "quote"}
    assert report["citations"]["rag"]["cited"] > 0.5
    assert report["citations"]["rag"]["real"] == 1.0
    assert 0 < report["citations"]["rag"]["right"] <= 1
    assert report["retrieval"]["questions"] == report["questions"][DOCUMENT]
    assert 0 < report["retrieval"]["recall@1"] <= report["retrieval"]["recall@10"] <= 1
    assert switch.active(bench.store, bench.settings, "plants") == before  # measuring changes nothing

    used = switch.serve(bench.store, "plants")
    assert bench.store.variant(used.variant).name == report["best"]
    assert "generated questions" in used.reason
    assert bench.store.variant(switch.serve(bench.store, "plants", "prompt").variant).name == "prompt"
    with pytest.raises(AttuneError, match="no variant 'tuned'"):
        switch.serve(bench.store, "plants", "tuned")


def test_held_out_conversations_come_first(bench: Workbench) -> None:
    held = talk("How often does my cactus want water?", "A cactus wants water once a month.", "And ferns?", "Shade.")
    bench.store.import_conversation("plants", "heldout", held)
    report = measure(bench).report
    assert report["basis"] == "held-out"
    assert report["questions"] == {HELD_OUT: 2, DOCUMENT: 0, BRIEF: 0}
    assert report["answers"]["prompt"]["n"] == 1  # two turns of one conversation are one
    assert report["citations"]["rag"]["right"] is None
    assert report["retrieval"]["questions"] > 0  # of generated questions: no person says which passage answers
    trial = bench.store.trials("plants")[-1]
    assert not any("cactus" in str(one.evidence).lower() for one in trial.questions if one.origin == DOCUMENT)


def test_variants_are_compared_over_the_turns_that_all_of_them_answered(tmp_path: Path) -> None:
    with YesServer() as server:
        made, store = new_case(tmp_path, chat_base_url=server.url, chat_model="says yes")
        add_documents(made, store)
        skip_the_rest(store)
        held = talk("Does a cactus want water?", "Yes.", "Which secret has the cactus?", "Nobody knows it.")
        store.import_conversation("plants", "heldout", held)
        bench = opened(made, store)
        report = baseline.measure(bench, "plants").report
        bench.close()
    assert (report["answers"]["rag"]["errors"], report["answers"]["prompt"]["errors"]) == (1, 0)
    assert report["answers"]["rag"]["score"] > report["answers"]["prompt"]["score"]  # of one turn, and of two
    assert report["differences"]["rag"]["mean"] == 0
    assert report["best"] == "prompt"


def test_what_was_answered_is_not_asked_again(bench: Workbench, server: ReadingServer) -> None:
    held = talk("How often does my cactus want water?", "A cactus wants water once a month.")
    bench.store.import_conversation("plants", "heldout", held)
    server.fail = True
    with pytest.raises(AttuneError):
        measure(bench)
    server.fail = False
    trial = measure(bench)
    count = len(server.asked)
    assert trial.finished
    made = variants.untrained(bench.store, bench.settings, "plants")
    again = untrained.run(bench.store, bench.chat, trial, made, lambda *_: None)
    assert len(server.asked) == count
    assert again.report["answers"] == trial.report["answers"]


def test_citations_are_counted() -> None:
    passages = [Passage("a.md", "", "The fern likes shade.", 1.0, 1), Passage("a.md", "", "The rose is red.", 0.9, 2)]
    one = Asked(0, DOCUMENT, talk("?"), "x", "a.md", "The rose is red.")
    assert untrained.cited("Red [2], as [2] says.", passages, one) == (1, 1, 1)
    assert untrained.cited("Red [1][2][7].", passages, one) == (3, 2, 1)
    assert untrained.cited("Red.", passages, one) == (0, 0, 0)
    assert untrained.cited("Red [2].", passages, replace(one, evidence="")) == (1, 1, None)


def test_with_nothing_to_ask_it_says_so(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    skip_the_rest(store)
    bench = opened(made, store)
    with pytest.raises(AttuneError, match="nothing to ask"):
        baseline.measure(bench, "plants")
    bench.close()


def test_the_guide_proposes_it_and_a_person_confirms(bench: Workbench) -> None:
    found = Tools(bench, "plants").call("measure_baseline")
    assert found["kind"] == "measure"
    assert baseline.measured(bench.store, "plants") is None
    said = proposals.confirm(bench, found["proposal"])
    assert "being measured" in said
    for _ in range(600):
        task = bench.background.task("measure:plants")
        if task is not None and task.state != "running":
            break
        time.sleep(0.05)
    assert task is not None
    assert task.state == "done", task.error
    assert baseline.measured(bench.store, "plants") is not None
