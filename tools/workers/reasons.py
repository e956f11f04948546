"""Why a run failed, in one sentence for its user; the traceback is in the log."""

from __future__ import annotations

import errno

from tools.trainer import ToolError


def explain(error: Exception) -> str:
    """One sentence, with a remedy where there is one."""
    text = " ".join(str(error).split())[:300]
    lower = text.lower()
    if isinstance(error, ToolError):
        return text
    if isinstance(error, MemoryError) or "out of memory" in lower or "can't allocate memory" in lower:
        return "Memory ran out: use a smaller batch, a shorter window or a smaller model."
    if getattr(error, "errno", None) == errno.ENOSPC or "no space left" in lower:
        return "The disk is full: free some space, then resume."
    if type(error).__name__ == "NotANumber":
        return f"{text}: lower the learning rate."
    if "transformers does not recognize" in lower or "unrecognized configuration" in lower:
        return f"This model's architecture cannot be loaded by the installed transformers: {text}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
