"""The whole screen, put together from its panels."""

from __future__ import annotations

from typing import Any

import gradio as gr

from assistant.faces.ui import safe_html, style
from assistant.faces.ui.chat.chat_tab import ChatTab
from assistant.faces.ui.data.dataset_tab import DatasetTab
from assistant.faces.ui.data.documents_tab import DocumentsTab
from assistant.faces.ui.guide.brief_form import BriefForm
from assistant.faces.ui.guide.guide_model import GuideModel
from assistant.faces.ui.guide.guide_panel import GuidePanel
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.result.compare_tab import CompareTab
from assistant.faces.ui.session import QUIET, Session
from assistant.faces.ui.top import Top
from assistant.faces.ui.train.training_tab import TrainingTab
from assistant.workbench import Workbench

PANELS: dict[str, tuple[str, Any]] = {
    "chat": ("Chat", ChatTab),
    "brief": ("Brief", BriefForm),
    "documents": ("Documents", DocumentsTab),
    "dataset": ("Dataset", DatasetTab),
    "training": ("Training", TrainingTab),
    "compare": ("Compare", CompareTab),
}
# Between two looks of Gradio's queue for an event. Left to itself it looks a thousand times a second, which took 4.5 %
# of a core of an idle machine, for ever.
LOOK_SECONDS, PROGRESS_SECONDS = 0.02, 0.2


def build(bench: Workbench) -> gr.Blocks:
    """The interface over an open workbench. Everything shown is derived from its record when the page loads."""
    with gr.Blocks(title="Attune", analytics_enabled=False, fill_width=True) as blocks:
        session = Session()
        remembered = gr.BrowserState("", storage_key="attune-case", secret="attune")  # a case's name is no secret
        top = Top(bench, session)
        with gr.Row(elem_id="work"):
            with gr.Column(scale=5, min_width=320), gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
                panels = [_panel(name, title, kind, bench, session) for name, (title, kind) in PANELS.items()]
            with gr.Column(scale=3, min_width=300, elem_id="aside"):
                guide = GuidePanel(bench, session)
                model = GuideModel(bench)
        top.wire(remembered)
        guide.wire()
        model.wire(blocks)
        for panel in panels:
            panel.wire()
        blocks.load(told(top.open), remembered, [session.case, top.chooser], **QUIET)
    return blocks


def mount(app: Any, bench: Workbench, path: str = "/") -> Any:
    """Put the interface on a FastAPI app, with its looks. Returns the app."""
    blocks = build(bench)
    blocks.queue(default_concurrency_limit=16)
    blocks._queue.sleep_when_free = LOOK_SECONDS
    blocks._queue.progress_update_sleep_when_free = PROGRESS_SECONDS
    app.add_middleware(safe_html.Policy)
    password = bench.settings.password.get_secret_value()
    return gr.mount_gradio_app(
        app,
        blocks,
        path,
        theme=style.theme(),
        css=style.CSS,
        head=style.HEAD,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=f"{bench.settings.max_upload_mb:g}mb",
        ssr_mode=False,
        pwa=False,
        auth=("attune", password) if password else None,
    )


def _panel(name: str, title: str, kind: Any, bench: Workbench, session: Session) -> Any:
    with gr.Tab(title, id=name, elem_id=f"tab-{name}") as tab:
        made = kind(bench, session)
    tab.select(None, None, session.panel, js=f"() => {name!r}", **QUIET)
    return made
