"""A case folder: case.toml, documents/, conversations.jsonl and, if there is one, heldout.jsonl."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.conversations.formats import json_lines
from assistant.conversations.formats.found import ImportedConversation
from assistant.conversations.formats.reading import ConversationReader
from assistant.errors import AttuneError
from tools import options
from tools.trainer import ToolError

LISTS = ("checks", "frame")  # lists of tables; what may stand in them the checks and the frame themselves know
SECTIONS = {"train": tuple(options.OPTIONS), "evaluate": ("scorer", "test_share", "margin", "smallest_difference")}


@dataclass(frozen=True)
class CaseFolder:
    """What a case folder holds, read whole and checked before anything is recorded."""

    name: str
    title: str
    brief: dict[str, Any]
    options: dict[str, Any]
    documents: list[tuple[str, bytes]]
    conversations: list[ImportedConversation]
    heldout: list[ImportedConversation] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # of the conversations: what was not taken


def read(folder: Path) -> CaseFolder:
    """Read a case folder, or say in one sentence which part is missing or wrong."""
    if not folder.is_dir():
        raise AttuneError(f"{folder} is not a folder.", "Name a case folder such as data/examples/teashop.")
    files = {stem: _file(folder, stem) for stem in ("conversations", "heldout")}
    missing = ["case.toml"] * (not (folder / "case.toml").is_file())
    missing += ["conversations.jsonl"] * (files["conversations"] is None)
    if missing:
        raise AttuneError(
            f"{folder} has no {' and no '.join(missing)}.",
            "A case folder holds case.toml, conversations.jsonl and documents/.",
        )
    table = _toml(folder / "case.toml")
    name, brief, chosen = str(table.get("name") or folder.resolve().name), _table(table, "brief"), _options(table)
    reader = ConversationReader()
    train, test = (list(reader.paths([path])) if (path := files[stem]) else [] for stem in ("conversations", "heldout"))
    return CaseFolder(
        name, str(table.get("title") or name), brief, chosen, _documents(folder), train, test, reader.told.sentences()
    )


def _file(folder: Path, stem: str) -> Path | None:
    """conversations.jsonl, or another file of that name whose content is recognised as an import's is."""
    usual = folder / f"{stem}.jsonl"
    others = sorted(path for path in folder.glob(f"{stem}.*") if path.is_file())
    return usual if usual.is_file() else next(iter(others), None)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(json_lines.decode(path.read_bytes(), path.name))
    except tomllib.TOMLDecodeError as error:
        raise AttuneError(f"{path.name} is not valid TOML: {error}.", "Fix that line.") from error


def _table(table: dict[str, Any], name: str) -> dict[str, Any]:
    value = table.get(name, {})
    if not isinstance(value, dict):
        raise AttuneError(f"case.toml: '{name}' is not a table.", f"Write it as [{name}].")
    return value


def _options(table: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for section, names in SECTIONS.items():
        values = _table(table, section)
        unknown = sorted(set(values) - set(names))
        if unknown:
            raise AttuneError(f"case.toml: [{section}] has no option '{unknown[0]}'.", f"It has {', '.join(names)}.")
        found |= values
    try:
        options.checked(_table(table, "train"))
    except ToolError as error:
        raise AttuneError(f"case.toml: {error.sentence}", error.remedy) from error
    return found | {name: table[name] for name in LISTS if name in table}


def _documents(folder: Path) -> list[tuple[str, bytes]]:
    files = sorted(path for path in (folder / "documents").glob("*") if path.is_file() and path.name[0] != ".")
    return [(path.name, path.read_bytes()) for path in files]
