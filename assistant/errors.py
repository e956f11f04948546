"""One kind of error for everything the user can fix: a sentence and a remedy. Anything else is a bug."""

from __future__ import annotations

from tools.trainer import ToolError


class AttuneError(ToolError):
    """`sentence` says what is wrong, `remedy` what to do about it. Faces show both and never a traceback."""
