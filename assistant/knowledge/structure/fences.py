"""Fenced code, by CommonMark's rules: what opens a fence, and which lines lie in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^\s*(`{3,}(?=[^`]*$)|~{3,})")  # with another backtick in its line it is code within that line


@dataclass(frozen=True)
class Fences:
    """`inside`: for each line whether it is fenced, the fences included. `open`: where blocks that are never closed
    end, as numbers of the lines after them."""

    inside: list[bool]
    open: list[int]


def opens(line: str) -> str:
    """The marks of the fence that a line opens; nothing where it opens none."""
    found = _FENCE.match(line)
    return found[1] if found else ""


def closes(line: str, fence: str) -> bool:
    """Whether a line ends what `fence` opened: the same mark, as often at least, and nothing else."""
    bare = line.strip()
    return bool(fence) and len(bare) >= len(fence) and not bare.strip(fence[0])


def of(lines: Sequence[str]) -> Fences:
    """The fenced blocks of a text. One that is never closed ends at the first empty line, lest it swallow the rest."""
    found = Fences([False] * len(lines), [])
    unclosed: dict[str, int] = {}  # mark -> how long a fence of it is never closed from here on
    at = 0
    while at < len(lines):
        fence = opens(lines[at])
        if not fence:
            at += 1
            continue
        end = _end(lines, at, fence) if len(fence) < unclosed.get(fence[0], len(fence) + 1) else None
        if end is None:
            unclosed[fence[0]] = len(fence)
            end = next((below for below in range(at, len(lines)) if not lines[below].strip()), len(lines))
            found.open.append(end)
        found.inside[at:end] = [True] * (end - at)
        at = end
    return found


def _end(lines: Sequence[str], start: int, fence: str) -> int | None:
    """The number of the line after the block's last one; None where nothing closes it."""
    return next((at + 1 for at in range(start + 1, len(lines)) if closes(lines[at], fence)), None)
