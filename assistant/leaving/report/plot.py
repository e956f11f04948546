"""A plot of means with intervals as SVG: drawn here, so that the page needs no script and prints sharply."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from assistant.leaving.report.figures import Figure

WIDTH, NAMES, VALUES = 640, 150, 60  # of the drawing, of the names at its left, of the figures at its right
ROW, HEAD, FOOT = 26, 8, 22
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def intervals(figures: Sequence[Figure], label: str) -> str:
    """Each figure a line from low to high with a dot at its mean, on a scale from 0 to 1. Colours come from the page.

    `label` and the values are its text alternative.
    """
    height = HEAD + ROW * len(figures) + FOOT
    said = "; ".join(f"{one.variant} {one.mean:.2f} ({one.low:.2f} to {one.high:.2f})" for one in figures)
    bottom = HEAD + ROW * len(figures)
    grid = "".join(
        f'<line class="grid" x1="{_x(at)}" y1="{HEAD}" x2="{_x(at)}" y2="{bottom}"/>'
        f'<text class="tick" x="{_x(at)}" y="{bottom + 15}" text-anchor="middle">{at:g}</text>'
        for at in _TICKS
    )
    rows = "".join(_row(one, HEAD + ROW * place + ROW / 2) for place, one in enumerate(figures))
    text = escape(f"{label}: {said}")
    return f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text}">{grid}{rows}</svg>'


def _row(one: Figure, y: float) -> str:
    low, high, mean = _x(one.low), _x(one.high), _x(one.mean)
    kind = "judged" if one.judged else "other"
    dot = (  # told apart without colour, too
        f'<circle class="dot" cx="{mean}" cy="{y}" r="6"/>'
        if one.judged
        else f'<rect class="dot" x="{mean - 5}" y="{y - 5}" width="10" height="10"/>'
    )
    return (
        f'<g class="{kind}"><text class="name" x="{NAMES - 10}" y="{y + 4}" text-anchor="end">'
        f'{escape(_short(one.variant))}</text><line class="reach" x1="{low}" y1="{y}" x2="{high}" y2="{y}"/>'
        f'{dot}<text class="value" x="{WIDTH - 4}" y="{y + 4}" text-anchor="end">{one.mean:.2f}</text></g>'
    )


def _x(value: float) -> float:
    inside = min(1.0, max(0.0, value))
    return round(NAMES + inside * (WIDTH - NAMES - VALUES), 1)


def _short(name: str, most: int = 20) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
