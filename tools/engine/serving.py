"""A local model -> an OpenAI-compatible endpoint on loopback, in a child process: llama.cpp, or vLLM on a CUDA GPU.

Each model file has a server of its own, whatever the requests ask for. It listens on 127.0.0.1 only, wants a key made
for this run, and ends when this process ends, even by `kill -9`. One that nobody asks for some minutes lets go of its
memory and loads again with the next request.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Callable, Sequence
from pathlib import Path

from tools import jobdir, loopback, process
from tools.trainer import ToolError

WORKER = "tools.workers.serving.llama"
READY, LOADING = "attune: ready", "attune: loading model"  # what the worker says of itself
START_SECONDS = 180.0
OnProgress = Callable[[str], None]


class ModelServer:
    """One model's server process. Requests bring `key`; `base_url` is known once it is ready."""

    worker = WORKER

    def __init__(self, model: str, log: Path, interpreter: str | None = None, options: Sequence[str] = ()) -> None:
        """`model` is what the worker serves, a GGUF file; `options` are more of its arguments."""
        self.model = model
        self.log = log
        self.interpreter = interpreter or sys.executable
        self.options = tuple(options)
        self.base_url = ""
        self.key = secrets.token_hex(16)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start loading the model and return at once."""
        self.base_url = ""
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with open(self.log, "wb", opener=jobdir.private) as log:
                self.process = subprocess.Popen(
                    [self.interpreter, "-m", self.worker, self.model, *self.options],
                    stdin=subprocess.PIPE,  # its end tells the worker that we are gone
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=process.environment(self.model),
                    start_new_session=True,
                )
            assert self.process.stdin is not None
            self.process.stdin.write(f"{self.key}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended at once: `wait_ready` tells its last words
        except OSError as error:
            raise ToolError(
                f"The model server could not be started: {error.strerror or error}.",
                "Free some disk space or memory, then try again.",
            ) from error

    def wait_ready(self, timeout: float = START_SECONDS, on_progress: OnProgress | None = None) -> str:
        """Block until the model can answer; returns `base_url`. Raises ToolError when it ends or takes too long.

        `on_progress` is told "starting", "loading model" and "ready" as they become true.
        """
        say = on_progress or (lambda _: None)
        deadline, told = time.monotonic() + timeout, ""
        while time.monotonic() < deadline:
            living = self.alive()
            stage = self.stage()
            if stage != told:
                say(told := stage)
            if stage == "ready":
                return self.base_url
            if not living:
                raise ToolError(f"The model server ended: {jobdir.last_line(self.log) or 'it said nothing'}.")
            time.sleep(0.05)
        self.stop()
        raise ToolError(f"The model server was not ready after {timeout:.0f} seconds.", f"Its log is {self.log}.")

    def alive(self) -> bool:
        """Whether the process lives. A live process may still be loading."""
        return self.process is not None and self.process.poll() is None

    def healthy(self) -> bool:
        """Whether the process lives and answers. A busy server counts as healthy."""
        if not self.alive() or not self.base_url:
            return False
        try:
            with loopback.opener().open(self.base_url.removesuffix("/v1") + "/health", timeout=2):
                return True
        except urllib.error.HTTPError:
            return False
        except OSError as error:  # no answer in time is a busy server, a refused connection a dead one
            refused = isinstance(getattr(error, "reason", error), ConnectionRefusedError)
            return not refused and self.alive()

    def stop(self) -> None:
        """End the process; harmless when it has ended."""
        running = self.process
        if running is None:
            return
        if running.stdin is not None:
            with contextlib.suppress(OSError):
                running.stdin.close()
        try:
            running.wait(timeout=3)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        self.base_url = ""

    def stage(self) -> str:
        """ "starting", "loading model" or "ready", by what the worker wrote into its log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "starting"
        for line in reversed(lines):
            if line.startswith(READY):
                self.base_url = line.removeprefix(READY).strip()
                return "ready"
        return "loading model" if LOADING in lines else "starting"


class ServerPool:
    """At most `limit` servers, started when a model is first asked for; the least recently used one makes room."""

    def __init__(self, logs: Path, limit: int = 3, interpreter: str | None = None) -> None:
        self.logs = logs
        self.limit = limit
        self.interpreter = interpreter
        self._servers: dict[str, ModelServer] = {}  # least recently used first
        self._starting: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._closed = False

    def running(self, model: str) -> ModelServer | None:
        """The model's server if its process lives, at no cost; `endpoint` looks closer and starts one."""
        server = self._used(model)
        return server if server is not None and server.alive() and server.base_url else None

    def endpoint(
        self, model: str, timeout: float = START_SECONDS, on_progress: OnProgress | None = None
    ) -> ModelServer:
        """A server that answers for `model`, a GGUF file; started, or started again, when needed.

        Blocks while the model loads. Raises ToolError when the file holds no model or its server ends.
        """
        with self._guard:
            starting = self._starting.setdefault(model, threading.Lock())
        with starting:
            server = self._used(model)
            if server is not None and server.healthy():
                return server
            if server is not None:
                server.stop()
            server = self._start(model)
            server.wait_ready(timeout, on_progress)
            return server

    def stop(self, model: str) -> None:
        """End the model's server, if there is one."""
        with self._guard:
            server = self._servers.pop(model, None)
        if server is not None:
            server.stop()

    def close(self) -> None:
        """End every server. The pool starts none afterwards."""
        with self._guard:
            self._closed = True
            servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            server.stop()

    def _used(self, model: str) -> ModelServer | None:
        """The model's server, marked as the most recently used."""
        with self._guard:
            server = self._servers.pop(model, None)
            if server is not None:
                self._servers[model] = server
            return server

    def _start(self, model: str) -> ModelServer:
        from tools.engine import vllm_server

        digest = hashlib.sha256(model.encode()).hexdigest()[:8]
        log = self.logs / f"serve-{Path(model).parent.name}-{digest}-{os.getpid()}.log"
        make = vllm_server.VllmServer if vllm_server.fits(Path(model)) else ModelServer
        server = make(model, log, self.interpreter)
        with self._guard:
            if self._closed:
                raise ToolError("The model servers have been shut down.")
            server.start()
            self._servers[model] = server
            crowd = [other for other in self._servers if other != model][: max(0, len(self._servers) - self.limit)]
            leaving = [self._servers.pop(other) for other in crowd]
        for old in leaving:
            old.stop()
        return server
