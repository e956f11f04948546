"""What an answer may quote: the sentences, list items, lines and table rows of a passage, each with what it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.knowledge.search.chunks import SENTENCE
from assistant.knowledge.structure import fences, wide_tables
from assistant.knowledge.structure.blocks import ITEM

_HEAD = re.compile(r"^\s*\|[\s|:-]+$")
_WHOLE = 320  # characters up to which a line of a list is quoted whole
_WRAPPED = 60  # characters from which a line without an end of sentence goes on in the next one
_ENDS = re.compile(r"[.!?:;。！？：；।॥؟۔][\"')\]*_」』）】”’]*$")
_BACK = re.compile(  # a sentence that begins so says little without the one before it
    r"^\W*(?:it|they|he|she|this|these|those|that|then|there|otherwise|also|but|and|or|both|its|their|his|her"
    r"|after that|if not)\b",
    re.IGNORECASE,
)
_BACK_MOST = 2  # sentences that are quoted in front of one


@dataclass(frozen=True)
class Unit:
    """`text` is what answers; `before` has to be quoted in front of it: a table's head, the sentences that it refers
    to, the line that a list hangs on. `around`: the sentences beside it. `kind`: sentence, line or row."""

    text: str
    before: tuple[str, ...] = ()
    around: str = ""
    kind: str = "sentence"

    @property
    def plain(self) -> str:
        """One line without marks: a row with the title of each column."""
        if self.kind != "row":
            return " ".join((*self.before, self.text)).replace("*", "")
        cells = zip(_cells(self.before[0]), _cells(self.text), strict=False)
        return "; ".join(f"{title}: {cell}" if title else cell for title, cell in cells)


def of(text: str) -> list[Unit]:
    """The units of a passage, in its order."""
    found: list[Unit] = []
    lead = ""
    for block in _blocks(text):
        found += _units(block, lead)
        lead = block[-1].strip() if _leads(block[-1]) else ""
    return found


def joined(units: Sequence[Unit]) -> str:
    """The words of the document, what several units share only once."""
    lines: list[str] = []
    said: set[str] = set()
    kind = ""
    for unit in units:
        pieces = [piece for piece in (*unit.before, unit.text) if piece not in said]
        said.update(pieces)
        if unit.kind == "sentence":
            pieces = [" ".join(pieces)]
        if kind == unit.kind == "sentence":
            lines[-1] = f"{lines[-1]} {pieces[0]}".strip()
        else:
            lines += [*([""] if kind and kind != unit.kind else []), *pieces]
        kind = unit.kind
    return "\n".join(lines)


def _blocks(text: str) -> Iterator[list[str]]:
    """Lines between blank ones; a fenced block is one."""
    block: list[str] = []
    lines = text.split("\n")
    for line, fenced in zip(lines, fences.of(lines).inside, strict=True):
        if line.strip() or fenced:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _units(block: list[str], lead: str) -> Iterator[Unit]:
    if fences.opens(block[0]):
        yield Unit("\n".join(block), (lead,) if lead else (), kind="line")
    elif len(block) > 2 and block[0].lstrip().startswith("|") and _HEAD.match(block[1]):
        head = (block[0].strip(), block[1].strip())
        yield from (Unit(row.strip(), head, kind="row") for row in block[2:])
    else:
        lines = _unwrapped(block)
        for line in lines:
            item = bool(ITEM.match(line))
            if (len(lines) > 1 or item) and len(line) <= _WHOLE:
                yield Unit(line.strip(), (lead,) if lead and item else (), kind="line")
                lead = line.strip() if _leads(line) else lead
            else:
                yield from _sentences([part.strip() for part in SENTENCE.split(line) if part.strip()])


def _sentences(parts: Sequence[str]) -> Iterator[Unit]:
    for place, part in enumerate(parts):
        first = place
        while 0 < first > place - _BACK_MOST and _BACK.match(parts[first]):
            first -= 1
        yield Unit(part, tuple(parts[first:place]), " ".join(parts[max(0, place - 1) : place + 2]))


def _unwrapped(block: Sequence[str]) -> list[str]:
    """The lines of a block; a sentence that was broken by the width of the page is put together again."""
    lines: list[str] = []
    for line in block:
        if lines and len(lines[-1]) >= _WRAPPED and not _ENDS.search(lines[-1]) and not ITEM.match(line):
            lines[-1] = f"{lines[-1].rstrip()} {line.strip()}"
        else:
            lines.append(line)
    return lines


def _leads(line: str) -> bool:
    return line.rstrip("*_ ").endswith((":", "："))


def _cells(row: str) -> list[str]:
    return [cell.strip(" *") for cell in wide_tables.cells(row)]
