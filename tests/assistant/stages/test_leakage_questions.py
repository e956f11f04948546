"""Questions that are generated for the baseline hold nothing of what is tested on, whatever people did before."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from assistant.evidence import questions
from assistant.knowledge.prompt import shots
from assistant.record.store import Store
from assistant.record.trials import HELD_OUT, Asked
from assistant.record.types import Message
from assistant.stages import baseline
from tests.assistant.material import new_case, opened, variant
from tests.assistant.stages.test_leakage import CASE, QUESTIONS, Gestures, answered, asked, leaks

NEUTRAL = "# Opening\n\nThe glasshouse opens its green doors at seven in the morning."
SHAPES = (
    "# Notes\n\n{}.",
    "# Notes\n\nOur guide says this. {}. Ask the gardener.",
    "# Notes\n\nAnswer to {}.",
    "# Notes\n\n| Topic | Said |\n|---|---|\n| Entry | {} |",
    "# Notes\n\nIt was asked {} and somebody wrote down more about it.",
)
LONG = 6  # words from which a text inside another one is no chance


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def nearly(text: str) -> str:
    """The same text without its last word."""
    return text.rsplit(" ", 1)[0]


def found_in(made: Sequence[Asked], tested: Sequence[Sequence[Message]]) -> list[tuple[str, str]]:
    """What of the generated questions, their answers and evidence is, is nearly, or holds something tested.

    By counting, without an index."""
    texts = {text for one in made for text in (str(one.messages[0]["content"]), one.reference, one.evidence) if text}
    said = {str(message["content"]) for talk in tested for message in talk}
    alone: list[list[Message]] = [[{"role": "user", "content": text}] for text in said]
    near = leaks(([{"role": "user", "content": text}] for text in texts), [*tested, *alone])
    return near + [(a, b) for a in texts for b in said if len(plain(b).split()) >= LONG and plain(b) in plain(a)]


def add(store: Store, name: str, text: str) -> None:
    store.add_document(CASE, name, "markdown", text, hashlib.sha256(text.encode()).hexdigest())


class Papers(Gestures):
    """The same gestures, and documents and a brief that say what is asked or answered somewhere."""

    @initialize()
    def write_something_neutral(self) -> None:
        self.papers = 0
        self.examples: tuple[str, ...] = ()

    @rule(text=asked, shape=st.sampled_from(SHAPES), more=st.booleans())
    def write(self, text: str, shape: str, more: bool) -> None:
        """A new document, or a new version of the last one."""
        self.papers += more or not self.papers
        add(self.store, f"note{self.papers}.md", shape.format(text))

    @rule(which=st.integers(0, 999), shorter=st.booleans(), shape=st.sampled_from(SHAPES))
    def write_what_is_tested(self, which: int, shorter: bool, shape: str) -> None:
        """A document that says what was asked or answered in a held-out conversation, or nearly."""
        said = [str(message["content"]) for talk in self.tested() for message in talk]
        if said:
            self.write(nearly(said[which % len(said)]) if shorter else said[which % len(said)], shape, True)

    @rule(text=asked)
    def give_an_example(self, text: str) -> None:
        self.examples = (*self.examples, f"Answer to {text}.")
        self.store.set_brief(CASE, replace(self.store.case(CASE).brief, examples=self.examples), "file")

    @invariant()
    def nothing_tested_is_in_a_generated_question(self) -> None:
        if not hasattr(self, "papers"):
            return
        if not self.store.documents(CASE):
            add(self.store, "opening.md", NEUTRAL)
        tested = self.tested()
        every = baseline.to_ask(opened(self.made, self.store), CASE, variant())
        made = [one for one in every if one.origin != HELD_OUT]
        assert any("glasshouse" in one.reference for one in made)  # what is not tested on is asked about
        assert not found_in(made, tested)
        assert not found_in(self.worded_by_a_parrot(tested), tested)

    def tested(self) -> list[list[Message]]:
        return [*self.rows(self.frozen, "test"), *self.held]

    def worded_by_a_parrot(self, tested: Sequence[Sequence[Message]]) -> list[Asked]:
        """The questions of a model that asks what is held out, word for word, and answers with the whole passage."""
        first = next((str(message["content"]) for talk in tested for message in talk), "What is in the shed now")

        def ask(prompt: str) -> str:
            passage = prompt.split("====")[1].strip()
            return json.dumps({"question": f"{first.rstrip('?!. ')}?", "answer": passage.splitlines()[-1]})

        held = questions.HeldOut(shots.source(self.store, CASE, "").held_out)
        return questions.generate(self.store.documents(CASE), self.examples, held, ask=ask)


TestPapers = pytest.mark.timeout(900)(Papers.TestCase)
TestPapers.settings = settings(
    max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize(
    "text",
    [shape.format(said) for said, of in ((QUESTIONS[0], SHAPES), (nearly(QUESTIONS[0]), SHAPES[:4])) for shape in of],
)
def test_what_a_document_says_is_asked_until_it_is_tested_on(tmp_path: Path, text: str) -> None:
    made, store = new_case(tmp_path)
    add(store, "note.md", text)
    bench = opened(made, store)
    before = baseline.to_ask(bench, CASE, variant())
    held = [answered([QUESTIONS[0]])]
    assert found_in(before, held)  # so the check sees it
    store.import_conversation(CASE, "heldout", held[0])
    after = [one for one in baseline.to_ask(bench, CASE, variant()) if one.origin != HELD_OUT]
    assert not found_in(after, held)
