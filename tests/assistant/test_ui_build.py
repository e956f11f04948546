"""The whole screen, as it is mounted."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest
from fastapi import FastAPI

from assistant.faces.ui.build import LOOK_SECONDS, PROGRESS_SECONDS, mount
from assistant.faces.ui.told import told
from assistant.settings import Settings
from assistant.workbench import open_workbench
from tools.trainer import ToolError


def test_the_queue_looks_for_events_less_often_than_gradio_would(tmp_path: Path) -> None:
    with gr.Blocks() as plain:
        gr.Button()
    usual = plain.queue()._queue
    assert usual.sleep_when_free < LOOK_SECONDS  # no longer so: our setting can go
    assert usual.progress_update_sleep_when_free < PROGRESS_SECONDS
    bench = open_workbench(Settings(data=tmp_path / "run", embedding="lexical"))
    apps = [getattr(route, "app", None) for route in mount(FastAPI(), bench).routes]
    (queue,) = [app.get_blocks()._queue for app in apps if hasattr(app, "get_blocks")]
    assert (queue.sleep_when_free, queue.progress_update_sleep_when_free) == (LOOK_SECONDS, PROGRESS_SECONDS)
    bench.close()


@pytest.mark.filterwarnings("ignore::UserWarning")  # outside a page a warning of Gradio is one of Python
def test_a_handler_that_fails_gives_what_its_outputs_take(caplog: pytest.LogCaptureFixture) -> None:
    """Gradio warns in the terminal of a value for which there is no output, and empties an output that gets None."""

    def shown(fails: bool) -> str:
        if fails:
            raise ToolError("It is not there.")
        return "there"

    def silent(fails: bool) -> None:
        if fails:
            raise ZeroDivisionError

    assert told(shown)(False) == "there"
    assert told(shown)(True) == gr.skip()
    assert told(lambda: shown(True))() == gr.skip()
    assert told(silent)(True) is None
    assert "a handler of the interface failed" in caplog.text
