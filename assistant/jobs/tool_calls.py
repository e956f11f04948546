"""What becomes of tool calls in a run's rows, told before it starts."""

from __future__ import annotations

from pathlib import Path

from tools.chat_rows import calls
from tools.engine import templates
from tools.trainer import TrainRequest


def told(request: TrainRequest) -> str:
    """A sentence for whoever decides about the run; empty where no row calls a tool."""
    rows = request.train or [one.prompt for one in request.preferences]
    calling = sum(bool(calls(row)) for row in rows)
    if not calling:
        return ""
    count, base = f"{calling} of {len(rows)} rows call tools", Path(request.base)
    if not base.is_dir():
        return f"{count}: they are learned as the chat template of {request.base} shows them."
    if templates.calls_shown_by(base):
        return f"{count}, and the calls are learned with the rest."
    return f"{count}, but the chat template of {base.name} cannot show calls: those answers are not learned."
