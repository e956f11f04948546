"""A server on loopback for tests: real HTTP in a thread of this process. What it answers is a subclass's."""

from __future__ import annotations

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Answer(NamedTuple):
    status: int
    data: bytes
    kind: str = "application/json"


class Loopback:
    """Use it in a `with`. `keys`: every Authorization header that came."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str, body: Any) -> Answer | None:
        """The answer to a JSON body; None hangs up."""
        raise NotImplementedError

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.keys.add(self.headers.get("Authorization", ""))
                answer = server.answer(self.path, body)
                if answer is None:  # connections that were kept open end, too
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                try:
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.kind)
                    self.send_header("Content-Length", str(len(answer.data)))
                    self.end_headers()
                    self.wfile.write(answer.data)
                except OSError:
                    pass  # who asked was killed

            def log_message(self, *_: object) -> None:
                """Nothing on the test's output."""

        return Handler
