"""Fenced blocks of Markdown: what a model puts around code and JSON."""

from __future__ import annotations

import re

# An opening without its end reaches to the end of the text: the answer was cut.
_FENCE = re.compile(
    r"^[ \t>]*+(?P<mark>`{3,}+|~{3,}+)[^\n]*+\n(?P<inside>.*?)(?:^[ \t>]*(?P=mark)[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)


def blocks(text: str) -> list[str]:
    """What stands in the fences of a text, in its order."""
    return [found["inside"] for found in _FENCE.finditer(text)]


def only_block(text: str) -> str | None:
    """What stands in a fence where nothing but that fence is there; else None."""
    found = _FENCE.match(text.strip())
    return found["inside"] if found and found.end() == len(text.strip()) else None
