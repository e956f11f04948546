"""The Gradio interface: it shows what the record says, calls stages and the guide, and decides nothing."""

from assistant.faces.ui.build import build

__all__ = ["build"]
