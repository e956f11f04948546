"""Small files in every format, about boats and tides: what each holds is known, so what is read can be compared."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook

from assistant.record.types import Message

COUNT = 6
TALKS = [(f"When does boat {n} leave the pier?", f"Boat {n} leaves at {n + 6} o'clock.") for n in range(COUNT)]
Rows = list[dict[str, Any]]


def plain(question: str, answer: str) -> list[Message]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


EXPECTED = [plain(*talk) for talk in TALKS]


def chat_rows() -> Rows:
    return [{"messages": plain(*talk)} for talk in TALKS]


def preferences() -> Rows:
    return [
        {
            "input": {
                "messages": [{"role": "user", "content": question}],
                "tools": [TOOL],
                "parallel_tool_calls": True,
            },
            "preferred_output": [{"role": "assistant", "content": answer}],
            "non_preferred_output": [{"role": "assistant", "content": "No idea."}],
        }
        for question, answer in TALKS
    ]


def chosen_rejected(as_messages: bool) -> Rows:
    if as_messages:
        return [{"chosen": plain(q, a), "rejected": plain(q, "No idea.")} for q, a in TALKS]
    return [{"prompt": q, "chosen": a, "rejected": "No idea."} for q, a in TALKS]


def sharegpt() -> Rows:
    return [{"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]} for q, a in TALKS]


def gemini() -> Rows:
    sides = (("user", "model"), TALKS)
    return [
        {"contents": [{"role": who, "parts": [{"text": text}]} for who, text in zip(sides[0], talk, strict=True)]}
        for talk in sides[1]
    ]


def columns(question: str, answer: str, **more: str) -> Rows:
    return [{question: q, answer: a, **more} for q, a in TALKS]


def legacy() -> Rows:
    return [{"prompt": f"{q}\n\n###\n\n", "completion": f" {a} END"} for q, a in TALKS]


def langfuse() -> Rows:
    asked = [{"messages": [{"role": "user", "content": q}]} for q, _ in TALKS]
    return [
        {
            "id": str(n),
            "datasetName": "boats",
            "input": asked[n] if n % 2 else TALKS[n][0],
            "expectedOutput": a,
            "status": "ACTIVE",
        }
        for n, (_, a) in enumerate(TALKS)
    ]


def langsmith() -> Rows:
    return [
        {"id": str(n), "inputs": {"messages": [{"type": "human", "data": {"content": q}}]}, "outputs": {"answer": a}}
        if n % 2
        else {"id": str(n), "inputs": {"question": q}, "outputs": {"output": a}}
        for n, (q, a) in enumerate(TALKS)
    ]


def chatgpt() -> Rows:
    def node(id: str, parent: str | None, role: str, parts: list[Any], **more: Any) -> dict[str, Any]:
        content = {"content_type": "text", "parts": parts} | more.pop("content", {})
        return {
            "id": id,
            "parent": parent,
            "children": [],
            "message": {"author": {"role": role}, "content": content, "recipient": "all", "metadata": {}, **more},
        }

    found = []
    for q, a in TALKS:
        nodes = [
            {"id": "root", "parent": None, "children": ["sys"], "message": None},
            node("sys", "root", "system", [""], metadata={"is_visually_hidden_from_conversation": True}),
            node("ask", "sys", "user", [q]),
            node("old", "ask", "assistant", ["An answer that was made again."]),
            node(
                "think", "ask", "assistant", [], content={"content_type": "thoughts", "thoughts": [{"content": "hm"}]}
            ),
            node("call", "think", "assistant", [], content={"content_type": "code", "text": "look()"}, recipient="web"),
            node("result", "call", "tool", ["found"]),
            node("said", "result", "assistant", [a + "\ue200cite\ue202turn0\ue201"]),
        ]
        found.append({"title": "Boats", "mapping": {one["id"]: one for one in nodes}, "current_node": "said"})
    return found


def claude() -> Rows:
    def said(sender: str, text: str, number: int) -> dict[str, Any]:
        return {
            "uuid": f"m{number}",
            "sender": sender,
            "text": text,
            "parent_message_uuid": f"m{number - 1}",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": text}][sender == "human" :],
            "attachments": [],
            "files": [],
        }

    return [
        {"uuid": str(n), "name": "Boats", "chat_messages": [said("human", q, 1), said("assistant", a, 2)]}
        for n, (q, a) in enumerate(TALKS)
    ]


def open_webui() -> Rows:
    found = []
    for n, (q, a) in enumerate(TALKS):
        nodes: dict[str, Any] = {
            "1": {"id": "1", "parentId": None, "childrenIds": ["2", "3"], "role": "user", "content": q},
            "2": {"id": "2", "parentId": "1", "childrenIds": [], "role": "assistant", "content": "Another try."},
            "3": {
                "id": "3",
                "parentId": "1",
                "childrenIds": [],
                "role": "assistant",
                "content": f'<details type="reasoning" done="true">\n<summary>Thought</summary>\n> hm\n</details>\n{a}',
            },
        }
        found.append({"id": str(n), "title": "Boats", "chat": {"history": {"messages": nodes, "currentId": "3"}}})
    return found


def feedback() -> Rows:
    """The first half with thumbs up, the second with thumbs down."""
    return [
        {
            "type": "rating",
            "data": {"rating": 1 if n < COUNT // 2 else -1},
            "meta": {"message_id": "2"},
            "snapshot": {"chat": {"chat": {"messages": [m | {"id": str(i)} for i, m in enumerate(plain(q, a), 1)]}}},
        }
        for n, (q, a) in enumerate(TALKS)
    ]


def slack(folder: Path) -> Path:
    """An export with a channel of two days: each question is a thread, its answer comes the day after."""
    users = [{"id": "U1", "name": "kim", "profile": {"real_name": "Kim"}}, {"id": "U2", "name": "lee", "profile": {}}]
    days: list[Rows] = [
        [{"type": "message", "subtype": "channel_join", "user": "U1", "text": "joined", "ts": "1.0"}],
        [],
    ]
    for n, (q, a) in enumerate(TALKS):
        days[0].append({"type": "message", "user": "U1", "text": q, "ts": f"10{n}.0", "thread_ts": f"10{n}.0"})
        days[1].append({"type": "message", "user": "U2", "text": a, "ts": f"20{n}.0", "thread_ts": f"10{n}.0"})
    path = folder / "slack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("users.json", json.dumps(users))
        for day, rows in enumerate(days, start=1):
            archive.writestr(f"harbour/2026-01-0{day}.json", json.dumps(rows))
    return path


def lines(rows: Sequence[Any]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def array(rows: Sequence[Any]) -> bytes:
    return json.dumps(rows, ensure_ascii=False).encode()


def pretty(rows: Sequence[Any]) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=2).encode()


def wrapped(rows: Sequence[Any]) -> bytes:
    return json.dumps({"version": 1, "data": rows}).encode()


def table(rows: Rows, delimiter: str = ",", before: str = "", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(rows)
    return (before + out.getvalue()).encode()


def workbook(rows: Rows, title: str = "") -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append([title])
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(rows: Rows) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def arrow_stream(rows: Rows) -> bytes:
    made, out = pa.Table.from_pylist(rows), io.BytesIO()
    with pa.ipc.new_stream(out, made.schema) as writer:
        writer.write_table(made)
    return out.getvalue()


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def transcript(who: tuple[str, str] = ("User", "Assistant")) -> bytes:
    return "\n---\n".join(f"{who[0]}: {q}\n{who[1]}: {a}" for q, a in TALKS).encode()


TOOL = {"type": "function", "function": {"name": "timetable", "parameters": {"type": "object", "properties": {}}}}
Sample = Callable[[], bytes]
SAMPLES: dict[str, tuple[str, Sample]] = {  # what it is: the format it is read as, and how it is made
    "chat rows, lines": ("OpenAI chat rows", lambda: lines(chat_rows())),
    "chat rows, one array": ("OpenAI chat rows", lambda: array(chat_rows())),
    "chat rows, pretty": ("OpenAI chat rows", lambda: pretty(chat_rows())),
    "chat rows in an object": ("OpenAI chat rows", lambda: wrapped(chat_rows())),
    "chat rows, lists of messages": ("OpenAI chat rows", lambda: lines([row["messages"] for row in chat_rows()])),
    "chat rows, Parquet": ("OpenAI chat rows", lambda: parquet(chat_rows())),
    "chat rows, Arrow": ("OpenAI chat rows", lambda: arrow_stream(chat_rows())),
    "chat rows, UTF-8 with a mark": ("OpenAI chat rows", lambda: b"\xef\xbb\xbf" + lines(chat_rows())),
    "chat rows, UTF-16": ("OpenAI chat rows", lambda: lines(chat_rows()).decode().encode("utf-16")),
    "chat rows, UTF-16 without a mark": ("OpenAI chat rows", lambda: lines(chat_rows()).decode().encode("utf-16-be")),
    "chat rows, zip": ("OpenAI chat rows", lambda: zipped(a__jsonl=lines(chat_rows()), readme__txt=b"Our rows.")),
    "preference rows": ("OpenAI preference rows", lambda: lines(preferences())),
    "chosen, rejected": ("preferences (chosen, rejected)", lambda: lines(chosen_rejected(False))),
    "chosen, rejected messages": ("preferences (chosen, rejected)", lambda: array(chosen_rejected(True))),
    "ShareGPT": ("ShareGPT", lambda: pretty(sharegpt())),
    "ShareGPT, Parquet": ("ShareGPT", lambda: parquet(sharegpt())),
    "Gemini": ("ShareGPT", lambda: lines(gemini())),
    "Alpaca": ("Alpaca", lambda: array(columns("instruction", "output", input=""))),
    "prompts and completions": ("prompts and completions", lambda: lines(columns("prompt", "completion"))),
    "prompts and completions, marked": ("prompts and completions", lambda: lines(legacy())),
    "CSV": ("questions and answers", lambda: table(columns("question", "answer"))),
    "CSV, German, semicolons": ("questions and answers", lambda: table(columns("Frage", "Antwort"), ";")),
    "CSV, sep and a title": ("questions and answers", lambda: table(columns("Q", "A"), "\t", "sep=\t\nOur boats\n\n")),
    "CSV, all quoted": ("questions and answers", lambda: table(columns("Question", "Answer"), quoting=csv.QUOTE_ALL)),
    "CSV, two columns": ("questions and answers", lambda: table(columns("Thema", "Text"))),
    "Excel": ("questions and answers", lambda: workbook(columns("Question", "Reply"), "Our boats")),
    "Langfuse": ("Langfuse dataset", lambda: lines(langfuse())),
    "LangSmith": ("LangSmith dataset", lambda: array(langsmith())),
    "ChatGPT": ("ChatGPT export", lambda: array(chatgpt())),
    "ChatGPT, zip": (
        "ChatGPT export",
        lambda: zipped(conversations__json=array(chatgpt()), chat__html=b"<html></html>"),
    ),
    "Claude": ("Claude export", lambda: array(claude())),
    "Claude, zip": (
        "Claude export",
        lambda: zipped(conversations__json=array(claude()), users__json=b'[{"uuid": "u"}]'),
    ),
    "Open WebUI": ("Open WebUI chats", lambda: array(open_webui())),
    "transcript": ("transcript", lambda: transcript()),
    "transcript with names": ("transcript", lambda: transcript(("Kim", "Lee"))),
}
