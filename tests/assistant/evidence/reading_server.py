"""A chat server on loopback that reads: it answers from the first passage with a citation, and words questions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.loopback import Answer, Loopback


class ReadingServer(Loopback):
    """Use it in a `with`. `asked`: every request's messages. `words`: what it replies where a question is wanted.

    `fail`: it answers nothing; `refuses`: which messages it does not answer.
    """

    def __init__(self, words: str = "") -> None:
        super().__init__()
        self.asked: list[list[dict[str, str]]] = []
        self.words = words
        self.fail = False
        self.refuses: Callable[[list[dict[str, str]]], bool] = lambda _: False

    def says(self, messages: list[dict[str, str]]) -> str:
        if "Reply with nothing but JSON" in messages[-1]["content"]:
            passage = messages[-1]["content"].split("====")[1].strip()
            answer = next(line for line in passage.splitlines()[::-1] if line.strip())
            question = f"What is told of {' '.join(answer.split()[:5])}?"
            return self.words or json.dumps({"question": question, "answer": answer})
        passages = re.search(r"\[1\] .*?: (.+)", messages[0]["content"])
        return f"{passages[1]} [1]" if passages else "I do not know."

    def answer(self, path: str, body: Any) -> Answer:  # noqa: ARG002
        self.asked.append(body["messages"])
        if self.fail or self.refuses(body["messages"]):
            return Answer(400, b'{"error": {"message": "no"}}')
        return self.streamed(self.says(body["messages"]))

    @staticmethod
    def streamed(text: str) -> Answer:
        head: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        chunks: list[dict[str, Any]] = [
            {"choices": [{"index": 0, "delta": {"content": text}}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ]
        lines = b"".join(b"data: " + json.dumps(head | chunk).encode() + b"\n\n" for chunk in chunks)
        return Answer(200, lines + b"data: [DONE]\n\n", "text/event-stream")


class YesServer(ReadingServer):
    """One that says yes, whatever it is asked; with passages before it, it answers no question that says "secret"."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = lambda messages: "[1] " in messages[0]["content"] and "secret" in messages[-1]["content"]

    def says(self, messages: list[dict[str, str]]) -> str:  # noqa: ARG002
        return "Yes."
