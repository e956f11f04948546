"""The panel of the checks: what it shows of a case, and what its buttons do to the record."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest

from assistant.evidence.checks import case_checks
from assistant.evidence.checks.assertion import make
from assistant.faces.ui.result.checks_panel import ChecksPanel
from assistant.faces.ui.session import Session
from assistant.record.types import Brief
from tests.assistant.material import new_case, opened, talk


@pytest.fixture
def panel(tmp_path: Path) -> ChecksPanel:
    made, store = new_case(tmp_path)
    brief = Brief(
        must=("No emoji", "Start with 'Hi > all'"), must_not=("Be <i>rude</i>",), success="95 % keep the format"
    )
    store.set_brief("plants", brief, "form")
    for number in range(3):
        store.import_conversation("plants", "import", talk(f"{number}?", "Yes, it is."))
    with gr.Blocks():
        panel = ChecksPanel(opened(made, store), Session())
        panel.wire()
    return panel


@pytest.mark.filterwarnings("ignore::UserWarning")  # outside a page a message of Gradio is a warning of Python
def test_the_panel(panel: ChecksPanel) -> None:
    store = panel.bench.store
    table, one, restore, suggest, left = panel.show("plants")
    assert "has no emoji" in table
    assert "3 of 3" in table
    assert "most approved answers fail it" in table  # none of them says Hi
    assert "Needed for a switch" in table
    assert "Hi &gt; all" in table
    assert "<i>rude" not in left
    assert "1 not checked" in left
    assert one.value == "no_emoji"
    assert not restore.visible
    assert not suggest.visible

    assert panel._add("plants", "max_words", "80") == ""
    panel._remove("plants", "no_emoji")
    assert [check.id for check in case_checks.of_case(store, "plants").checks] == ["max_words-80"]
    _, one, restore, *_ = panel.show("plants")
    assert (one.value, restore.visible) == ("max_words-80", True)
    panel._remove("plants", "max_words-80")
    assert panel.show("plants")[1].value is None
    panel._restore("plants")
    assert case_checks.of_case(store, "plants").checks == (make("no_emoji", text="No emoji", field="must"),)


def test_a_case_without_any(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    store.set_brief("plants", Brief(), "form")
    with gr.Blocks():
        table, _, _, _, left = ChecksPanel(opened(made, store), Session()).show("plants")
    assert "nothing that a rule can check" in table
    assert left == ""
