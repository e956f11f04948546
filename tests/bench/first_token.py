"""Time to the first token: through the app's chat, and asking the model server directly with the same messages.

    python -m tests.bench.first_token [--json] [--rounds 40]

Both ask the same model server in turn, in an order that alternates; the difference is what the app adds.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import openai

from assistant.chat import Chat
from assistant.knowledge.prompt import composition
from assistant.knowledge.reading import ingestion
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Case, Variant
from assistant.settings import EMBEDDED, ROOT, Settings

MAX_TOKENS = 4
EXAMPLE = ROOT / "data" / "examples" / "teashop"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=40, help="questions a side, at least 30")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), max(30, options.rounds))
    if options.json:
        print(json.dumps(result))
    else:
        for name in ("prompt", "rag+few-shot"):
            row = result[name]
            print(
                f"{name:13} app {row['app_ms']} ms, direct {row['direct_ms']} ms, added {row['added_ms']} ms "
                f"(medians of {result['rounds']})"
            )
    return 0


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Medians in milliseconds for a variant that is only a prompt, and for one with passages and examples."""
    settings = Settings(data=folder)
    store = Store(settings.database)
    case = store.add_case(Case("bench", "Bench"))
    for path in sorted((EXAMPLE / "documents").iterdir()):
        ingestion.add(store, settings, case.id, path.name, path.read_bytes())
    for line in (EXAMPLE / "conversations.jsonl").read_text(encoding="utf-8").splitlines():
        store.import_conversation(case.id, "import", json.loads(line)["messages"])
    questions = [talk[0]["content"] for talk in _talks()][:rounds]
    questions = [questions[i % len(questions)] for i in range(rounds)]
    chat = Chat(settings, store, Knowledge(store, settings))
    plain = Variant(case.id, "prompt", "local", EMBEDDED, composition.short_instruction(case), max_tokens=MAX_TOKENS)
    rich = Variant(case.id, "rag+few-shot", "local", EMBEDDED, plain.system, 3, 3, max_tokens=MAX_TOKENS)
    try:
        return {"rounds": rounds, "model": EMBEDDED} | {v.name: _compare(chat, v, questions) for v in (plain, rich)}
    finally:
        chat.close()


def _talks() -> list[list[dict[str, Any]]]:
    lines = (EXAMPLE / "heldout.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["messages"] for line in lines]


def _compare(chat: Chat, variant: Variant, questions: list[str]) -> dict[str, float]:
    chat.warm(variant)
    endpoint = chat.models.endpoint(variant)
    client = endpoint.client()
    times: dict[str, list[float]] = {"app": [], "direct": []}
    for number, question in enumerate(["Hello", "Hello", *questions]):
        messages = [{"role": "user", "content": question}]
        sent = chat.prepare(variant, messages).messages
        sides = {"app": lambda: _app(chat, variant, messages), "direct": lambda: _direct(client, endpoint.model, sent)}  # noqa: B023
        for side in sorted(sides, reverse=number % 2 == 1):
            seconds = sides[side]()
            if number >= 2:  # the first two are not counted: connections are opened, caches filled
                times[side].append(seconds)
    client.close()
    app, direct = (statistics.median(times[side]) * 1000 for side in ("app", "direct"))
    added = statistics.median(a - b for a, b in zip(times["app"], times["direct"], strict=True)) * 1000
    return {
        "app_ms": round(app, 2),
        "direct_ms": round(direct, 2),
        "difference_ms": round(app - direct, 2),
        "added_ms": round(added, 2),
    }


def _app(chat: Chat, variant: Variant, messages: list[dict[str, Any]]) -> float:
    started = time.perf_counter()
    reply = chat.reply(variant, messages)
    next(reply, "")
    seconds = time.perf_counter() - started
    for _ in reply:
        pass
    return seconds


def _direct(client: openai.OpenAI, model: str, messages: list[Any]) -> float:
    started = time.perf_counter()
    seconds = 0.0
    for chunk in client.chat.completions.create(
        model=model, messages=messages, stream=True, max_tokens=MAX_TOKENS, temperature=0.0
    ):
        if not seconds and chunk.choices and chunk.choices[0].delta.content:
            seconds = time.perf_counter() - started
    return seconds or time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
