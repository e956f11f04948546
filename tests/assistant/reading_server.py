"""A chat server on loopback that reads: it answers from the first passage with a citation, and words questions."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class ReadingServer:
    """Use it in a `with`. `asked`: every request's messages. `words`: what it replies where a question is wanted."""

    def __init__(self, words: str = "") -> None:
        self.asked: list[list[dict[str, str]]] = []
        self.words = words
        self.fail = False
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> ReadingServer:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def says(self, messages: list[dict[str, str]]) -> str:
        if "Reply with nothing but JSON" in messages[-1]["content"]:
            passage = messages[-1]["content"].split("====")[1].strip()
            answer = next(line for line in passage.splitlines()[::-1] if line.strip())
            question = f"What is told of {' '.join(answer.split()[:5])}?"
            return self.words or json.dumps({"question": question, "answer": answer})
        passages = re.search(r"\[1\] .*?: (.+)", messages[0]["content"])
        return f"{passages[1]} [1]" if passages else "I do not know."

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(body["messages"])
                if server.fail:
                    return self._send(400, b'{"error": {"message": "no"}}')
                head: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
                chunks: list[dict[str, Any]] = [
                    {"choices": [{"index": 0, "delta": {"content": server.says(body["messages"])}}]},
                    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                ]
                lines = b"".join(b"data: " + json.dumps(head | chunk).encode() + b"\n\n" for chunk in chunks)
                return self._send(200, lines + b"data: [DONE]\n\n")

            def _send(self, status: int, data: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        return Handler
