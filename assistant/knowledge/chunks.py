"""A document's text -> chunks that follow its structure and are small enough to put several into one prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.record.types import Document

TARGET, LIMIT = 70, 110  # words: a chunk is closed past the first and never (but for one long line) past the second
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+\S")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(£$€])")
_UNDERLINED = re.compile(r"^(?![-*+•#>|`~\s])(\S.{0,80})\n(={3,}|-{3,})[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^\s*(?:={3,}|-{3,}|\*{3,}|_{3,})\s*$")


@dataclass(frozen=True)
class Chunk:
    """A piece of a document. `heading` is the path of headings above it, joined by " > "."""

    document: str
    heading: str
    text: str


@dataclass(frozen=True)
class _Block:
    """A paragraph, list, table or code block. `lines` is how it may be taken apart; `header` is repeated then."""

    heading: str
    lines: tuple[str, ...]
    header: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(len(line.split()) for line in self.lines)


def split(document: Document) -> list[Chunk]:
    """The chunks of a document, in its order."""
    blocks = _blocks(document.text, markdown=document.kind == "markdown", hard_lines=document.kind == "pdf")
    return [Chunk(document.name, heading, text) for heading, text in _joined(blocks)]


def _joined(blocks: Iterator[_Block]) -> Iterator[tuple[str, str]]:
    """Blocks under the same heading are put together until the target is reached."""
    heading, parts, size = "", list[str](), 0
    for block in (piece for whole in blocks for piece in _pieces(whole)):
        if parts and (block.heading != heading or size >= TARGET or size + block.size > LIMIT):
            yield heading, "\n\n".join(parts)
            parts, size = [], 0
        heading = block.heading
        parts.append("\n".join(block.lines))
        size += block.size
    if parts:
        yield heading, "\n\n".join(parts)


def _pieces(block: _Block) -> Iterator[_Block]:
    """A block as it is, or taken apart by lines, then by sentences, where it is too long."""
    if block.size <= LIMIT:
        yield block
        return
    lines = [part for line in block.lines for part in _short(line)]
    held: list[str] = []
    size = 0
    for line in lines:
        words = len(line.split())
        if held and size + words > LIMIT:
            yield _Block(block.heading, (*block.header, *held))
            held, size = [], 0
        held.append(line)
        size += words
    yield _Block(block.heading, (*block.header, *held))


def _short(line: str) -> Iterator[str]:
    """A line, cut at sentences, and a sentence that is still too long cut at words."""
    if len(line.split()) <= TARGET:
        yield line
        return
    for sentence in _SENTENCE.split(line):
        words = sentence.split()
        for start in range(0, len(words), LIMIT):
            yield " ".join(words[start : start + LIMIT])


def _blocks(text: str, markdown: bool, hard_lines: bool) -> Iterator[_Block]:
    """The blocks of a text with the headings above each. A heading with nothing below it is kept as text."""
    path: list[tuple[int, str]] = []
    bare = False  # the last heading has nothing below it yet
    for number, lines in enumerate(_groups(_reflowed(text) if hard_lines else _marked(text))):
        heading = _heading(lines[0], markdown, alone=len(lines) == 1, first=number == 0 and len(lines) == 1)
        if heading:
            if bare and heading[0] <= path[-1][0]:
                yield _Block(_path(path[:-1]), (path[-1][1],))
            path = [*(entry for entry in path if entry[0] < heading[0]), heading]
            bare, lines = True, lines[1:]
        if lines:
            bare = False
            yield _block(_path(path), lines)
    if bare:
        yield _Block(_path(path[:-1]), (path[-1][1],))


def _path(path: list[tuple[int, str]]) -> str:
    return " > ".join(title for _, title in path)


def _block(heading: str, lines: list[str]) -> _Block:
    block = _Block(heading, tuple(lines))
    if lines[0].lstrip().startswith("|") and len(lines) > 2 and block.size > LIMIT:
        return _Block(heading, tuple(lines[2:]), tuple(lines[:2]))
    return block


def _groups(text: str) -> Iterator[list[str]]:
    """Lines between blank lines; a heading starts a group, a fenced block is one."""
    group: list[str] = []
    fenced = False
    for line in text.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        starts = not fenced and bool(_HEADING.match(line) or _title(line))
        if group and not fenced and (not line.strip() or starts) and not _FENCE.match(line):
            yield group
            group = []
        if fenced or (line.strip() and not _RULE.match(line)):
            group.append(line.rstrip())
    if group:
        yield group


def _heading(line: str, markdown: bool, alone: bool, first: bool) -> tuple[int, str] | None:
    """Depth and title of a line that is a heading; the first of a document stands above the others."""
    found = _HEADING.match(line)
    if found:
        return len(found[1]), found[2].strip("*_ ")
    if _title(line):
        return 2 - first, line.strip()
    # A short line of its own, without an end of sentence, heads what follows it in a text without marks.
    if alone and not markdown and len(line.split()) <= 8 and len(line) <= 70 and line.strip()[-1] not in ".,;!?":
        return 2 - first, line.strip(" :")
    return None


def _title(line: str) -> bool:
    """A line in capitals, such as DELIVERY or TEAS (bags of 100 g)."""
    bare = re.sub(r"\([^)]*\)", "", line).strip()
    letters = [c for c in bare if c.isalpha()]
    return len(letters) >= 4 and len(line) <= 80 and bare[-1] not in ".!?" and all(c.isupper() for c in letters)


def _marked(text: str) -> str:
    """Headings that are underlined, with the marks of Markdown instead."""
    return _UNDERLINED.sub(lambda found: f"{'#' if found[2][0] == '=' else '##'} {found[1]}\n", text)


def _reflowed(text: str) -> str:
    """A PDF's text with one paragraph a line: its lines end where the page did, and a short one ends a paragraph."""
    lines = text.split("\n")
    widest = sorted(len(line) for line in lines)[int(len(lines) * 0.9)]
    paragraphs = [""]
    for line in lines:
        begins = not line.strip() or bool(_ITEM.match(line))
        paragraphs[-1:] = [paragraphs[-1], ""] if begins and paragraphs[-1] else [paragraphs[-1]]
        paragraphs[-1] = f"{paragraphs[-1]} {line.strip()}".strip()
        if len(line) < 0.8 * widest and paragraphs[-1]:
            paragraphs.append("")
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
