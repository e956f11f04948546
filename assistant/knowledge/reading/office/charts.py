"""Charts of Word and PowerPoint -> their title and the table of values that is stored with them."""

from __future__ import annotations

from typing import Any

from assistant.knowledge.reading.office.parts import local, parsed, texts
from assistant.knowledge.reading.tables import cell, table

_NAMES, _VALUES = ("cat", "xVal"), ("val", "yVal")


def chart(data: bytes) -> str:
    """Markdown of a chart's XML; nothing where no values are stored with it."""
    root = parsed(data)
    title = cell("".join(text for one in list(root.iter("{*}title"))[:1] for text in texts(one, "t")))
    series = list(root.iter("{*}ser"))
    columns = [_points(one, _VALUES) for one in series]
    names: dict[int, str] = {}
    for one in series:
        names = {**_points(one, _NAMES), **names}
    places = sorted({place for column in columns for place in column})
    if not places:
        return ""
    heads = [_name(one) or title or f"Series {number}" for number, one in enumerate(series, start=1)]
    rows = [["", *heads], *([names.get(at, str(at + 1)), *(column.get(at, "") for column in columns)] for at in places)]
    return f"Chart: {title}\n\n{table(rows)[0]}" if title else f"Chart:\n\n{table(rows)[0]}"


def _name(series: Any) -> str:
    """What a series is called."""
    return cell(" ".join(text for one in series if local(one) == "tx" for text in texts(one, "v")))


def _points(series: Any, tags: tuple[str, ...]) -> dict[int, str]:
    """The stored points of a series by their place. Categories of several levels are joined, the outer one first."""
    found: dict[int, str] = {}
    for held in series:
        if local(held) not in tags:
            continue
        levels = list(held.iter("{*}lvl"))
        for level in reversed(levels) if levels else [held]:
            for point in level.iter("{*}pt"):
                at, text = int(point.get("idx") or 0), cell(" ".join(texts(point, "v")))
                text = _number(text) if local(held) in _VALUES else text
                found[at] = f"{found[at]} {text}" if at in found else text
    return found


def _number(text: str) -> str:
    """A stored number without the digits that binary fractions add."""
    try:
        short = f"{float(text):.10g}"
    except ValueError:
        return text
    return text if "e" in short else short
