"""A range of seconds, gigabytes or dollars in words."""

from __future__ import annotations

from tools.trainer import Range


def duration(seconds: Range) -> str:
    unit, size = next(
        (u, s) for u, s in (("hours", 3600), ("minutes", 60), ("seconds", 1)) if seconds.high >= 1.5 * s or s == 1
    )
    return f"{span(Range(seconds.low / size, seconds.high / size))} {unit}"


def span(found: Range) -> str:
    low, high = (
        f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0") for value in (found.low, found.high)
    )
    return low if low == high else f"{low} to {high}"
