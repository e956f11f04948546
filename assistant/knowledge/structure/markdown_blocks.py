"""The blocks of Markdown, by CommonMark's rules and GitHub's tables (markdown-it-py)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from assistant.knowledge.structure import fences

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

_RULE_OF_TABLE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_FRONT = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_SETTING = re.compile(r"^[\w\"'-][\w\"'. -]*\s*[:=]")
_PIECE = 200_000  # characters parsed at once, about: the tokens of a text take a hundred times its memory
Part = tuple[tuple[int, str] | None, list[str]]


def parts(text: str, longest: int) -> Iterator[Part]:
    """(depth and title of a heading, no lines) or (None, the lines of a block), in the order of the text.

    A heading of several lines, or of more than `longest` characters, is text. Front matter is a block of its own.
    """
    front = _front(text)
    if front:
        yield None, front[0]
        text = front[1]
    parser = _parser()
    for lines in _pieces(text.split("\n")):
        after = 0
        for token in parser.parse("\n".join(lines)):
            if token.level or token.map is None or token.type == "hr" or token.map[0] < after:
                continue
            start, after = token.map
            block = _trimmed(lines[start:after])
            title = _title(block, token.markup) if token.type == "heading_open" else None
            if title is not None and len(title) <= longest:
                if title:
                    yield (int(token.tag[1:]), title), []
            elif block:
                yield None, block


def is_rule_of_table(line: str) -> bool:
    """Whether a line is what stands below a table's head, such as |---|:--:|."""
    return "|" in line and bool(_RULE_OF_TABLE.match(line))


def _title(block: Sequence[str], markup: str) -> str | None:
    """What a heading says; None where it has several lines, and one would be lost in a path."""
    if markup.startswith("#"):
        inner = re.sub(r"(?:^|[ \t]+)#+[ \t]*$", "", block[0].strip().lstrip("#"))
    elif len(block) == 2:
        inner = block[0]
    else:
        return None
    return inner.strip().strip("*_ ").replace("\\#", "#")


def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": 20})
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.disable("reference")  # a definition of a link is text like any other
    parser.block.ruler.before("code", "table_lines", _table, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    return parser


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A rule of the parser: a table as one token, where the library's own makes three for every cell."""

    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]

    if (
        start + 1 >= end
        or state.is_code_block(start)
        or "|" not in line(start)
        or not is_rule_of_table(line(start + 1))
    ):
        return False
    if not silent:
        below = start + 2
        while below < end and "|" in line(below) and state.sCount[below] >= state.blkIndent:
            below += 1
        token = state.push("table", "table", 0)
        token.map = [start, below]
        state.line = below
    return True


def _pieces(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """The text in pieces of bounded size: cut behind fenced code that is never closed, and between paragraphs.

    A text without empty lines is cut between others, but not within a table.
    """
    code = fences.of(lines)
    open_ends = set(code.open)
    start, size = 0, 0
    for at, line in enumerate(lines):
        size += len(line) + 1
        between = not line.strip() and not code.inside[at]
        crowded = size > 2 * _PIECE and "|" not in line and not code.inside[at]
        if at + 1 in open_ends or (size > _PIECE and between) or crowded:
            yield lines[start : at + 1]
            start, size = at + 1, 0
    yield lines[start:]


def _front(text: str) -> tuple[list[str], str] | None:
    """The lines of the settings above a text, without their frame, and the text below them."""
    found = _FRONT.match(text)
    if not found:
        return None
    lines = _trimmed(found[2].split("\n"))
    return (lines, text[found.end() :]) if lines and _SETTING.match(lines[0].lstrip("# ")) else None


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Without blanks at the ends of lines and without empty lines at both ends."""
    kept = [line.rstrip() for line in lines]
    first = next((at for at, line in enumerate(kept) if line), len(kept))
    last = next((at for at in range(len(kept), first, -1) if kept[at - 1]), first)
    return kept[first:last]
