"""Every format: recognised by what a file holds, whatever it is called, and read to the letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistant.conversations.formats.found import Hints, ImportedConversation
from assistant.conversations.formats.reading import ConversationReader
from assistant.errors import AttuneError
from assistant.record.types import Message
from tests.assistant.conversations.formats import samples
from tests.assistant.conversations.formats.samples import COUNT, EXPECTED, SAMPLES, TALKS

ASKED = {"role": "user", "content": "q"}
SAID = {"role": "assistant", "content": "a"}
CALL = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": '{"pier": 3}'}}
TOOL = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}


def read(
    folder: Path, data: bytes, name: str = "file.any", **hints: tuple[str, ...]
) -> tuple[list[ImportedConversation], ConversationReader]:
    path = folder / name
    path.write_bytes(data)
    reader = ConversationReader(Hints(hints))
    return list(reader.paths([path])), reader


def bare(found: list[ImportedConversation]) -> list[list[Message]]:
    return [[{"role": m["role"], "content": m["content"]} for m in one.messages] for one in found]


def row(folder: Path, *messages: Any, **more: Any) -> tuple[list[Message], list[str]]:
    """The conversation of a row of chat messages, and what is told of it."""
    (one,), reader = read(folder, samples.lines([{"messages": messages, **more}]))
    return one.messages, reader.told.sentences()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_recognised_by_its_content_and_read(tmp_path: Path, name: str) -> None:
    format, make = SAMPLES[name]
    found, reader = read(tmp_path, make())
    assert bare(found) == EXPECTED
    assert reader.formats == {format: COUNT}
    assert all(m.get("weight", 1) == 1 for one in found for m in one.messages)


def test_slack_is_read_by_its_threads(tmp_path: Path) -> None:
    reader = ConversationReader()
    assert bare(list(reader.paths([samples.slack(tmp_path)]))) == EXPECTED
    assert reader.formats == {"Slack export": COUNT}
    assert reader.told.left_out == {"notices of Slack": 1}


def test_who_answers_in_slack_can_be_told(tmp_path: Path) -> None:
    reader = ConversationReader(Hints.parse(["assistant=Kim"]))
    with pytest.raises(AttuneError, match="holds no conversation"):  # Kim only asks, so nobody is answered
        list(reader.paths([samples.slack(tmp_path)]))


def test_a_folder_that_datasets_saved_is_read(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict, load_dataset

    made = Dataset.from_list(samples.chat_rows())
    DatasetDict({"train": made}).save_to_disk(tmp_path / "saved")
    reader = ConversationReader()
    assert bare(list(reader.paths([tmp_path / "saved"]))) == EXPECTED
    made.to_json(tmp_path / "rows.jsonl")
    loaded = load_dataset("json", data_files=str(tmp_path / "rows.jsonl"), cache_dir=str(tmp_path / "cache"))["train"]
    assert [one["messages"] for one in loaded] == bare(list(ConversationReader().paths([tmp_path / "rows.jsonl"])))


def test_thumbs_become_labels(tmp_path: Path) -> None:
    found, _ = read(tmp_path, samples.array(samples.feedback()))
    assert bare(found) == EXPECTED
    assert [one.rejected for one in found] == [()] * 3 + [(1,)] * 3
    assert [one.messages[-1].get("weight", 1) for one in found] == [1] * 3 + [0] * 3


@pytest.mark.parametrize("rows", [samples.preferences(), samples.chosen_rejected(True), samples.chosen_rejected(False)])
def test_a_preference_keeps_both_answers(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    found, _ = read(tmp_path, samples.lines(rows))
    assert [one.worse for one in found] == [({"role": "assistant", "content": "No idea."},)] * COUNT
    if "input" in rows[0]:
        assert all(one.messages[0]["tools"] == [samples.TOOL] for one in found)
        assert all(one.messages[0]["parallel_tool_calls"] is True for one in found)


# rows of chat messages -----------------------------------------------------------------------------------------------
def test_tool_calls_results_and_tools_are_kept_whole(tmp_path: Path) -> None:
    calling = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "High at noon."}
    found, told = row(tmp_path, ASKED, calling, result, SAID, tools=[TOOL], parallel_tool_calls=False)
    assert found == [
        ASKED | {"tools": [TOOL], "parallel_tool_calls": False},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "High at noon.", "tool_call_id": "c1"},
        SAID,
    ]
    assert told == []


def test_old_function_calls_are_tool_calls(tmp_path: Path) -> None:
    calling = {"role": "assistant", "content": None, "function_call": {"name": "tide", "arguments": "{}"}}
    result = {"role": "function", "name": "tide", "content": "noon"}
    found, _ = row(tmp_path, ASKED, calling, result, SAID, functions=[{"name": "tide", "parameters": {}}])
    (call,) = found[1]["tool_calls"]
    assert call["function"] == {"name": "tide", "arguments": "{}"}
    assert found[2] == {"role": "tool", "content": "noon", "name": "tide", "tool_call_id": call["id"]}
    assert found[0]["tools"] == [{"type": "function", "function": {"name": "tide", "parameters": {}}}]


@pytest.mark.parametrize("text", ["    y = x\n    return y\n", "\n  first", "a\u2028b\x0bc", "\ttab", "👩‍👩‍👧 مرحبا"])
def test_an_answer_is_kept_to_the_letter(tmp_path: Path, text: str) -> None:
    assert row(tmp_path, ASKED, SAID | {"content": text})[0][-1]["content"] == text


def test_system_messages_stay_where_they_stand(tmp_path: Path) -> None:
    talk = [
        {"role": "system", "content": ""},
        {"role": "developer", "content": "Be short."},
        ASKED,
        SAID,
        {"role": "system", "content": "Now in French."},
        ASKED,
        SAID,
    ]
    assert [m["role"] for m in row(tmp_path, *talk)[0]] == "system system user assistant system user assistant".split()


def test_a_system_message_beside_the_messages_comes_first(tmp_path: Path) -> None:
    found, _ = row(tmp_path, ASKED, SAID, system="Be short.", tools=[TOOL])
    assert found == [{"role": "system", "content": "Be short.", "tools": [TOOL]}, ASKED, SAID]


def test_what_cannot_be_trained_on_is_told_with_counts(tmp_path: Path) -> None:
    seen = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://e.org/a.png"}},
    ]
    heard = [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]
    thought = SAID | {"reasoning_content": "long"}
    found, told = row(
        tmp_path, {"role": "user", "content": seen}, SAID, {"role": "user", "content": heard}, SAID, ASKED, thought
    )
    assert [m.get("weight", 1) for m in found if m["role"] == "assistant"] == [0, 0, 1]
    (sentence,) = told
    for part in ("images (1)", "audio (1)", "reasoning (1)", "kept as context (2)"):
        assert part in sentence


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([ASKED, {"role": "tool", "content": "x", "tool_call_id": "c1"}, SAID], "answers no tool call"),
        ([ASKED, SAID | {"tool_calls": [{"type": "function"}]}], "names no function"),
        ([ASKED, SAID | {"weight": 0}], "there is nothing to learn"),
        ([ASKED, {"role": "assistant", "content": None}], "has no content"),
        ([ASKED, SAID, ASKED], "the last message is not from the assistant"),
    ],
)
def test_what_the_format_has_not_is_refused(tmp_path: Path, messages: list[Any], reason: str) -> None:
    with pytest.raises(AttuneError, match=f"line 1: .*{reason}"):
        row(tmp_path, *messages)


# what is told --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"[]", "holds no conversation"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office"),
        (b"SQLite format 3\0", "a database"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"PK\x03\x04 broken", "a damaged archive"),
        (b"\x1f\x8b broken", "a damaged archive"),
        (b"PAR1 broken PAR1", "is damaged"),
        (b"\x00\x01\x02\x03" * 50, "binary data"),
        (b"Just a line of prose.\n", "nobody asks or answers"),
        (b'{"hello": "world"}\n', "a record with hello is no conversation"),
        (b'[{"messages": [', "record 1: this is not valid JSON"),
        (b"9" * 5000, "nobody asks or answers"),
        (b"[" * 100_000, "this is not valid JSON"),
        (samples.table(samples.columns("a", "b", c="x")), "not clear which columns"),
        (samples.zipped(readme__txt=b"Hello."), "holds no file with conversations"),
    ],
    ids=range(18),
)
def test_what_cannot_be_read_is_said_with_a_remedy(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(AttuneError) as caught:
        read(tmp_path, data, "what.bin")
    assert words in caught.value.sentence
    assert caught.value.remedy


def test_columns_can_be_told(tmp_path: Path) -> None:
    data = samples.table(samples.columns("Thema", "Text", Nummer="7"))
    found, reader = read(tmp_path, data, question=("thema",), answer=("Text",))
    assert bare(found) == EXPECTED
    assert reader.told.left_out == {'the field "Nummer" of rows': COUNT}
    with pytest.raises(AttuneError, match="not clear which columns"):
        read(tmp_path, data, question=("Theme",), answer=("Text",))


def test_speakers_can_be_told(tmp_path: Path) -> None:
    talk = "\n---\n".join(
        f"[01.02.26, 10:0{n}] Kim: {q}\nAda: hm\n[01.02.26, 10:1{n}] Lee: {a}" for n, (q, a) in enumerate(TALKS)
    )
    with pytest.raises(AttuneError, match="not clear who answers"):
        read(tmp_path, talk.encode())
    found, _ = read(tmp_path, talk.encode(), assistant=("lee",))
    assert [m["content"] for m in found[0].messages] == [f"{TALKS[0][0]}\n\nhm", TALKS[0][1]]
    with pytest.raises(AttuneError, match="Nobody called 'Max'"):
        read(tmp_path, talk.encode(), assistant=("Max",))


def test_hints_are_checked() -> None:
    assert Hints.parse(["question=Frage, answer=Antwort"]).of("answer") == ("Antwort",)
    for wrong in ("Frage", "color=red", "question="):
        with pytest.raises(AttuneError, match="does not say"):
            Hints.parse([wrong])


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "gb18030", "cp932"])
def test_another_encoding_is_read_with_a_doubt(tmp_path: Path, encoding: str) -> None:
    text = {
        "cp1252": "Où est le café",
        "cp1251": "Сколько времени занимает возврат?",
        "gb18030": "退货期限为三十天，运费由买家承担。",
        "cp932": "返品期限は三十日です。送料はお客様負担です。",
    }[encoding]
    found, reader = read(tmp_path, f"question,answer\n{text},ok\n".encode(encoding))
    assert found[0].messages[0]["content"] == text
    assert "was read as" in " ".join(reader.told.sentences())


def test_a_bad_record_is_named_by_its_place(tmp_path: Path) -> None:
    bad = [*samples.chat_rows(), {"messages": [ASKED]}]
    for data, place in ((samples.lines(bad), f"line {COUNT + 1}"), (samples.pretty(bad), f"record {COUNT + 1}")):
        with pytest.raises(AttuneError, match=f"file.any, {place}: the last message") as caught:
            read(tmp_path, data)
        assert "Nothing was imported" in caught.value.remedy


def test_a_bad_file_in_an_archive_is_not_passed_over(tmp_path: Path) -> None:
    data = samples.zipped(a__jsonl=samples.lines(samples.chat_rows()), b__jsonl=b'{"messages": [{"role": "bot"}]}\n')
    with pytest.raises(AttuneError, match=r'b\.jsonl, line 1: the role "bot"'):
        read(tmp_path, data)


def test_a_chat_that_cannot_be_read_is_left_out_of_an_export_and_told(tmp_path: Path) -> None:
    broken = {"mapping": {"a": {"id": "a", "parent": None, "message": {"author": 7}}}, "current_node": "a"}
    found, reader = read(tmp_path, samples.array([*samples.chatgpt(), broken, {"mapping": {}, "current_node": None}]))
    assert bare(found) == EXPECTED
    told = " ".join(reader.told.sentences())
    assert "records that cannot be read (1)" in told
    assert "conversations without an answer (1)" in told
    assert f"record {COUNT + 1}" in told


def test_rows_without_an_answer_are_told(tmp_path: Path) -> None:
    rows = [*samples.columns("question", "answer"), {"question": "And then?", "answer": " "}]
    found, reader = read(tmp_path, samples.table(rows))
    assert bare(found) == EXPECTED
    assert reader.told.left_out == {"rows without a question or an answer": 1}


def test_an_alpaca_row_has_its_input_below_the_instruction(tmp_path: Path) -> None:
    rows = [{"instruction": "Translate.", "input": "Boot", "output": "boat", "system": "Be short."}]
    (one,), _ = read(tmp_path, samples.lines(rows))
    assert [m["content"] for m in one.messages] == ["Be short.", "Translate.\n\nBoot", "boat"]


def test_sharegpt_with_tools_is_kept(tmp_path: Path) -> None:
    turns = [
        {"from": "human", "value": "q"},
        {"from": "function_call", "value": '{"name": "tide", "arguments": {"pier": 3}}'},
        {"from": "observation", "value": "noon"},
        {"from": "gpt", "value": "a"},
    ]
    (one,), _ = read(tmp_path, samples.lines([{"conversations": turns, "tools": json.dumps([TOOL["function"]])}]))
    assert [m["role"] for m in one.messages] == ["user", "assistant", "tool", "assistant"]
    assert one.messages[0]["tools"] == [TOOL]
    assert one.messages[1]["tool_calls"][0]["function"] == {"name": "tide", "arguments": '{"pier": 3}'}


def test_an_answer_that_is_json_stays_as_it_is(tmp_path: Path) -> None:
    answer = '{"type": "boat", "content": [1, 2], "role": "x"}'
    (one,), _ = read(tmp_path, samples.lines([{"input": "extract", "output": answer}]))
    assert one.messages[-1]["content"] == answer


@pytest.mark.parametrize(
    ("data", "talks"),
    [
        (
            b"Where is it?,At the pier.\nWhen is it?,At nine.\n",
            [["Where is it?", "At the pier."], ["When is it?", "At nine."]],
        ),
        (b'{"question": ["q1", "q2"], "answer": ["a1", "a2"]}', [["q1", "a1"], ["q2", "a2"]]),
        (b'{"question": {"0": "q1"}, "answer": {"0": "a1"}}', [["q1", "a1"]]),
        (b'[{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]', [["q", "a"]]),
        (b'{\n"question": "q1", "answer": "a1"}\n{\n"question": "q2", "answer": "a2"}\n', [["q1", "a1"], ["q2", "a2"]]),
        (b'question;answer\r\n"How; so?";"one\r\ntwo ""x"""\r\n', [["How; so?", 'one\r\ntwo "x"']]),
        ("Question\tAnswer\r\nHow?\tSo.\r\n".encode("utf-16"), [["How?", "So."]]),
        (b'inputs,outputs\n"{""question"": ""q""}","{""answer"": ""a""}"\n', [["q", "a"]]),
        (
            b"1/3/24, 10:11 - Ann: hi\n1/3/24, 10:12 - Ben: yo\nho\n1/3/24, 10:13 - Ann: x\n1/3/24, 10:14 - Ben: y",
            [["hi", "yo\nho", "x", "y"]],
        ),
    ],
    ids=range(9),
)
def test_other_shapes_are_read(tmp_path: Path, data: bytes, talks: list[list[str]]) -> None:
    found, _ = read(tmp_path, data)
    assert [[m["content"] for m in one.messages] for one in found] == talks


def test_a_dump_that_ends_with_a_question_is_cut_and_told(tmp_path: Path) -> None:
    rows = [
        {"conversations": [*row["conversations"], {"from": "human", "value": "And?"}]} for row in samples.sharegpt()
    ]
    found, reader = read(tmp_path, samples.lines(rows))
    assert bare(found) == EXPECTED
    assert reader.told.left_out == {"messages after the last answer": COUNT}


def test_judged_answers_of_completions_are_labels(tmp_path: Path) -> None:
    rows = [{"prompt": "q", "completion": "bad", "label": False}, {"prompt": "q", "completion": "good", "label": True}]
    found, _ = read(tmp_path, samples.lines(rows))
    assert [(one.messages[-1].get("weight", 1), one.rejected) for one in found] == [(0, (1,)), (1, ())]


def test_a_name_that_stands_once_is_text_and_told(tmp_path: Path) -> None:
    (one,), reader = read(tmp_path, b"Ann: hi\nBen: yo\nNote: later\nAnn: why\nBen: so\n")
    assert [m["content"] for m in one.messages] == ["hi", "yo\nNote: later", "why", "so"]
    assert "Note" in " ".join(reader.told.sentences())


def test_prose_is_no_transcript(tmp_path: Path) -> None:
    with pytest.raises(AttuneError, match="nobody asks or answers"):
        read(tmp_path, b"# Title\n\nSome prose: with colon.\nNote: this is it.\nAnother line of text.\n")
