"""A document's text -> chunks that follow its structure and are small enough to put several into one prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import regex

from assistant.knowledge.prompt.tokens import Reader, estimate
from assistant.knowledge.structure import wide_tables
from assistant.knowledge.structure.blocks import Block, blocks
from assistant.record.types import Document

MOST, LEAST = 256, 64  # tokens: common embeddings read no more than the first; below the second a chunk says little
_SHARE = 6  # chunks that would fill the reader's window: there are instructions, examples and an answer in it, too
_PATH = 3  # the headings take at most a third of a chunk
SENTENCE = regex.compile(  # between two sentences; no blank need follow the full stop of Chinese and Japanese
    r"(?<=[.!?])\s+(?=[\p{Lu}\p{Lo}\p{Nd}\"'“‘«„¿¡(£$€])"
    r"|(?<=[。！？｡।॥؟۔။។][」』）】”’\"]*)(?![」』）】”’\"])\s*"
)


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


def split(document: Document, sizes: Sizes | None = None) -> list[Chunk]:
    """The chunks of a document, in its order. Without `sizes` tokens are estimated."""
    sizes = sizes or Sizes(MOST)
    return [
        Chunk(document.name, heading, text, size)
        for heading, text, size in _joined(blocks(document.text, document.kind), sizes)
    ]


def _joined(found: Iterator[Block], sizes: Sizes) -> Iterator[tuple[str, str, int]]:
    """Blocks under the same heading are put together until the target is reached: (heading, text, tokens)."""
    heading, parts, size, above = "", list[str](), 0, 0
    for whole in found:
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


def _pieces(block: Block, sizes: Sizes, room: int) -> Iterator[Block]:
    """A block as it is, or taken apart by lines, then by sentences, where it is too long."""
    if sizes.fits(block.text + "\n\n", room):
        yield block
        return
    header = block.header
    if header and not sizes.fits("\n".join(header), room // 2):
        header = ()  # a head that leaves no room for its rows stands cell by cell in each of them instead
        fits = lambda line: sizes.fits(line + "\n", room - 2)  # noqa: E731
        block = replace(block, lines=tuple(wide_tables.spelled_out(block.header[0], block.lines, fits)), header=())
    room -= sizes.count("\n".join((*header, ""))) + 2
    held: list[str] = []
    size = 0
    for line in (part for whole in block.lines for part in _short(whole, sizes, room)):
        own = sizes.count(line + "\n")
        if held and size + own > room:
            yield Block(block.heading, tuple(held), header)
            held, size = [], 0
        held.append(line)
        size += own
    if held:
        yield Block(block.heading, tuple(held), header)


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
