"""The Gradio interface: it shows what the record says, calls stages and the guide, and decides nothing.

Here: the page. Not here: what it shows; that is asked of stages and guide.
"""

import sys

# Gradio loads the MCP SDK wherever that is installed, for a feature of its own that Attune does not use, and the start
# would be a fifth slower. So Gradio does not find it; `attune mcp` serves without Gradio.
_HIDE = "mcp" not in sys.modules
if _HIDE:
    sys.modules["mcp"] = None  # type: ignore[assignment]
try:
    from assistant.faces.ui.page import build
finally:
    if _HIDE:
        del sys.modules["mcp"]

__all__ = ["build"]
