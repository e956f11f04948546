"""What messages mean, and the glossary and red flags that answer them."""

from __future__ import annotations

import pytest

from assistant.guide import facts, flags, terms, wording
from assistant.record.types import BRIEF_QUESTIONS


@pytest.mark.parametrize(
    ("text", "asked", "kind"),
    [
        ("Yes.", "goal", "yes"),
        ("ok", "", "yes"),
        ("No, thanks", "", "no"),
        ("nothing special", "must", "nothing"),
        ("skip", "tone", "skip"),
        ("I don’t know", "tone", "skip"),
        ("not sure yet", "tone", "skip"),
        ("skip the rest", "tone", "skip_all"),
        ("go back", "tone", "back"),
        ("back", "tone", "back"),
        ("Why do you ask?", "tone", "why"),
        ("but why not?", "", "why"),
        ("Where are we?", "tone", "status"),
        ("what's next?", "", "next"),
        ("what should I do now?", "", "next"),
        ("undo", "", "undo"),
        ("roll back the last switch", "", "undo"),
        ("go back to the old model", "", "undo"),
        ("Can we go back?", "tone", "back"),
        ("go back to the tone", "format", "ask"),
        ("What is my tone?", "", "ask"),
        ("I changed my mind about the tone", "format", "ask"),
        ("what did I say about users?", "", "ask"),
        ("What do you mean?", "success", "clarify"),
        ("For example?", "success", "clarify"),
        ("I don't understand the question", "success", "clarify"),
        ("start over", "", "restart"),
        ("I'd rather not say", "costs", "skip"),
        ("can I skip this one?", "tone", "skip"),
        ("undo that", "", "undo"),
        ("sure, go ahead and build it", "", "yes"),
        ("Yes, warm and friendly", "tone", "answer"),
        ("ok, thanks", "", "thanks"),
        ("who are you?", "", "question"),
        ("train", "", "train"),
        ("Please start the training now!", "", "train"),
        ("let's fine-tune", "", "train"),
        ("run the evaluation", "", "evaluate"),
        ("switch to the new model", "", "switch"),
        ("deploy it", "", "switch"),
        ("build the baseline", "", "baseline"),
        ("ok, please build the data set now", "", "dataset"),
        ("How do I add documents?", "", "documents"),
        ("stop the training", "", "cancel"),
        ("hello", "", "hello"),
        ("What did you understand?", "", "summary"),
        ("what can you do?", "goal", "help"),
        ("explain LoRA", "goal", "explain"),
        ("What is a LoRA adapter?", "", "explain"),
        ("How long does it take?", "", "question"),
        # answers that merely look like something else
        ("Train our new colleagues on the phone system", "goal", "answer"),
        ("The answers should be shorter", "goal", "answer"),
        ("The tone is an issue: our users are angry", "goal", "answer"),
        ("A test of ten mails", "success", "answer"),
        ("Would a colleague send it unchanged?", "success", "answer"),
        ("Status of the order first", "format", "answer"),
        ("Never promise a date", "must_not", "answer"),
        ("Skip the pleasantries", "tone", "answer"),
        ("Explain the next step", "must", "answer"),
        ("Undo our legalese", "goal", "answer"),
    ],
)
def test_a_message_is_read(text: str, asked: str, kind: str) -> None:
    assert wording.read(text, asked).kind == kind


@pytest.mark.parametrize(
    ("text", "asked", "facts"),
    [
        ("tone: warm; format: two sentences", "", {"tone": "warm", "format": "two sentences"}),
        ("tone: warm, language: English", "", {"tone": "warm", "language": "English"}),
        ("Tone = warm\nMust not: promise a date", "", {"tone": "warm", "must_not": "promise a date"}),
        ("Sort mails. Users: our team", "goal", {"goal": "Sort mails", "users": "our team"}),
        ("Actually, the tone should be formal.", "format", {"tone": "formal"}),
        ("sorry, the users are colleagues", "tone", {"users": "colleagues"}),
        ("change the goal to sort mails", "goal", {"goal": "sort mails"}),
        ("set language to German!", "", {"language": "German"}),
        ("the tone is friendly", "tone", {"tone": "friendly"}),
        ("the goal is wrong, it should be to sort mails", "tone", {"goal": "to sort mails"}),
        ("Length: two sentences", "format", {"format": "Length: two sentences"}),
        ("it must never mention prices", "", {"must_not": ["mention prices"]}),
        ("it must also cite the source", "", {"must": ["cite the source"]}),
        ("also never use emojis", "tone", {"must_not": ["use emojis"]}),
    ],
)
def test_facts_and_corrections_are_read(text: str, asked: str, facts: dict[str, object]) -> None:
    found = wording.read(text, asked)
    assert found.kind == "facts"
    assert found.facts == facts


def test_one_message_tells_many_facts() -> None:
    found = facts.find(
        "we run a bike shop, customers mail us in german and english, answers should be short and friendly and never "
        "promise delivery dates, roughly 800 mails a month, nothing may leave our machine",
        "goal",
    )
    assert found is not None
    assert found.rest == ""  # who they are is not yet what the assistant should do
    assert found.told == {
        "users": ["customers (we run a bike shop)"],
        "language": ["german and english"],
        "format": ["short and friendly"],
        "tone": ["short and friendly"],
        "must_not": ["promise delivery dates"],
        "benefits": ["roughly 800 mails a month"],
        "costs": ["nothing may leave our machine"],
    }


@pytest.mark.parametrize(
    ("text", "asked", "rest", "told"),
    [
        (
            "subscribers, and must always include the cancel link",
            "users",
            "subscribers",
            {"must": ["include the cancel link"]},
        ),
        ("employees. oh and they write in english or hindi", "users", "employees.", {"language": ["english or hindi"]}),
        (
            "answer mails in German and it shoud nevr be longer than a page",
            "goal",
            "answer mails in German",
            {"language": ["German"], "must_not": ["be longer than a page"]},
        ),
        (
            "Nothing tried. Budget is 250 pounds. About six shows a year.",
            "alternatives",
            "Nothing tried.",
            {"costs": ["250 pounds"], "benefits": ["About six shows a year"]},
        ),
        ("sort our mails. the users are colleagues", "goal", "sort our mails.", {"users": "colleagues"}),
    ],
)
def test_what_belongs_elsewhere_goes_there(text: str, asked: str, rest: str, told: dict[str, object]) -> None:
    found = facts.find(text, asked)
    assert found is not None
    assert found.rest == rest
    assert {name: [value] if isinstance(value, str) else value for name, value in found.told.items()} == {
        name: [value] if isinstance(value, str) else value for name, value in told.items()
    }


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("mention prices in dollars", "must_not"),
        ("at least 95 % in the right format, 5 complaints a month", "success"),
        ("Use the tone of the shop. Never promise a date.", "examples"),
        ("promise dates or discounts", "must_not"),
        ("We would like every answer to follow one structure", "goal"),
        ("1000 dollars once, then 50 a month", "costs"),
        ("positive, negative, neutral", "format"),
        ("Like Marie: direct, funny, never formal", "tone"),
    ],
)
def test_an_answer_is_not_torn_apart(text: str, asked: str) -> None:
    found = facts.find(text, asked)
    assert found is None or not found.told


@pytest.mark.parametrize(
    ("text", "asked", "kind"),
    [
        ("hmm no not really", "format", "nothing"),
        ("honestly no idea", "success", "skip"),
        ("idc", "format", "nothing"),
        ("none of your business", "costs", "skip"),
        ("That's not important, skip it", "alternatives", "skip"),
        ("I can't think of one", "examples", "skip"),
        ("no i dont have one", "examples", "nothing"),
        ("not right now, sorry", "bad_example", "nothing"),
        ("I don't know what such things cost", "costs", "skip"),
        ("can you sort our mails?", "goal", "answer"),
        ("Could you send me your order number?", "examples", "answer"),
    ],
)
def test_refusals_and_loose_answers_are_told_apart(text: str, asked: str, kind: str) -> None:
    assert wording.read(text, asked).kind == kind


@pytest.mark.parametrize(
    ("text", "asked", "answer"),
    [
        ("German. No wait, English", "language", "English"),
        ("yes: title, then steps", "format", "title, then steps"),
        ("ok english", "language", "english"),
        ("yes it must cite the source", "must", "it must cite the source"),
        ("Yes, you can freeze your card.", "examples", "Yes, you can freeze your card."),
    ],
)
def test_what_is_noted_is_what_was_meant(text: str, asked: str, answer: str) -> None:
    found = wording.read(text, asked)
    assert (found.text or found.facts.get(asked)) in (answer, [answer])


def test_every_field_has_a_name_to_say_it_by() -> None:
    assert tuple(wording.ALIASES) == BRIEF_QUESTIONS


def test_terms_are_found_by_their_names_misspelt_or_in_a_question() -> None:
    assert len(terms.glossary()) >= 25
    names = [word for term in terms.glossary() for word in term.words]
    assert len(names) == len(set(names))
    for said, name in (
        ("LoRA", "LoRA"),
        ("epochs", "epoch"),
        ("overfiting", "overfitting"),
        ("RAG", "retrieval"),
        ("the learning-rate", "learning rate"),
    ):
        found = terms.find(said.removeprefix("the "))
        assert found is not None, said
        assert found.name == name
    asked = terms.mentioned("how many examples do I need for this?")
    assert asked is not None
    assert asked.name == "how many examples"
    assert terms.find("flux capacitor") is None
    assert terms.mentioned("is it going to rain?") is None


def test_red_flags() -> None:
    brief = {
        "goal": "Tell customers what is in stock",
        "success": "never wrong",
        "benefits": "20 a month",
        "skipped": [],
    }
    assert set(flags.of_brief(brief)) == {"changing", "perfect", "rare"}
    assert (
        flags.of_brief({"goal": "Answer in our house style", "benefits": "A few hundred a month", "skipped": []}) == {}
    )
    assert flags.of_brief({"skipped": ["success"]}).keys() == {"unmeasured"}
    for field, text, name in (
        ("goal", "clean addresses. we only have 20 examples and won't get more", "few"),
        ("costs", "no money, and we have only a handful of examples", "few"),
        ("success", "it just feels right", "subjective"),
        ("alternatives", "rag with the handbook, works great already", "enough"),
        ("costs", "we want to fine-tune Claude, 500 dollars", "closed"),
        ("alternatives", "GPT-4.1 with 5 shots: F1 0.88", "retiring"),
    ):
        assert set(flags.of_brief({field: text, "skipped": []})) == {name}, text
    for field, text in (
        ("goal", "we have 340 examples"),
        ("success", "80% feel right to two editors"),
        ("benefits", "20 examples a day"),
        ("alternatives", "claude with a prompt, good but not us"),
        ("alternatives", "a prompt works in 4 of 5 cases"),
    ):
        assert flags.of_brief({field: text, "skipped": []}) == {}, text
    assert flags.of_data({"train": 16, "test": 4}).keys() == {"few"}
    assert flags.of_data({"train": 500, "test": 40}) == {}
    assert flags.of_data(None) == {}
