"""Checks that a language model reads out of what the rules left over. It proposes; nothing is taken on its word.

A proposal must be of a known kind, its words, numbers and languages must stand in the line that it is for, and the
approved answers must keep it: one that more than half of them fail is doubtful.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.evidence.checks import assertion, compiler, lexicon_reader, shapes
from assistant.evidence.checks.assertion import BriefCheck
from assistant.evidence.checks.compiled import Compiled, NotChecked

Ask = Callable[[str], str]  # a prompt -> what a capable model says to it
MOST_LINES = 40
_NO_WORDS = ("pattern", "not_pattern", "json_schema")  # what a line does not say in these words
KINDS = {kind: takes for kind, takes in assertion.TAKES.items() if kind not in _NO_WORDS}
_NAMED = {  # the letters of the lexicon of which a line must have one
    "json": "J",
    "has_url": "K",
    "no_url": "K",
    "has_list": "ZY",
    "no_list": "ZY",
    "no_bullets": "Y",
    "no_emoji": "M",
    "no_markdown": "D",
}
_PROMPT = Path(__file__).resolve().parents[2] / "prompts" / "checks.md"


def propose(compiled: Compiled, approved: Sequence[str], ask: Ask) -> Compiled:
    """The same brief with the checks that a model finds in what is not checked, at most MOST_LINES lines of it.

    A reply that is not as it should be adds nothing. What `ask` raises is raised.
    """
    lines = compiled.not_checked[:MOST_LINES]
    if not lines:
        return compiled
    known = {check.id for check in compiled.checks} | {one.check.id for one in compiled.doubtful}
    found = {place: check for place, check in _proposed(ask(prompt(lines)), lines) if check.id not in known}
    new = compiler.settled(Compiled(tuple({check.id: check for check in found.values()}.values())), approved)
    taken = {check.id for check in new.checks}
    read = {place for place, check in found.items() if check.id in taken}
    return replace(
        compiled,
        checks=(*compiled.checks, *new.checks),
        not_checked=tuple(line for place, line in enumerate(compiled.not_checked) if place not in read),
        doubtful=(*compiled.doubtful, *new.doubtful),
    )


def prompt(lines: Sequence[NotChecked]) -> str:
    """What the model is sent: the kinds of checks and the numbered lines."""
    kinds = "\n".join(f"- {kind}: {takes or 'no argument'}" for kind, takes in KINDS.items())
    shown = "\n".join(f"{n}. ({line.field}) {' '.join(line.text.split())}" for n, line in enumerate(lines, start=1))
    return _PROMPT.read_text(encoding="utf-8").strip().replace("{kinds}", kinds).replace("{lines}", shown)


def _proposed(reply: str, lines: Sequence[NotChecked]) -> list[tuple[int, BriefCheck]]:
    """Each usable proposal with the place of its line, counted from 0."""
    try:
        rows = json.loads(reply[reply.index("{") : reply.rindex("}") + 1])["checks"]
        found = [_check(row, lines) for row in rows] if isinstance(rows, list) else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [one for one in found if one is not None]


def _check(row: Any, lines: Sequence[NotChecked]) -> tuple[int, BriefCheck] | None:
    """The check of a proposal; None where it is of no known kind or says what its line does not."""
    if not isinstance(row, dict) or row.get("kind") not in KINDS or not isinstance(row.get("line"), int):
        return None
    place = row["line"] - 1
    if not 0 <= place < len(lines):
        return None
    line = lines[place]
    try:
        made = assertion.make(str(row["kind"]), row.get("argument") or "", line.text, line.field)
    except AttuneError:
        return None
    return (place, made) if _stands_in(made, line.text) else None


def _stands_in(check: BriefCheck, text: str) -> bool:
    """Whether the line names what the check is about."""
    bare, quotes = lexicon_reader.unquoted(text)
    tokens = [token for code in lexicon_reader.LANGUAGES for token in lexicon_reader.lexicon(code).tokens(bare, quotes)]
    if check.kind in _NAMED:
        return any(token.symbol in _NAMED[check.kind] for token in tokens)
    if check.kind == "language":
        return check.argument in lexicon_reader.languages_in(text)
    if isinstance(check.argument, int):  # "under 80" is at most 79, "over 80" at least 81
        numbers = {token.value for token in tokens if token.symbol == lexicon_reader.NUMBER}
        return bool({check.argument - 1, check.argument, check.argument + 1} & numbers)
    texts = check.argument if isinstance(check.argument, tuple) else (check.argument,)
    return all(shapes.plain(part) in shapes.plain(text) for part in texts)
