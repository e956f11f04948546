"""Damaged files: a sentence for the user or what can be read, never a traceback, and never a part of a bad file."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path

import pytest

from assistant.conversations import importing
from assistant.errors import AttuneError
from assistant.record.store import Store
from assistant.record.types import Case
from tests.assistant.conversations.formats import samples

EACH = 10  # damaged copies of each sample: about 350 in all
SEED = 20261130


def damaged(data: bytes, draw: random.Random) -> bytes:
    """The same with bytes changed, taken out, said twice or cut off."""
    found = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(max(1, len(found)))
        kind = draw.randrange(5)
        if kind == 0 and found:
            found[place % len(found)] = draw.randrange(256)
        elif kind == 1:
            found = found[:place] + found[place + draw.randint(1, 30) :]
        elif kind == 2:
            found[place:place] = found[place : place + draw.randint(1, 60)]
        elif kind == 3:
            found = found[:place]
        else:
            found[place:place] = draw.choice([b"null", b"[]", b"{}", b'"', b",", b"\xff", b"\0", b"7", b"\n"])
    return bytes(found)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_a_damaged_file_is_read_or_refused_whole(tmp_path: Path, name: str) -> None:
    draw = random.Random(f"{SEED} {name}")
    store = Store(tmp_path / "attune.db")
    store.add_case(Case("c"))
    good = samples.SAMPLES[name][1]()
    for number in range(EACH):
        path = tmp_path / f"damaged-{number}"
        path.write_bytes(damaged(good, draw))
        before = len(store.conversations("c"))
        try:
            added = importing.files(store, "c", [path]).added
        except AttuneError:
            added = 0
        assert len(store.conversations("c")) == before + added


@pytest.mark.parametrize(
    "name", ["chat rows, one array", "ShareGPT", "ChatGPT", "Claude", "Open WebUI", "Langfuse", "LangSmith"]
)
def test_values_of_another_kind_are_no_traceback(tmp_path: Path, name: str) -> None:
    """Every value of a record in turn is replaced by one of another kind."""
    data = samples.SAMPLES[name][1]()
    rows = [json.loads(line) for line in data.splitlines()] if name == "Langfuse" else json.loads(data)
    record = rows[1]
    path = tmp_path / "file"
    for place in places(record):
        for other in (None, 7, "text", [], {}, [[]], [7], {"a": 7}, True):
            path.write_text(json.dumps([replaced(record, place, other)]), encoding="utf-8")
            with contextlib.suppress(AttuneError):  # anything else is a traceback
                list(importing.ConversationReader().paths([path]))


def places(value: object, before: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The path of every value in a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [before, *(place for key, one in inner for place in places(one, (*before, key)))]


def replaced(value: object, place: tuple[object, ...], other: object) -> object:
    if not place:
        return other
    if isinstance(value, dict):
        return value | {place[0]: replaced(value[place[0]], place[1:], other)}
    assert isinstance(value, list)
    return [replaced(one, place[1:], other) if n == place[0] else one for n, one in enumerate(value)]
