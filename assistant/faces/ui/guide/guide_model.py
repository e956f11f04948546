"""The guide's model: which LLM the guide asks, chosen for this run of the app. The key stays in memory alone."""

from __future__ import annotations

from html import escape
from typing import Any

import gradio as gr
from pydantic import SecretStr

from assistant.errors import AttuneError
from assistant.faces.ui.handler_errors import told
from assistant.faces.ui.session import QUIET
from assistant.settings import Settings
from assistant.workbench import Workbench

ABOUT = (
    "Without a model the guide is a checklist: your whole message is the answer to its question. Any OpenAI-compatible "
    "server that calls tools makes it conversational; what you tell the guide then goes to that server. This holds "
    "until the app ends; `ATTUNE_GUIDE_BASE_URL`, `ATTUNE_GUIDE_MODEL` and `ATTUNE_GUIDE_API_KEY` set it for good."
)


class GuideModel:
    """Builds the folded part under the guide."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        with gr.Accordion("Guide's model", open=False, elem_id="guide-model"):
            gr.Markdown(ABOUT, elem_classes="quiet")
            self.now = gr.HTML(elem_id="guide-model-now")
            self.url = gr.Textbox(label="Address", placeholder="https://example.org/v1", elem_id="guide-url")
            self.model = gr.Textbox(label="Model", placeholder="Its name on the server", elem_id="guide-name")
            self.key = gr.Textbox(label="Key, if it needs one", type="password", elem_id="guide-key")
            with gr.Row():
                self.use = gr.Button("Use this model", size="sm", elem_id="use-guide-model")
                self.built_in = gr.Button("Use the built-in guide", size="sm", elem_id="use-built-in")

    def wire(self, blocks: gr.Blocks) -> None:
        outputs = [self.now, self.url, self.model, self.key]
        given = [self.url, self.model, self.key]
        gr.on([self.use.click, self.key.submit], told(self._use), given, outputs, **QUIET)
        self.built_in.click(told(self._built_in), None, outputs, **QUIET)
        blocks.load(told(self.show), None, outputs, **QUIET)

    def show(self) -> tuple[Any, ...]:
        """For [now, url, model, key]. A key that is set never goes back to the browser."""
        settings = self.bench.settings
        name, url = settings.guide_model, settings.guide_base_url
        now = f"<b>{escape(name)}</b> at {escape(url or 'OpenAI')}" if name else "the built-in guide"
        return f'<div class="quiet">Now: {now}</div>', url, name, ""

    def _use(self, url: str, model: str, key: str) -> tuple[Any, ...]:
        self.bench.settings = chosen(self.bench.settings, url, model, key)
        gr.Info(f"The guide asks {escape(self.bench.settings.guide_model)} from the next message on.")
        return self.show()

    def _built_in(self) -> tuple[Any, ...]:
        self.bench.settings = self.bench.settings.model_copy(update={"guide_model": ""})
        gr.Info("The built-in guide answers from the next message on.")
        return self.show()


def chosen(settings: Settings, url: str, model: str, key: str) -> Settings:
    """The settings with another LLM for the guide. Raises AttuneError for what cannot be one.

    A key that is set goes on being used at the address it was set for, and is sent to no other.
    """
    url, model, key = url.strip(), model.strip(), key.strip()
    if not model:
        raise AttuneError("The model has no name.", "Write the name that the server knows it by.")
    if url and not url.startswith(("http://", "https://")):
        raise AttuneError(f"'{url[:80]}' is not the address of a server.", "It begins with http:// or https://.")
    kept = settings.guide_api_key if url == settings.guide_base_url else SecretStr("")
    changes = {"guide_base_url": url, "guide_model": model, "guide_api_key": SecretStr(key) if key else kept}
    return settings.model_copy(update=changes)
