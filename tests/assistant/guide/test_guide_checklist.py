"""The checklist's buttons, its exact words, what is never an answer, and its tables of sentences."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from assistant.guide import checklist, replies
from assistant.guide.agent import Guide, GuideReply
from assistant.guide.sentences import table as sentences
from assistant.guide.sentences.table import LANGUAGES, Table, tables
from assistant.record.types import BRIEF_QUESTIONS, FIRST_FIELDS
from assistant.stages import interview
from assistant.workbench import Workbench
from tests.assistant.guide.proposing import Opened, approve, open_bench

ENGLISH = tables()["en"]
BUTTONS = ("Skip", "Back", "Why", "Next")


@pytest.fixture
def bench(opened: Opened) -> Workbench:
    return opened[0]


@pytest.fixture
def case(bench: Workbench) -> str:
    id = interview.new(bench.store, "Tea shop").id
    Guide(bench).opening(id)
    return id


def asks(reply: GuideReply, name: str, table: Table = ENGLISH) -> bool:
    return table.questions[name].text in reply.text


# Skip, Back, Why, Next ------------------------------------------------------------------------------------------------
def test_every_question_has_its_buttons(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    for name in FIRST_FIELDS:
        reply = guide.opening(case)
        assert asks(reply, name)
        assert reply.suggestions == (*ENGLISH.questions[name].suggestions, *BUTTONS)
        guide.say(case, "Skip")


def test_skip_leaves_a_question_open_and_back_asks_it_again(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    assert asks(guide.say(case, "Skip"), "users")
    assert bench.store.case(case).brief.skipped == ("goal",)
    reply = guide.say(case, "Back")
    assert asks(reply, "goal")
    assert "Taken back: “Goal”" in reply.text
    assert bench.store.case(case).brief.skipped == ()


def test_back_takes_answers_back_one_by_one(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    for answer in ("Sort mails", "Us", "Lie\nCheat"):
        guide.say(case, answer)
    for name in ("must_not", "users", "goal"):
        assert asks(guide.say(case, "back"), name)
        assert name in bench.store.case(case).brief.gaps
    assert bench.store.case(case).brief.gaps == list(BRIEF_QUESTIONS)
    reply = guide.say(case, "back")
    assert "no answer of yours" in reply.text
    assert asks(reply, "goal")
    guide.say(case, "Sort mails")
    assert asks(guide.say(case, "back"), "goal"), "the same answer given again can be taken back again"
    assert bench.store.case(case).brief.goal == ""


def test_back_leaves_alone_what_was_written_elsewhere(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    guide.say(case, "Sort mails")
    guide.say(case, "Us")
    interview.run(bench.store, case, {"users": "Our customers", "tone": "calm"}, source="form")
    assert asks(guide.say(case, "back"), "goal")
    brief = bench.store.case(case).brief
    assert (brief.goal, brief.users, brief.tone) == ("", "Our customers", "calm")


def test_back_is_a_version_like_any_other(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    guide.say(case, "Sort mails")
    guide.say(case, "back")
    assert [version.source for version in bench.store.brief_versions(case)] == ["guide", "Back button"]
    assert bench.store.restore_brief(case, 1, "form").goal == "Sort mails"


def test_why_gives_the_reason_and_asks_again(bench: Workbench, case: str) -> None:
    reply = Guide(bench).say(case, "Why?")
    assert reply.text.count(ENGLISH.questions["goal"].why) == 2
    assert ENGLISH.questions["goal"].suggestions[0] in reply.text
    assert asks(reply, "goal")


def test_next_goes_on_without_an_answer_and_comes_back(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    assert asks(guide.say(case, "Next"), "users")
    assert asks(guide.say(case, "Next"), "must_not")
    assert asks(guide.say(case, "Next"), "goal")
    assert bench.store.case(case).brief.gaps == list(BRIEF_QUESTIONS)
    guide.say(case, "Next")
    guide.say(case, "Customers")
    brief = bench.store.case(case).brief
    assert (brief.goal, brief.users) == ("", "Customers")


def test_next_passes_by_what_no_stage_waits_for(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    for answer in ("Sort mails", "Us", "Lie", "baseline"):
        guide.say(case, answer)
    approve(bench, case, 20)
    for name in ("tone", "format", "must"):
        assert asks(guide.say(case, "next"), name)
    assert "freezes them" in guide.say(case, "next").text


# exact words ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("word", ["status", "Summary!", "HELP", "help?", "  failures. ", "export"])
def test_an_exact_word_is_no_answer(bench: Workbench, case: str, word: str) -> None:
    reply = Guide(bench).say(case, word)
    assert asks(reply, "goal")
    assert bench.store.case(case).brief.gaps == list(BRIEF_QUESTIONS)


def test_more_than_the_word_is_an_answer(bench: Workbench, case: str) -> None:
    text = "Status of orders, train times and a summary"
    Guide(bench).say(case, text)
    assert bench.store.case(case).brief.goal == text


def test_there_are_a_dozen_words_besides_the_buttons() -> None:
    for table in tables().values():
        assert set(table.words) == {*replies.BUTTONS, *replies.EXACT}
    assert len(replies.EXACT) == 12
    assert set(replies.EXACT) == {*checklist.STEPS, "status", "summary", "help"}


# what is never an answer ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text", ["What is LoRA?", "is it good? :)", "Warum?!", "لماذا؟", "为什么？", "¿y esto", "really⁉", "wat 🤔❓"]
)
def test_a_question_is_a_question_in_any_script(text: str) -> None:
    assert checklist.is_question(text)


@pytest.mark.parametrize("text", ["Sort mails", "Questions such as “where is it?” are answered", "a; b;", "5", "…!"])
def test_what_is_no_question(text: str) -> None:
    assert not checklist.is_question(text)


def test_a_good_answer_may_end_in_a_question(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    for answer in ("Sort mails", "Us", "Lie", "baseline", "skip", "skip", "skip"):
        guide.say(case, answer)
    assert asks(guide.say(case, "skip"), "examples")
    assert asks(guide.say(case, "What is that for?"), "examples")
    guide.say(case, "Hello!\nIt left today. Anything else?")
    assert bench.store.case(case).brief.examples == ("Hello!\nIt left today. Anything else?",)


def test_a_question_is_looked_up_and_asked_on(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    reply = guide.say(case, "what is overfitting?")
    assert "by heart" in reply.text
    assert asks(reply, "goal")
    reply = guide.say(case, "can you cook?")
    assert "only note answers" in reply.text
    assert asks(reply, "goal")
    assert bench.store.case(case).brief.gaps == list(BRIEF_QUESTIONS)


@pytest.mark.parametrize(
    "text", ["...", "👍🏽", "?!", "¿?", "hello", "Hi!", "OK", "Thanks 🙏", "no", "ja", "Bună ziua!", "Gracias."]
)
def test_greetings_and_signs_are_not_noted(bench: Workbench, case: str, text: str) -> None:
    reply = Guide(bench).say(case, text)
    assert asks(reply, "goal")
    assert bench.store.case(case).brief.gaps == list(BRIEF_QUESTIONS)


def test_a_pasted_conversation_is_kept_apart_and_proposed(bench: Workbench, case: str) -> None:
    reply = Guide(bench).say(case, "User: Where is my tea?\nAssistant: Hello! It left today.")
    assert reply.proposal is not None
    assert reply.proposal.kind == "approve"
    assert asks(reply, "goal")
    assert bench.store.case(case).brief.gaps == list(BRIEF_QUESTIONS)
    turns = [turn for turns in bench.store.turns_of_case(case, ["import"]).values() for turn in turns]
    assert len(turns) == 2
    assert not any(turn.label for turn in turns)


def test_where_nothing_is_asked_nothing_is_noted(bench: Workbench, case: str) -> None:
    guide = Guide(bench)
    for answer in ("Sort mails", "Us", "Lie"):
        guide.say(case, answer)
    before = bench.store.case(case).brief
    reply = guide.say(case, "by the way our tone is formal")
    assert "noted nothing" in reply.text
    assert bench.store.case(case).brief == before


# languages ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_every_sentence(code: str) -> None:
    table = tables()[code]
    for part in ("words", "never", "titles", "questions", "sentences"):
        assert getattr(table, part).keys() == getattr(ENGLISH, part).keys(), part
    for key, sentence in table.sentences.items():
        assert placeholders(sentence) == placeholders(ENGLISH.sentences[key]), key
        assert sentence.strip() == sentence
    for name, question in table.questions.items():
        assert question.text
        assert question.why
        assert len(question.suggestions) == len(ENGLISH.questions[name].suggestions), name
        assert question.before == ENGLISH.questions[name].before
    assert set(table.titles) == set(BRIEF_QUESTIONS)
    assert len(set(table.titles.values())) == len(BRIEF_QUESTIONS)


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_word_means_one_thing_in_all_languages(code: str) -> None:
    table = tables()[code]
    for key, words in (table.words | table.never).items():
        for word in words:
            for said in (word, word.upper(), f" {word}! ", f"{word}."):
                assert sentences.meaning(said) == key, said


def test_the_sentences_of_two_languages_differ() -> None:
    names = {"job_stopped", "status_job"}  # it has no words of its own
    for code in LANGUAGES[1:]:
        alike = {key for key, text in tables()[code].sentences.items() if text == ENGLISH.sentences[key]}
        assert alike <= names, code


@pytest.mark.parametrize(
    ("setting", "language", "expected"),
    [
        ("", "Deutsch", "de"),
        ("", "german", "de"),
        ("", "Română", "ro"),
        ("", "romana", "ro"),
        ("", " ESPAÑOL. ", "es"),
        ("", "French", "fr"),
        ("", "English", "en"),
        ("", "German and English", "en"),
        ("", "Klingon", "en"),
        ("", "", "en"),
        ("fr", "Deutsch", "fr"),
    ],
)
def test_the_language_is_that_of_the_setting_or_the_briefs(setting: str, language: str, expected: str) -> None:
    assert sentences.chosen(setting, language).code == expected


def test_the_guide_goes_on_in_the_language_that_was_answered(bench: Workbench, case: str) -> None:
    guide, german = Guide(bench), tables()["de"]
    for answer in ("Mails beantworten", "Kunden", "Duzen", "baseline"):
        guide.say(case, answer)
    reply = guide.say(case, "Deutsch")
    assert asks(reply, "tone", german)
    assert reply.suggestions[-4:] == ("Überspringen", "Zurück", "Warum", "Weiter")
    assert asks(guide.say(case, "Zurück"), "language"), "without the answer it is English again"


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_whole_interview_in_every_language(tmp_path: Path, code: str) -> None:
    bench, _ = open_bench(tmp_path / "run", guide_language=code)
    guide, table, case = Guide(bench), tables()[code], interview.new(bench.store, "Tea").id
    said = [guide.opening(case).text]
    for name in FIRST_FIELDS:
        said.append(guide.say(case, table.questions[name].suggestions[0]).text)
    said += [
        guide.say(case, table.label(word)).text for word in ("baseline", "summary", "status", "help", "why", "next")
    ]
    brief = bench.store.case(case).brief
    assert brief.goal == table.questions["goal"].suggestions[0]
    assert not brief.missing
    assert not [text for text in said if "{" in text]
    assert table.questions["language"].text in said[4]
    bench.close()
