"""What one browser tab holds, and how its panels learn that something changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from assistant.faces.ui.handler_errors import told

# No endpoint of the interface is part of the public API, and no panel is greyed out while it refreshes.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def news() -> int:
    """A value that `changed` never had. Counting up, two events that end together would write the same one, and the
    panels would hear of the first only."""
    return time.monotonic_ns()


class Session:
    """The case of this tab, the panel in front, and a value that is another one whenever the record changed."""

    def __init__(self) -> None:
        self.case = gr.State("")
        # Kept by the page: it is what is in front. On the server two that are opened shortly one after the other could
        # come in the wrong order, the first being the one that Gradio opens with the page.
        self.panel = gr.Textbox("chat", show_label=False, container=False, visible="hidden")
        self.changed = gr.State(0)

    def after(self, event: Any) -> Any:
        """Let every panel in sight look at the record again once `event` is done."""
        return event.then(news, None, self.changed, **QUIET)

    def always(self, show: Callable[..., Any], outputs: Sequence[Any]) -> None:
        """Keep `outputs` = show(case) up to date whatever panel is in front."""
        gr.on([self.case.change, self.changed.change], told(show), self.case, list(outputs), **QUIET)

    def in_front(self, panel: str, show: Callable[..., Any], outputs: Sequence[Any]) -> None:
        """Keep `outputs` = show(case) up to date while `panel` is in front: a hidden panel costs nothing."""

        def when_seen(case: str, front: str) -> Any:
            return show(case) if case and front == panel else gr.skip()

        triggers = [self.case.change, self.changed.change, self.panel.change]
        gr.on(triggers, told(when_seen), [self.case, self.panel], list(outputs), **QUIET)
