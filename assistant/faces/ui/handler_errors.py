"""What happens when a handler fails: what the user can fix is said in a sentence, the rest is logged."""

from __future__ import annotations

import functools
import html
import logging
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from tools.trainer import ToolError

OURS = "Something went wrong in Attune. The details are in the log, and nothing of yours was lost. Try again."
log = logging.getLogger(__name__)


def told(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler that shows a warning instead of failing, and then changes nothing on the screen."""
    silent = getattr(handler, "__annotations__", {}).get("return") == "None"  # it is wired to no output

    @functools.wraps(handler)
    def safe(*values: Any, **named: Any) -> Any:
        try:
            return handler(*values, **named)
        except Exception as error:
            warn(error)
            return None if silent else gr.skip()

    return safe


def told_stream(handler: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """The same for a handler that yields."""

    @functools.wraps(handler)
    def safe(*values: Any, **named: Any) -> Iterator[Any]:
        yield gr.skip()  # a generator that yields nothing would empty its outputs
        try:
            yield from handler(*values, **named)
        except Exception as error:
            warn(error)

    return safe


def warn(error: Exception) -> None:
    """Show the error: sentence and remedy of one that can be fixed, else one plain sentence and a log entry."""
    if isinstance(error, ToolError):
        gr.Warning(html.escape(str(error)), duration=12)
    else:
        log.error("a handler of the interface failed", exc_info=error)
        gr.Warning(OURS)
