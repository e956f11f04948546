"""What messages mean, and the glossary and red flags that answer them."""

from __future__ import annotations

import pytest

from assistant.guide import flags, terms, wording
from assistant.record.types import BRIEF_QUESTIONS


@pytest.mark.parametrize(
    ("text", "asked", "kind"),
    [
        ("Yes.", "goal", "yes"), ("ok", "", "yes"), ("No, thanks", "", "no"), ("nothing special", "must", "nothing"),
        ("skip", "tone", "skip"), ("I don’t know", "tone", "skip"), ("not sure yet", "tone", "skip"),
        ("skip the rest", "tone", "skip_all"), ("go back", "tone", "back"), ("back", "tone", "back"),
        ("Why do you ask?", "tone", "why"), ("but why not?", "", "why"),
        ("Where are we?", "tone", "status"), ("what's next?", "", "next"), ("what should I do now?", "", "next"),
        ("undo", "", "undo"), ("roll back the last switch", "", "undo"), ("go back to the old model", "", "unclear"),
        ("Can we go back?", "tone", "back"), ("go back to the tone", "format", "ask"), ("What is my tone?", "", "ask"),
        ("I changed my mind about the tone", "format", "ask"), ("what did I say about users?", "", "ask"),
        ("What do you mean?", "success", "clarify"), ("For example?", "success", "clarify"),
        ("I don't understand the question", "success", "clarify"), ("start over", "", "restart"),
        ("I'd rather not say", "costs", "skip"), ("can I skip this one?", "tone", "skip"), ("undo that", "", "undo"),
        ("sure, go ahead and build it", "", "yes"), ("Yes, warm and friendly", "tone", "answer"),
        ("ok, thanks", "", "thanks"), ("who are you?", "", "question"),
        ("train", "", "train"), ("Please start the training now!", "", "train"), ("let's fine-tune", "", "train"),
        ("run the evaluation", "", "evaluate"), ("switch to the new model", "", "switch"), ("deploy it", "", "switch"),
        ("build the baseline", "", "baseline"), ("ok, please build the data set now", "", "dataset"),
        ("How do I add documents?", "", "documents"), ("stop the training", "", "cancel"), ("hello", "", "hello"),
        ("What did you understand?", "", "summary"), ("what can you do?", "goal", "help"),
        ("explain LoRA", "goal", "explain"), ("What is a LoRA adapter?", "", "explain"),
        ("How long does it take?", "", "question"),
        # answers that merely look like something else
        ("Train our new colleagues on the phone system", "goal", "answer"),
        ("The answers should be shorter", "goal", "answer"),
        ("The tone is an issue: our users are angry", "goal", "answer"), ("A test of ten mails", "success", "answer"),
        ("Would a colleague send it unchanged?", "success", "answer"),
        ("Status of the order first", "format", "answer"),
        ("Never promise a date", "must_not", "answer"), ("Skip the pleasantries", "tone", "answer"),
        ("Explain the next step", "must", "answer"), ("Undo our legalese", "goal", "answer"),
    ],
)  # fmt: skip
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


def test_every_field_has_a_name_to_say_it_by() -> None:
    assert tuple(wording.ALIASES) == BRIEF_QUESTIONS


def test_terms_are_found_by_their_names_misspelt_or_in_a_question() -> None:
    assert len(terms.glossary()) >= 25
    names = [word for term in terms.glossary() for word in term.words]
    assert len(names) == len(set(names))
    for said, name in (("LoRA", "LoRA"), ("epochs", "epoch"), ("overfiting", "overfitting"), ("RAG", "retrieval"),
                       ("the learning-rate", "learning rate")):  # fmt: skip
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
    assert flags.of_data({"train": 16, "test": 4}).keys() == {"few"}
    assert flags.of_data({"train": 500, "test": 40}) == {}
    assert flags.of_data(None) == {}
