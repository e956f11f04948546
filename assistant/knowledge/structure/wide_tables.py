"""Tables whose head is too long to stand above every few rows: each row says the name of the column at every cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

_BORDER = re.compile(r"(?<!\\)\|")


def cells(row: str) -> list[str]:
    """The cells of a row; a bar with a backslash before it belongs to its cell."""
    return [cell.strip() for cell in _BORDER.split(row.strip().removeprefix("|").removesuffix("|"))]


def spelled_out(head: str, rows: Sequence[str], fits: Callable[[str], bool]) -> Iterator[str]:
    """Lines such as "Plant: fern; Days: 3". A row too long for one goes on in others that begin with its first cell.

    The names of columns that no row fills are a line of their own: nothing of the table is lost.
    """
    names, used = cells(head), set[int]()
    for row in rows:
        filled = [(at, cell) for at, cell in enumerate(cells(row)) if cell]
        used.update(at for at, _ in filled)
        yield from _packed([_named(names, at, cell) for at, cell in filled], fits)
    yield from _packed(["", *(name for at, name in enumerate(names) if name and at not in used)], fits)


def _named(names: Sequence[str], at: int, cell: str) -> str:
    return f"{names[at]}: {cell}" if at < len(names) and names[at] else cell


def _packed(pairs: Sequence[str], fits: Callable[[str], bool]) -> Iterator[str]:
    """Pairs joined to lines that fit; the first pair, by which a row is known, begins each of them."""
    key, line = (pairs[0], pairs[0]) if pairs else ("", "")
    for pair in pairs[1:]:
        longer = f"{line}; {pair}" if line else pair
        if line not in ("", key) and not fits(longer):
            yield line
            longer = f"{key}; {pair}" if key and fits(f"{key}; {pair}") else pair
        line = longer
    if line:
        yield line
