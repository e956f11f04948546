"""Out and in again: what the app writes it reads to the letter, and /v1 and an import read rows alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.conversations import labels
from assistant.conversations.formats import json_lines, openai_rows
from assistant.conversations.formats.reading import ConversationReader
from assistant.conversations.importing import files, keep
from assistant.errors import AttuneError
from assistant.record.store import Store
from assistant.record.types import Case, Message
from tests.assistant.conversations.formats import samples
from tools import chat_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    [
        "    indented\n",
        "\n\nlead",
        "👩‍👩‍👧",
        "مرحبا \u202eabc",
        "a\u2028b\u2029c\x85d\x0be",
        "\ufeffmark",
        "a\x00b",
        "```\ncode\n```",
    ]
)
SPOKEN = TEXT.filter(lambda text: bool(text.strip()))
CELL = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=40).filter(
    lambda text: bool(text.strip("\ufeff \n"))
)
NAME = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=2), max_leaves=4
)
ARGUMENTS = st.dictionaries(NAME, JSON, max_size=3).map(lambda value: json.dumps(value, ensure_ascii=False))
TOOLS = st.lists(
    st.builds(lambda name, about: {"type": "function", "function": {"name": name, "description": about}}, NAME, TEXT),
    max_size=2,
)


@st.composite
def exchanges(draw: Any, number: int) -> list[Message]:
    """A question, perhaps calls of tools with their results, and an answer."""
    found: list[Message] = [{"role": "user", "content": draw(TEXT)}]
    if draw(st.booleans()):
        calls = draw(st.lists(st.tuples(NAME, ARGUMENTS), min_size=1, max_size=2))
        made = [
            {"id": f"c{number}-{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for n, (name, arguments) in enumerate(calls)
        ]
        found.append({"role": "assistant", "content": draw(TEXT), "tool_calls": made})
        found += [{"role": "tool", "content": draw(TEXT), "tool_call_id": call["id"]} for call in made]
    answer: Message = {"role": "assistant", "content": draw(SPOKEN)}
    return [*found, answer | ({"weight": 0} if draw(st.booleans()) else {})]


@st.composite
def conversations(draw: Any) -> list[Message]:
    """What OpenAI's format allows: system messages anywhere, tools, weights; the last answer counts."""
    found: list[Message] = [{"role": "system", "content": draw(TEXT)}] * draw(st.integers(0, 2))
    if draw(st.booleans()):
        found = [*found, {"role": "assistant", "content": draw(SPOKEN)}]
    for number in range(draw(st.integers(1, 3))):
        found += draw(exchanges(number))
    found[-1].pop("weight", None)
    if draw(st.booleans()):
        found[0] = found[0] | {"tools": draw(TOOLS), "parallel_tool_calls": draw(st.booleans())}
    return found


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.lists(conversations(), min_size=1, max_size=4))
def test_what_is_written_reads_back_to_the_letter(tmp_path: Path, talks: list[list[Message]]) -> None:
    path = tmp_path / "out.jsonl"
    assert json_lines.write(path, talks) == len(talks)
    assert json_lines.read(path) == talks
    assert openai_rows.conversations(path.read_bytes(), "out.jsonl", 1) == talks
    rows = [chat_rows.row(talk) for talk in talks]
    for data in (samples.array(rows), samples.pretty(rows), samples.lines(rows).decode().encode("utf-16")):
        path.write_bytes(data)
        assert json_lines.read(path) == talks


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(st.lists(conversations(), min_size=1, max_size=3, unique_by=json.dumps))
def test_the_record_gives_back_what_it_was_given(tmp_path: Path, talks: list[list[Message]]) -> None:
    store = Store(tmp_path / "attune.db")
    case = store.add_case(Case(f"c{len(store.cases())}")).id
    json_lines.write(tmp_path / "in.jsonl", talks)
    assert files(store, case, [tmp_path / "in.jsonl"]).added == len(talks)
    assert [row.messages for row in labels.approved_rows(store, case)] == talks
    assert files(store, case, [tmp_path / "in.jsonl"]).added == 0


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_questions_and_answers_read_back_from_tables(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    rows = [{"question": q, "answer": a} for q, a in pairs]
    path = tmp_path / "rows"
    for data in (samples.table(rows), samples.table(rows, ";"), samples.parquet(rows), samples.lines(rows)):
        path.write_bytes(data)
        found = list(ConversationReader().path(path, "rows"))
        assert [[m["content"] for m in one.messages] for one in found] == [[q, a] for q, a in pairs]


ASKED, SAID = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
CALL = {"id": "c", "type": "function", "function": {"name": "tide", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "tide", "parameters": {}}}
ROWS: list[tuple[dict[str, Any], str]] = [  # a row, and why it is refused
    ({"messages": [SAID, ASKED, SAID]}, ""),
    ({"messages": [{"role": "system", "content": ""}, ASKED, SAID]}, ""),
    ({"messages": [{"role": "developer", "content": "s"}, ASKED, SAID]}, ""),
    ({"messages": [ASKED, SAID, {"role": "system", "content": "s"}, ASKED, SAID]}, ""),
    ({"messages": [ASKED, ASKED, SAID]}, ""),
    ({"messages": [ASKED, SAID | {"tool_calls": None, "weight": None}]}, ""),
    ({"messages": [ASKED | {"name": "ann"}, SAID | {"weight": 1.0}]}, ""),
    ({"messages": [ASKED, {"role": "assistant", "tool_calls": [CALL]}], "tools": [TOOL]}, ""),
    ({"messages": [ASKED, SAID | {"tool_calls": [CALL]}], "tools": [TOOL]}, ""),
    ({"messages": [ASKED, SAID | {"function_call": CALL["function"]}], "functions": [TOOL["function"]]}, ""),
    ({"messages": [ASKED, SAID], "tools": [TOOL], "parallel_tool_calls": True}, ""),
    ({"messages": [ASKED, {"role": "assistant", "content": None, "refusal": "I cannot."}]}, ""),
    ({"messages": [ASKED | {"content": [{"type": "text", "text": "q"}]}, SAID]}, ""),
    ({"messages": [ASKED | {"content": "a\0b"}, SAID | {"content": "\n  a\u2028"}]}, ""),
    ({"messages": [{"role": "system", "content": "s"}, SAID]}, ""),
    ({"messages": [ASKED, SAID, ASKED]}, "the last message is not from the assistant"),
    ({"messages": [ASKED, {"role": "assistant", "content": None}, ASKED, SAID]}, "has no content"),
    ({"messages": [ASKED, SAID | {"weight": 0}]}, "nothing to learn"),
    ({"messages": [ASKED, SAID | {"weight": 0.5}]}, "weight"),
    ({"messages": [ASKED | {"weight": 0}, SAID]}, "weight"),
    ({"messages": [{"role": "User", "content": "q"}, SAID]}, 'the role "User"'),
    ({"messages": [ASKED, SAID], "score": float("nan")}, "not valid JSON"),
]


@pytest.mark.parametrize(("row", "reason"), ROWS, ids=range(len(ROWS)))
def test_an_import_and_a_training_file_are_read_alike(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    data = samples.lines([row])
    (tmp_path / "f.jsonl").write_bytes(data)
    if reason:
        for read in (
            lambda: openai_rows.conversations(data, "f.jsonl", 1),
            lambda: json_lines.read(tmp_path / "f.jsonl"),
        ):
            with pytest.raises(AttuneError, match=r"f\.jsonl, line 1: ") as caught:
                read()
            assert reason in caught.value.sentence
    else:
        assert openai_rows.conversations(data, "f.jsonl", 1) == json_lines.read(tmp_path / "f.jsonl")


def test_a_preference_reads_back_as_a_pair(tmp_path: Path) -> None:
    store = Store(tmp_path / "attune.db")
    store.add_case(Case("c"))
    reader = ConversationReader()
    keep(store, "c", reader.text(samples.lines(samples.preferences()).decode(), "pairs"))
    found = [pair for turns in store.turns_of_case("c", ["import"]).values() for pair in labels.pairs(turns)]
    assert [(pair.prompt[0]["content"], pair.chosen, pair.rejected) for pair in found] == [
        (question, answer, "No idea.") for question, answer in samples.TALKS
    ]
    assert all(pair.prompt[0]["tools"] == [samples.TOOL] for pair in found)
