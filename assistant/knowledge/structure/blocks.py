"""A document's text -> blocks (paragraphs, lists, tables, code) with the headings above each.

What is a heading depends on the kind of document. Where the format has marks for headings, as Markdown has and whatever
a reader turns into it, only these count. A plain text has none, so a line may be one by its looks. Code, settings and
logs have no headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.knowledge.search.words import length
from assistant.knowledge.structure import fences, markdown_blocks

PROSE, PAGES, LINES = "text", "pdf", "lines"  # the kinds without marks; every other is Markdown
_LIKE = {"rtf": PROSE}
LONG_LINE = 300  # characters past which a line is no heading
ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+\S")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*$")
_UNDERLINE = re.compile(r"^(?:=+|-{2,}|~{3,}|\^{3,}|\*{3,})[ \t]*$")
_RULE = re.compile(r"^\s*(?:={3,}|-{3,}|\*{3,}|_{3,})\s*$")
_OPEN_END = ".,;!?。，、；！？।॥؟،؛۔።။"  # a line that ends so is no heading
_COLUMNS = re.compile(r"\t|\S {2,}\S|\|")  # a line of several columns, such as a row of a table
_NUMBERED = re.compile(r"^\s*\d{1,3}[.)]\s+\S")
_NUMBERING = re.compile(r"^[\dIVX]+(?:\.\d+)*[.):]?$")


@dataclass(frozen=True)
class Block:
    """A paragraph, list, table or code block. `heading`: the path above it, joined by " > ". `lines` is how it may be
    taken apart; `header`, a table's head and the rule below it, is repeated then."""

    heading: str
    lines: tuple[str, ...]
    header: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join((*self.header, *self.lines))


def blocks(text: str, kind: str) -> Iterator[Block]:
    """The blocks of a text of this kind, in its order. A heading with nothing below it is kept as text."""
    path: list[tuple[int, str]] = []
    bare = False  # the last heading has nothing below it yet
    for heading, lines in _parts(text, _LIKE.get(kind, kind)):
        if heading:
            if bare and heading[0] <= path[-1][0]:
                yield Block(_path(path[:-1]), (path[-1][1],))
            path = [*(entry for entry in path if entry[0] < heading[0]), heading]
        bare = bool(heading) or (bare and not lines)
        if lines:
            bare = False
            yield _block(_path(path), lines)
    if bare:
        yield Block(_path(path[:-1]), (path[-1][1],))


def _parts(text: str, kind: str) -> Iterator[markdown_blocks.Part]:
    if kind not in (PROSE, PAGES, LINES):
        return markdown_blocks.parts(text, LONG_LINE)
    return _by_looks(_reflowed(text) if kind == PAGES else text, kind)


def _path(path: Sequence[tuple[int, str]]) -> str:
    return " > ".join(title for _, title in path)


def _block(heading: str, lines: list[str]) -> Block:
    if len(lines) > 2 and markdown_blocks.is_rule_of_table(lines[1]) and "|" in lines[0]:
        bordered = [line if line.lstrip().startswith("|") else f"| {line.strip()} |" for line in lines]
        return Block(heading, tuple(bordered[2:]), tuple(bordered[:2]))
    return Block(heading, tuple(lines))


def _by_looks(text: str, kind: str) -> Iterator[markdown_blocks.Part]:
    """The groups of a text without marks, and the lines that look like headings in it."""
    page = _Page(text.split("\n"), kind)
    for number, group in enumerate(_groups(page)):
        heading = _heading(page, group, first=number == 0)
        if heading is None:
            yield None, [page.lines[at].rstrip() for at in group]
        else:
            yield heading, [page.lines[at].rstrip() for at in group[1 + page.underlined(group[0]) :]]


class _Page:
    """The lines of a text without marks, and what each of them looks like."""

    def __init__(self, lines: list[str], kind: str) -> None:
        self.lines, self.kind = lines, kind
        self.code = fences.of(lines).inside if kind == PROSE else [False] * len(lines)
        filled = [at for at, line in enumerate(lines) if line.strip() and not self.code[at]]
        self._beside = {at: (a, b) for a, at, b in zip([None, *filled], filled, [*filled[1:], None], strict=False)}
        shouted = sum(_in_capitals(lines[at]) for at in filled)
        # Where most lines are in capitals they mark nothing.
        self._capitals = kind != LINES and 2 * shouted <= len(filled)

    def underlined(self, at: int) -> bool:
        """Whether the next line marks this one as a heading: a row of one mark, about as long."""
        line, below = self.lines[at], self.lines[at + 1] if at + 1 < len(self.lines) else ""
        if self.kind != PROSE or self.code[at] or not re.match(r"[^\s\-*+•#>|`~=]", line) or len(line) > 80:
            return False
        return bool(_UNDERLINE.match(below)) and 2 * len(below.strip()) >= min(len(line.strip()), 6)

    def marked(self, at: int) -> re.Match[str] | None:
        """The line as a heading with the marks of Markdown, which people write into plain texts, too."""
        line = self.lines[at]
        return _HEADING.match(line) if self.kind == PROSE and not self.code[at] and len(line) <= LONG_LINE else None

    def capitals(self, at: int) -> bool:
        """Whether a line stands out by its capitals."""
        return self._capitals and not self.code[at] and _in_capitals(self.lines[at]) and self.free(at)

    def free(self, at: int) -> bool:
        """Whether a line is neither an item of a list nor a row of a table.

        A number before it may count headings, too: then no line beside it is numbered, and something stands below.
        """
        line = self.lines[at]
        if _COLUMNS.search(line.strip()):
            return False
        if not ITEM.match(line):
            return True
        above, below = self._beside[at]
        beside = [self.lines[other] for other in (above, below) if other is not None]
        return bool(_NUMBERED.match(line)) and below is not None and not any(map(ITEM.match, beside))

    def table(self, at: int) -> bool:
        """Whether a table begins here."""
        return (
            "|" in self.lines[at] and at + 1 < len(self.lines) and markdown_blocks.is_rule_of_table(self.lines[at + 1])
        )


def _groups(page: _Page) -> Iterator[list[int]]:
    """The numbers of lines between blank ones. A heading starts a group, and so does a table; a fenced block is one."""
    group: list[int] = []
    for at, line in enumerate(page.lines):
        code, held = page.code[at], bool(line.strip())
        starts = held and not code and (page.underlined(at) or page.marked(at) or page.capitals(at) or page.table(at))
        ends = bool(group) and page.table(group[0]) and "|" not in line
        if group and (starts or ends or code != page.code[group[-1]] or not (code or held)):
            yield group
            group = []
        if code or (held and (group or not _RULE.match(line)) and not (group and _bare_rule(page, at))):
            group.append(at)
    if group:
        yield group


def _bare_rule(page: _Page, at: int) -> bool:
    """Whether a line is a rule, and not what underlines the line above it."""
    return bool(_RULE.match(page.lines[at])) and not page.underlined(at - 1)


def _heading(page: _Page, group: Sequence[int], first: bool) -> tuple[int, str] | None:
    """Depth and title of the heading that a group begins with; the first of a document stands above the others."""
    at = group[0]
    line, alone = page.lines[at], len(group) == 1 and not "".join(page.lines[at + 1 : at + 2]).strip()
    first = first and alone and not _NUMBERED.match(line)
    if page.kind == LINES or page.code[at]:
        return None
    if page.underlined(at):
        return (1 if page.lines[at + 1][0] == "=" else 2), line.strip()
    if marked := page.marked(at):
        return len(marked[1]), marked[2].strip("*_ ")
    if page.capitals(at):
        return 2 - first, line.strip()
    # A short line of its own, without an end of sentence, heads what follows it.
    short = alone and len(line) <= 70 and line.strip()[-1] not in _OPEN_END and length(line) <= 8
    return (2 - first, line.strip(" :：")) if short and page.free(at) else None


def _in_capitals(line: str) -> bool:
    """A line in capitals, such as DELIVERY or TEAS (bags of 100 g); one with amounts or codes is a row of something."""
    bare = re.sub(r"\([^)]*\)", "", line[:100]).strip()
    letters = [c for c in bare if c.isalpha()]
    if len(line) > 80 or len(letters) < 4 or bare[-1] in ".!?," or not all(c.isupper() for c in letters):
        return False
    words = bare.split()
    counted = [at for at, word in enumerate(words) if any(map(str.isdecimal, word))]
    return all(at < 2 and _NUMBERING.match(words[at]) for at in counted)


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
