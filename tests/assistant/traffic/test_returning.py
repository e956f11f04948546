"""The automatic return, in a real record: what is counted, what brings the earlier variant back, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant import variants
from assistant.conversations import gestures
from assistant.errors import AttuneError
from assistant.record.types import QUOTE, Turn, Variant
from assistant.stages import baseline, switch
from assistant.traffic import returning, watch
from assistant.workbench import Workbench
from tests.assistant import material
from tools.trainer import ToolError

CASE = "plants"
WHY = "to see how real questions are answered"


@dataclass
class Desk:
    """A case whose documents are quoted, and a tuned model that is not on this machine."""

    bench: Workbench
    quote: Variant
    tuned: Variant

    def answer(self, variant: Variant, text: str = "How often does the monstera want water?") -> Turn:
        """Ask in a new conversation; the answer is kept as said by the variant."""
        asked = gestures.ask(self.bench.store, CASE, text)
        with watch.answering(self.bench.chat, variant, str(asked.conversation), kept=True):
            reply = self.bench.chat.reply(variant, [{"role": "user", "content": text}])
            for _ in reply:
                pass
            kept = gestures.keep(self.bench.store, asked, variant, reply)
        assert kept is not None
        return kept

    def said(self, variant: Variant) -> Turn:
        """An answer as if the variant had given it, in a new conversation."""
        asked = gestures.ask(self.bench.store, CASE, "How often does the monstera want water?")
        return self.bench.store.add_turn(asked.conversation, asked.id, "assistant", "Often.", variant=variant.id)

    def fail(self, variant: Variant) -> None:
        with pytest.raises(ToolError):
            self.answer(variant)

    @property
    def kinds(self) -> list[str]:
        return [row.kind for row in self.bench.store.switches(CASE)]

    @property
    def active(self) -> Variant:
        return switch.active(self.bench.store, self.bench.settings, CASE)

    def to_tuned(self, share: int = 100) -> None:
        switch.run(self.bench.store, CASE, self.tuned.id, reason=WHY, force=True, share=share)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings, store = material.new_case(tmp_path / "run", embedding="lexical")
    material.add_documents(settings, store)
    baseline.run(store, settings, CASE)
    switch.run(store, CASE, QUOTE)
    gone = str(tmp_path / "gone")
    tuned = variants.identified(Variant(CASE, "tuned", "local", gone, "Help.", job=1))
    bench = material.opened(settings, store)
    yield Desk(bench, switch.active(store, settings, CASE), store.add_variant(tuned))
    bench.close()


def test_a_model_that_fails_gives_way_to_the_one_before(desk: Desk) -> None:
    for _ in range(20):
        desk.answer(desk.quote)
    desk.to_tuned()
    failures = 0
    while desk.active == desk.tuned:
        desk.fail(desk.tuned)
        failures += 1
        assert failures < 10
    assert desk.active == desk.quote
    row = desk.bench.store.switches(CASE)[-1]
    assert (row.kind, row.by) == ("return", returning.BY)
    assert (
        row.reason
        == f"answers of 'tuned' failed in {failures} of {failures} conversations, those of 'quote' in 0 of 20"
    )
    assert returning.told(desk.bench.store, CASE) == f"'quote' answers again: {row.reason}."
    assert desk.answer(switch.answering(desk.bench.store, desk.bench.settings, CASE, 1)).content


def test_many_errors_of_one_conversation_are_one(desk: Desk) -> None:
    for _ in range(20):
        desk.answer(desk.quote)
    desk.to_tuned()
    for _ in range(10):
        with pytest.raises(ToolError), watch.answering(desk.bench.chat, desk.tuned, "1"):
            desk.bench.chat.warm(desk.tuned)
    assert desk.active == desk.tuned
    assert desk.bench.store.failures(CASE, desk.tuned.id) == [1.0]


def test_nothing_is_taken_back_while_neither_answers(desk: Desk) -> None:
    other = variants.identified(Variant(CASE, "prompt", "local", f"{desk.tuned.model}-too", "Help."))
    dead = desk.bench.store.add_variant(other)
    switch.run(desk.bench.store, CASE, dead.id)
    for _ in range(20):
        desk.said(dead)  # it did answer, before its engine ended
    desk.to_tuned()
    for _ in range(12):
        desk.fail(desk.tuned)
    assert desk.active == desk.tuned
    assert "return" not in desk.kinds
    assert "neither answers" in returning.told(desk.bench.store, CASE)


def test_rejected_answers_bring_the_one_before_back(desk: Desk) -> None:
    store = desk.bench.store
    desk.to_tuned(share=50)
    for number in range(12):
        gestures.approve(store, desk.said(desk.quote).id)
        if desk.active == desk.tuned:
            gestures.reject(store, desk.said(desk.tuned).id)
        assert number < 11 or desk.active == desk.quote
    assert "were rejected in" in store.switches(CASE)[-1].reason
    assert desk.kinds.count("return") == 1


def test_equal_thumbs_change_nothing(desk: Desk) -> None:
    store = desk.bench.store
    desk.to_tuned(share=50)
    for number in range(30):
        for variant in (desk.quote, desk.tuned):
            turn = desk.said(variant)
            gestures.reject(store, turn.id) if number % 3 == 0 else gestures.approve(store, turn.id)
    assert desk.active == desk.tuned


def test_an_edited_answer_counts_half_and_one_that_nobody_judged_not_at_all(desk: Desk) -> None:
    store = desk.bench.store
    first, second, _ = (desk.said(desk.quote) for _ in range(3))
    gestures.edit(store, first.id, "Once a week.")
    gestures.reject(store, second.id)
    again = store.add_turn(second.conversation, second.parent, "assistant", "Weekly.", variant=desk.quote.id)
    assert store.complaints(CASE, desk.quote.id) == [0.5, 1.0]
    gestures.approve(store, again.id)
    assert store.complaints(CASE, desk.quote.id) == [0.5, 0.5]
    gestures.undo(store, second.id)
    assert store.complaints(CASE, desk.quote.id) == [0.5, 0.0]


def test_what_was_before_a_try_is_not_counted_while_shares_are_compared(desk: Desk) -> None:
    store = desk.bench.store
    for _ in range(5):
        gestures.reject(store, desk.said(desk.quote).id)
    desk.to_tuned(share=50)
    gestures.approve(store, desk.said(desk.quote).id)
    found = returning.compared(store, CASE)
    assert found is not None
    assert found.rejected == ([], [0.0])
    desk.to_tuned()
    found = returning.compared(store, CASE)
    assert found is not None
    assert found.rejected == ([], [1.0] * 5 + [0.0])


def test_an_untrained_variant_chosen_for_all_is_not_watched(desk: Desk) -> None:
    switch.run(desk.bench.store, CASE, "prompt")
    assert returning.compared(desk.bench.store, CASE) is None
    switch.undo(desk.bench.store, CASE)
    switch.run(desk.bench.store, CASE, "prompt", share=20)
    assert returning.compared(desk.bench.store, CASE) is not None


def test_somebody_who_switches_meanwhile_is_not_overruled(desk: Desk) -> None:
    """The test has run when another switch comes in: the record of now decides."""
    store = desk.bench.store
    desk.to_tuned()
    found = returning.compared(store, CASE)
    assert found is not None
    switch.run(store, CASE, "prompt")
    assert returning._bring_back(store, CASE, found, "because") is None
    assert desk.active.name == "prompt"


def test_an_override_needs_a_reason_that_is_kept(desk: Desk) -> None:
    store = desk.bench.store
    before = store.switches(CASE)
    for reason in ("", "why not"):
        with pytest.raises(AttuneError, match="a reason of at least three words"):
            switch.run(store, CASE, "tuned", reason=reason, force=True)
    with pytest.raises(AttuneError, match="Nothing has been measured"):
        switch.run(store, CASE, "tuned", reason=WHY)
    assert store.switches(CASE) == before
    assert switch.run(store, CASE, "tuned", reason=WHY, force=True).reason == f"overridden: {WHY}"


@pytest.mark.parametrize("share", [0, -1, 101, "half"])
def test_a_share_is_a_number_from_1_to_100(desk: Desk, share: int) -> None:
    with pytest.raises(AttuneError, match="is not possible"):
        switch.run(desk.bench.store, CASE, "prompt", share=share)


def test_a_share_leaves_the_rest_to_somebody(tmp_path: Path) -> None:
    settings, store = material.new_case(tmp_path / "run")
    made = variants.plain(store, settings, CASE)
    with pytest.raises(AttuneError, match="no other variant"):
        switch.run(store, CASE, made.id, share=10)


def test_the_baseline_is_built_without_touching_a_try(desk: Desk) -> None:
    store, settings = desk.bench.store, desk.bench.settings
    desk.to_tuned(share=10)
    before = store.switches(CASE)
    baseline.run(store, settings, CASE)
    assert store.switches(CASE) == before
    assert switch.shares(store, settings, CASE) == {desk.tuned.id: 10, desk.quote.id: 90}
    switch.undo(store, CASE)
    assert switch.shares(store, settings, CASE) == {desk.quote.id: 100}
