"""The whole screen, as it is mounted."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from assistant.faces.ui.build import LOOK_SECONDS, PROGRESS_SECONDS, mount
from assistant.settings import Settings
from assistant.workbench import open_workbench


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
