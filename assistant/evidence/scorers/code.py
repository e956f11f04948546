"""Answers that are programs or queries: compared by their tokens, where layout and letters that mean nothing go."""

from __future__ import annotations

import ast
import re
import unicodedata

from assistant.evidence.scorers import fences, overlap

_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# A string is one token; what looks like one without an end is followed no further than a thousand characters.
_TOKEN = re.compile(r""""(?:\\.|[^"\\\n]){0,1000}+"|'(?:\\.|[^'\\\n]){0,1000}+'|`(?:\\.|[^`\\]){0,1000}+`|\w+|\S""")
_SQL_START = re.compile(
    r"^[ \t(]*(?:select\b|with\s+(?:recursive\s+)?\w+\s*(?:\([^)]*\)\s*)?as\b"
    r"|insert\s+(?:into|or)\b|update\s+\S+\s+set\b|delete\s+from\b|merge\s+into\b|truncate\s+table\b"
    r"|(?:create|alter|drop)\s+(?:or|table|view|index|unique|temp|temporary|database|schema|function|trigger|role|user)\b)",
    re.IGNORECASE | re.MULTILINE,
)
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_SQL_QUERY = re.compile(r"\b(?:from|into|set|table|view|index|database|as)\b", re.IGNORECASE)
_SQL_COMMENT = re.compile(r"('(?:''|[^'])*'|\"[^\"]*\"|`[^`]*`)|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_SQL_TOKEN = re.compile(r"'(?:''|[^'])*'|\"[^\"]*\"|`[^`]*`|\w+(?:\.\d+)?|<=|>=|<>|!=|\|\||\S")
_STATEMENTS: tuple[type[ast.AST], ...] = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AugAssign),
    *(ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Return, ast.Call),
)


def code(answer: str, reference: str) -> float:
    """1 for the same program: in Python the same syntax tree, else the same tokens; between programs the F1 of their
    tokens in order. Prose around a fence does not count, nor do spaces between tokens."""
    found, wanted = program(answer), program(reference)
    trees = syntax(found), syntax(wanted)
    if None not in trees and trees[0] == trees[1]:
        return 1.0
    layout = not (_braced(found) and _braced(wanted))
    return overlap.in_order(_tokens(found, layout), _tokens(wanted, layout))


def sql(answer: str, reference: str) -> float:
    """1 for the same query, layout and the case of what is not quoted aside; else the F1 of the tokens in order."""
    return overlap.in_order(_sql_tokens(query(answer)), _sql_tokens(query(reference)))


def program(text: str) -> str:
    """The code of a text: what its fences hold, or its one span of code among prose, or all of it."""
    text = unicodedata.normalize("NFC", text)
    if blocks := fences.blocks(text):
        return "\n".join(blocks).strip("\n")
    spans = _INLINE.findall(text)
    return spans[0] if len(spans) == 1 and _syntax_of_python(text) is None else text.strip("\n")


def query(text: str) -> str:
    """The SQL of a text: what its fences hold; else what begins a line as SQL does, to the last semicolon, or, after a
    sentence, to an empty line."""
    found = program(text)
    start = None if fences.blocks(text) else _SQL_START.search(found)
    if start is None:
        return found
    body = found[start.start() :]
    if ";" in body:
        return body[: body.rindex(";")]
    return _EMPTY_LINE.split(body, maxsplit=1)[0] if start.start() else body


def syntax(text: str) -> str | None:
    """The syntax tree of a Python program as text, without comments and places; None for anything else."""
    tree = _syntax_of_python(text)
    try:
        return ast.dump(tree) if tree and tree.body else None
    except RecursionError:
        return None


def is_sql(text: str) -> bool:
    """Whether a text is a query, alone or in a fence."""
    found = program(text).strip()
    start = _SQL_START.match(found)
    return bool(start and found[-1] not in ".!?" and _SQL_QUERY.search(found))


def is_code(text: str) -> bool:
    """Whether a text is a fenced block, or a Python program that does something."""
    if fences.only_block(text) is not None:
        return True
    tree = _syntax_of_python(text)
    return tree is not None and any(isinstance(node, _STATEMENTS) for node in ast.walk(tree))


def _syntax_of_python(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last: nested too deep for Python's parser
        return None


def _braced(text: str) -> bool:
    """Whether braces or semicolons end what lines end elsewhere, so that layout means nothing."""
    return "{" in text or ";" in text


def _tokens(text: str, layout: bool) -> list[str]:
    """With `layout` the first token of a line carries its indent, so that it counts where a line begins."""
    if not layout:
        return _TOKEN.findall(text)
    found = []
    for line in text.expandtabs(4).splitlines():
        if stripped := line.lstrip():
            first, *rest = _TOKEN.findall(stripped)
            found += [f"{len(line) - len(stripped)} {first}", *rest]
    return found


def _sql_tokens(text: str) -> list[str]:
    found = _SQL_TOKEN.findall(_SQL_COMMENT.sub(r"\1 ", text))
    while found and found[-1] == ";":
        found.pop()
    return [token if token[0] in "'\"`" else token.casefold().replace("!=", "<>") for token in found]
