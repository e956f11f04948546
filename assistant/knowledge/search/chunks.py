"""A document's text -> chunks that follow its structure and are small enough to put several into one prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import regex

from assistant.knowledge.prompt.tokens import Reader, estimate
from assistant.knowledge.search.words import length
from assistant.record.types import Document

MOST, LEAST = 256, 64  # tokens: common embeddings read no more than the first; below the second a chunk says little
_SHARE = 6  # chunks that would fill the reader's window: there are instructions, examples and an answer in it, too
_PATH = 3  # the headings take at most a third of a chunk
_LONG_LINE = 300  # characters past which a line is no heading
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
FENCE = re.compile(r"^\s*(```|~~~)")
ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+\S")
SENTENCE = regex.compile(  # between two sentences; no blank need follow the full stop of Chinese and Japanese
    r"(?<=[.!?])\s+(?=[\p{Lu}\p{Lo}\p{Nd}\"'“‘«„¿¡(£$€])"
    r"|(?<=[。！？｡।॥؟۔။។][」』）】”’\"]*)(?![」』）】”’\"])\s*"
)
_OPEN_END = ".,;!?。，、；！？।॥؟،؛۔။។"  # a line that ends so is no heading
_UNDERLINED = re.compile(r"^(?![-*+•#>|`~\s])(\S.{0,80})\n(={3,}|-{3,})[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^\s*(?:={3,}|-{3,}|\*{3,}|_{3,})\s*$")


@dataclass(frozen=True)
class Chunk:
    """A piece of a document. `heading` is the path of headings above it, joined by " > "; `tokens` counts both."""

    document: str
    heading: str
    text: str
    tokens: int = 0


@dataclass(frozen=True)
class Sizes:
    """In tokens: a chunk is closed past `target` and never larger than `limit`, its headings included."""

    limit: int
    count: Callable[[str], int] = estimate

    @property
    def target(self) -> int:
        return self.limit * 2 // 3

    def fits(self, text: str, room: int) -> bool:
        """Whether a text has at most `room` tokens. One that is far too long is not counted first."""
        return len(text) <= 20 * room and self.count(text) <= room


def sizes(reader: Reader) -> Sizes:
    """What suits a model."""
    return Sizes(max(LEAST, min(MOST, reader.window // _SHARE)), reader.count)


@dataclass(frozen=True)
class _Block:
    """A paragraph, list, table or code block. `lines` is how it may be taken apart; `header` is repeated then."""

    heading: str
    lines: tuple[str, ...]
    header: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join((*self.header, *self.lines))


def split(document: Document, sizes: Sizes | None = None) -> list[Chunk]:
    """The chunks of a document, in its order. Without `sizes` tokens are estimated."""
    sizes = sizes or Sizes(MOST)
    blocks = _blocks(document.text, markdown=document.kind not in ("text", "pdf"), hard_lines=document.kind == "pdf")
    return [Chunk(document.name, heading, text, size) for heading, text, size in _joined(blocks, sizes)]


def _joined(blocks: Iterator[_Block], sizes: Sizes) -> Iterator[tuple[str, str, int]]:
    """Blocks under the same heading are put together until the target is reached: (heading, text, tokens)."""
    heading, parts, size, above = "", list[str](), 0, 0
    for whole in blocks:
        path, path_size = _shortened(whole.heading, sizes)
        for piece in _pieces(replace(whole, heading=path), sizes, sizes.limit - path_size):
            own = sizes.count(piece.text + "\n\n")
            full = size >= sizes.target or size + own > sizes.limit
            if parts and (piece.heading != heading or full):
                yield heading, "\n\n".join(parts), size
                parts = []
            if not parts:
                heading, above = piece.heading, path_size
                size = above
            parts.append(piece.text)
            size += own
    if parts:
        yield heading, "\n\n".join(parts), size


def _shortened(path: str, sizes: Sizes) -> tuple[str, int]:
    """A path of headings that leaves room for the text, and its tokens: the outermost headings go first."""
    room = sizes.limit // _PATH
    while not sizes.fits(path, room):
        _, between, inner = path.partition(" > ")
        path = inner if between else path[: min(len(path) // 2, 10 * room)]
    return path, sizes.count(path + "\n") if path else 0


def _pieces(block: _Block, sizes: Sizes, room: int) -> Iterator[_Block]:
    """A block as it is, or taken apart by lines, then by sentences, where it is too long."""
    if sizes.fits(block.text + "\n\n", room):
        yield block
        return
    header = block.header
    if header and not sizes.fits("\n".join(header), room // 2):
        header = ()  # a table's head that leaves no room for its rows is not repeated, but kept
        block = replace(block, lines=(*block.header, *block.lines))
    room -= sizes.count("\n".join((*header, ""))) + 2
    held: list[str] = []
    size = 0
    for line in (part for whole in block.lines for part in _short(whole, sizes, room)):
        own = sizes.count(line + "\n")
        if held and size + own > room:
            yield _Block(block.heading, tuple(held), header)
            held, size = [], 0
        held.append(line)
        size += own
    if held:
        yield _Block(block.heading, tuple(held), header)


def _short(line: str, sizes: Sizes, room: int) -> Iterator[str]:
    """A line, cut at sentences, and a sentence that is still too long cut between words, or anywhere."""
    if sizes.fits(line + "\n", room):
        yield line
        return
    for sentence in SENTENCE.split(line):
        for start in _steps(sentence, 6 * room):
            yield from _halved(start, sizes, room)


def _steps(text: str, step: int) -> Iterator[str]:
    """Pieces of at most `step` characters, cut at blanks where there are any."""
    start = 0
    while start < len(text):
        end = start + step
        if end < len(text):
            blank = text.rfind(" ", start + 1, end)
            end = blank if blank > 0 else end
        piece = text[start:end].strip()
        if piece:
            yield piece
        start = end


def _halved(text: str, sizes: Sizes, room: int) -> Iterator[str]:
    if len(text) < 2 or sizes.count(text + "\n") <= room:
        yield text
        return
    for half in _steps(text, len(text) // 2 + 1):
        yield from _halved(half, sizes, room)


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
    if len(lines) > 2 and lines[0].lstrip().startswith("|") and re.match(r"^\s*\|[\s|:-]+$", lines[1]):
        return _Block(heading, tuple(lines[2:]), tuple(lines[:2]))
    return _Block(heading, tuple(lines))


def _groups(text: str) -> Iterator[list[str]]:
    """Lines between blank lines; a heading starts a group, a fenced block is one."""
    group: list[str] = []
    fenced = False
    for line in text.split("\n"):
        if FENCE.match(line):
            fenced = not fenced
        starts = not fenced and len(line) <= _LONG_LINE and bool(_HEADING.match(line) or _title(line))
        if group and not fenced and (not line.strip() or starts) and not FENCE.match(line):
            yield group
            group = []
        if fenced or (line.strip() and not _RULE.match(line)):
            group.append(line.rstrip())
    if group:
        yield group


def _heading(line: str, markdown: bool, alone: bool, first: bool) -> tuple[int, str] | None:
    """Depth and title of a line that is a heading; the first of a document stands above the others."""
    if len(line) > _LONG_LINE:
        return None
    found = _HEADING.match(line)
    if found:
        return len(found[1]), found[2].strip("*_ ")
    if _title(line):
        return 2 - first, line.strip()
    # A short line of its own, without an end of sentence, heads what follows it in a text without marks.
    if alone and not markdown and length(line) <= 8 and len(line) <= 70 and line.strip()[-1] not in _OPEN_END:
        return 2 - first, line.strip(" :：")
    return None


def _title(line: str) -> bool:
    """A line in capitals, such as DELIVERY or TEAS (bags of 100 g)."""
    if len(line) > 80:
        return False
    bare = re.sub(r"\([^)]*\)", "", line).strip()
    letters = [c for c in bare if c.isalpha()]
    return len(letters) >= 4 and bare[-1] not in ".!?" and all(c.isupper() for c in letters)


def _marked(text: str) -> str:
    """Headings that are underlined, with the marks of Markdown instead."""
    return _UNDERLINED.sub(lambda found: f"{'#' if found[2][0] == '=' else '##'} {found[1]}\n", text)


def _reflowed(text: str) -> str:
    """A PDF's text with one paragraph a line: its lines end where the page did, and a short one ends a paragraph."""
    lines = text.split("\n")
    widest = sorted(len(line) for line in lines)[int(len(lines) * 0.9)]
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if paragraphs[-1] and (not line.strip() or ITEM.match(line)):
            paragraphs.append([])
        if line.strip():
            paragraphs[-1].append(line.strip())
        if len(line) < 0.8 * widest and paragraphs[-1]:
            paragraphs.append([])
    return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs if paragraph)
