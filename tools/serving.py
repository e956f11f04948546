"""A local model -> an OpenAI-compatible endpoint on loopback.

Each model has a server process of its own: one server for several would stop the answers of one model whenever
another is asked, since continuous batching is bound to one model. A server has no authentication, so it listens
on 127.0.0.1 only. It ends when this process ends, even by `kill -9`. A server's answers are all greedy or all
sampled at one temperature (see workers/serve.py), so a model that is asked for both has two.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import threading
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path

from tools import basemodel, jobdir, loopback, process
from tools.trainer import ToolError

WORKER = "tools.workers.serve"
READY, LOADING = "attune: ready", "attune: loading model"  # what the worker says of itself
START_SECONDS = 180.0
OnProgress = Callable[[str], None]
Key = tuple[str, float]  # a model's folder and the temperature of its answers


class Server:
    """One model's server process. Requests name the model by `model`, its folder."""

    def __init__(self, model: str, log: Path, interpreter: str | None = None, temperature: float = 0.0) -> None:
        self.model = model
        self.temperature = temperature
        self.log = log
        self.interpreter = interpreter or sys.executable
        self.base_url = ""  # known once it is ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start loading the model and return at once. Raises ToolError when it is no model folder."""
        if "@" in self.model:  # transformers takes what follows for a revision
            raise ToolError(f'{self.model} cannot be served: its path holds an "@".', "Rename the folder.")
        basemodel.check_folder(Path(self.model))
        self.base_url = ""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(
                [self.interpreter, "-m", WORKER, self.model, f"--temperature={self.temperature}"],
                stdin=subprocess.PIPE,  # its end tells the worker that we are gone
                stdout=log,
                stderr=subprocess.STDOUT,
                env=process.environment(self.model),
                start_new_session=True,
            )

    def wait_ready(self, timeout: float = START_SECONDS, on_progress: OnProgress | None = None) -> str:
        """Block until the model has answered; returns `base_url`. Raises ToolError when it ends or takes too long.

        `on_progress` is told "starting", "loading model" and "ready" as they become true.
        """
        say = on_progress or (lambda _: None)
        deadline, told = time.monotonic() + timeout, ""
        while time.monotonic() < deadline:
            living = self.alive()
            stage = self._stage()
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
        """Whether the process lives. A live process may still be loading, or have a broken engine."""
        return self._process is not None and self._process.poll() is None

    def healthy(self) -> bool:
        """Whether the process lives and its engine says that it works. A busy server counts as healthy."""
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
        running = self._process
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

    def _stage(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "starting"
        for line in reversed(lines):
            if line.startswith(READY):
                self.base_url = line.removeprefix(READY).strip()
                return "ready"
        return "loading model" if LOADING in lines else "starting"


class Pool:
    """At most `limit` servers, started when a model is first asked for; the least recently used one makes room."""

    def __init__(self, logs: Path, limit: int = 3, interpreter: str | None = None) -> None:
        self.logs = logs
        self.limit = limit
        self.interpreter = interpreter
        self._servers: dict[Key, Server] = {}  # least recently used first
        self._starting: dict[Key, threading.Lock] = {}
        self._guard = threading.Lock()
        self._closed = False

    def running(self, model: str, temperature: float = 0.0) -> str | None:
        """The base URL of a server whose process lives, at no cost; `endpoint` looks closer and starts one."""
        server = self._used((model, temperature))
        return server.base_url if server is not None and server.alive() and server.base_url else None

    def endpoint(
        self, model: str, timeout: float = START_SECONDS, on_progress: OnProgress | None = None,
        temperature: float = 0.0,
    ) -> str:  # fmt: skip
        """The base URL of a server that answers for `model`, a folder; started, or started again, when needed.

        Requests have to name the model by the same string. Blocks while the model loads. Raises ToolError when
        the folder holds no model or its server ends.
        """
        key = (model, temperature)
        with self._guard:
            starting = self._starting.setdefault(key, threading.Lock())
        with starting:
            server = self._used(key)
            if server is not None and server.healthy():
                return server.base_url
            if server is not None:
                server.stop()
            return self._start(key).wait_ready(timeout, on_progress)

    def stage(self, model: str, temperature: float = 0.0) -> str:
        """ "stopped", "starting", "loading model" or "ready", without starting anything."""
        with self._guard:
            server = self._servers.get((model, temperature))
        if server is None or not server.alive():
            return "stopped"
        return server._stage()

    def close(self) -> None:
        """End every server. The pool starts none afterwards."""
        with self._guard:
            self._closed = True
            servers, self._servers = list(self._servers.values()), {}
        for server in servers:
            server.stop()

    def _used(self, key: Key) -> Server | None:
        """The model's server, marked as the most recently used."""
        with self._guard:
            server = self._servers.pop(key, None)
            if server is not None:
                self._servers[key] = server
            return server

    def _start(self, key: Key) -> Server:
        model, temperature = key
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:8]
        log = self.logs / f"serve-{Path(model).name}-{digest}-{os.getpid()}.log"
        server = Server(model, log, self.interpreter, temperature)
        with self._guard:
            if self._closed:
                raise ToolError("The model servers have been shut down.")
            server.start()
            self._servers[key] = server
            crowd = [other for other in self._servers if other != key][: max(0, len(self._servers) - self.limit)]
            leaving = [self._servers.pop(other) for other in crowd]
        for old in leaving:
            old.stop()
        return server
