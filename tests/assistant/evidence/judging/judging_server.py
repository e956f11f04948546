"""A server on loopback that answers as OpenAI does and judges: it knows what is right by the approved answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from tests.loopback import Answer, Loopback

Opinion = Callable[[dict[str, Any]], str]  # the material of a prompt -> the reply


def fair(material: dict[str, Any]) -> str:
    """5 for the approved answer, 1 for any other; of two, the one that is the approved answer."""
    approved = material["approved answer"]
    if "answer" in material:
        return json.dumps({"score": 5 if material["answer"] == approved else 1, "reason": "It says so."})
    first, second = (material[name] == approved for name in ("answer A", "answer B"))
    return json.dumps({"better": "tie" if first == second else "A" if first else "B", "reason": "It says so."})


def first_is_better(material: dict[str, Any]) -> str:
    """Fair about single answers; of two it takes the one that stands first."""
    return fair(material) if "answer" in material else json.dumps({"better": "A"})


class JudgingServer(Loopback):
    """`busy`: how many of the next requests are refused as too many; `refuses`: an option that it does not take;
    `status`: what every request is answered with instead."""

    def __init__(self, opinion: Opinion = fair) -> None:
        super().__init__()
        self.opinion = opinion
        self.asked: list[dict[str, Any]] = []
        self.busy = 0
        self.refuses = ""
        self.status = 200
        self._lock = threading.Lock()

    def answer(self, path: str, body: Any) -> Answer:
        assert path.endswith("/chat/completions")
        with self._lock:
            self.asked.append(body)
            if self.busy > 0:
                self.busy -= 1
                return _error(429, "too many requests")
        if self.status != 200:
            return _error(self.status, "no")
        if self.refuses and self.refuses in body:
            return _error(400, f"Unsupported parameter: '{self.refuses}'")
        prompt = body["messages"][-1]["content"]
        reply = self.opinion(json.loads(prompt[prompt.index("\n\n{") :]))
        message = {"role": "assistant", "content": reply}
        done = {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        return Answer(200, json.dumps(done).encode())


def _error(status: int, said: str) -> Answer:
    return Answer(status, json.dumps({"error": {"message": said, "type": "x", "code": "x"}}).encode())
