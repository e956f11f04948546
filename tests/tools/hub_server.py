"""A server on loopback that answers as the Hugging Face Hub does, and really runs the jobs that it is sent.

A job's uv script is run by this Python instead of uv, with the environment and secrets that came with it. Faults: a
status for the next requests of a path, a connection that is cut before or after the request was carried out.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_markedtoken0123456789abcdef"
Files = dict[str, bytes]
Reply = tuple[int, Any, dict[str, str]]  # status, body, headers


@dataclass
class Fault:
    """What goes wrong with the next `times` requests of `method` whose path has `part` in it."""

    method: str
    part: str
    status: int = 0  # 0 = the connection is cut
    times: int = 1
    after: bool = False  # carried out all the same
    headers: dict[str, str] = field(default_factory=dict)
    then: Fault | None = None  # what goes wrong from now on


class Hub:
    """The Hub's state: repositories by (kind, name), jobs by id. `run`: whether jobs are really carried out."""

    def __init__(self, folder: Path, run: bool = True) -> None:
        self.folder, self.run = folder, run
        self.token = TOKEN
        self.repos: dict[tuple[str, str], Files] = {}
        self.private: dict[tuple[str, str], bool] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.faults: list[Fault] = []
        self.seen: list[str] = []
        self.lock = threading.RLock()
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        for child in self.children.values():
            if child.poll() is None:
                _end(child)
        self.server.shutdown()
        self.server.server_close()

    def fail(self, method: str, part: str, status: int = 0, times: int = 1, **more: Any) -> None:
        self.faults.append(Fault(method, part, status, times, **more))

    def log(self, id: str) -> str:
        path = self.folder / id / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Take a job on; its script is fetched, as uv would, with the token of its secrets."""
        id = f"job{len(self.jobs) + 1}"
        job = {
            "id": id,
            "createdAt": "2026-11-25T12:00:00.000Z",
            "dockerImage": spec.get("dockerImage"),
            "command": spec["command"],
            "environment": spec["environment"],
            "secrets": {},
            "flavor": spec["flavor"],
            "labels": spec.get("labels"),
            "timeout": spec.get("timeoutSeconds"),
            "owner": {"id": "1", "name": "ada", "type": "user"},
            "status": {"stage": "RUNNING", "message": None},
        }
        self.jobs[id] = job
        if self.run:
            self._carry_out(id, spec)
        return job

    def _carry_out(self, id: str, spec: dict[str, Any]) -> None:
        place = self.folder / id
        place.mkdir(parents=True)
        address, *arguments = spec["command"][2:]  # uv run SCRIPT ...
        name, path = re.match(r".*/datasets/([^/]+/[^/]+)/resolve/main/(.+)", address).groups()  # type: ignore
        (place / "job.py").write_bytes(self.repos[("dataset", name)][path])
        kept = {n: v for n, v in os.environ.items() if n not in ("HF_TOKEN", "PYTHONPATH")}
        given = kept | spec["environment"] | spec["secrets"] | {"HF_HOME": str(place / "home"), "HF_HUB_OFFLINE": "0"}
        with open(place / "log", "wb") as log:
            command = [sys.executable, "-u", "job.py", *arguments]
            child = subprocess.Popen(
                command, cwd=place, env=given, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.children[id] = child
        threading.Thread(target=self._wait, args=(id, child), daemon=True).start()

    def _wait(self, id: str, child: subprocess.Popen[bytes]) -> None:
        code = child.wait()
        if self.jobs[id]["status"]["stage"] == "RUNNING":
            stage, message = ("ERROR", f"exit {code}") if code else ("COMPLETED", None)
            self.jobs[id]["status"] = {"stage": stage, "message": message}

    def cancel(self, id: str) -> None:
        self.jobs[id]["status"] = {"stage": "CANCELED", "message": None}
        if id in self.children and self.children[id].poll() is None:
            _end(self.children[id])


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve("GET")

    def do_HEAD(self) -> None:
        self._serve("HEAD")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        body = self._body()
        hub = self.hub
        hub.seen.append(f"{method} {path}")
        fault = next((f for f in hub.faults if f.times and f.method == method and f.part in path), None)
        if fault:
            fault.times -= 1
            if fault.then:
                hub.faults.append(fault.then)
            if fault.after:
                self._answer(method, path, parts.query, body)
            if not fault.status:
                self.close_connection = True
                self.connection.close()
                return
            self._send(fault.status, {"error": "a fault"}, fault.headers)
            return
        if self.headers.get("authorization") != f"Bearer {hub.token}":
            self._send(401, {"error": "Invalid credentials"})
            return
        with hub.lock:
            status, value, headers = self._answer(method, path, parts.query, body)
        self._send(status, value, headers)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline().strip() or b"0", 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _send(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        try:
            self.send_response(status)
            for name, text in (headers or {}).items():
                self.send_header(name, text)
            if "Content-Length" not in (headers or {}):
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _answer(self, method: str, path: str, query: str, body: bytes) -> Reply:
        hub = self.hub
        if path == "/api/whoami-v2":
            return 200, {"name": "ada", "type": "user", "orgs": []}, {}
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'ada'}/{asked['name']}"
            kind = asked.get("type") or "model"
            known = (kind, name) in hub.repos
            hub.repos.setdefault((kind, name), {})
            hub.private.setdefault((kind, name), asked.get("private") or asked.get("visibility") == "private")
            return 409 if known else 200, {"url": f"{hub.url}/{name}", "error": "exists"}, {}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}, {}
        if found := re.match(r"/api/jobs/ada(?:/([^/]+))?(?:/(logs|cancel))?$", path):
            return self._jobs(method, found[1], found[2], query, body)
        if found := re.match(r"/api/(model|dataset)s/([^/]+/[^/]+)(/.*)?$", path):
            return self._repo(found[1], found[2], found[3] or "", body)
        if found := re.match(r"/(?:(dataset)s/)?([^/]+/[^/]+)/resolve/[^/]+/(.+)$", path):
            return self._file(hub.repos.get((found[1] or "model", found[2]), {}), found[3])
        return 404, {"error": f"nothing at {path}"}, {"X-Error-Code": "RepoNotFound"}

    def _jobs(self, method: str, id: str | None, verb: str | None, query: str, body: bytes) -> Reply:
        hub = self.hub
        if id is None and method == "POST":
            return 200, hub.start(json.loads(body)), {}
        if id is None:
            wanted = dict(label.split("=", 1) for label in parse_qs(query).get("label", []))
            found = [j for j in hub.jobs.values() if wanted.items() <= (j["labels"] or {}).items()]
            return 200, found, {}
        if id not in hub.jobs:
            return 404, {"error": "no such job"}, {}
        if verb == "cancel":
            hub.cancel(id)
        if verb == "logs":
            lines = hub.log(id).splitlines()
            return (
                200,
                "".join(f"data: {json.dumps({'data': x, 'timestamp': 't'})}\n\n" for x in lines).encode(),
                {"Content-Type": "text/event-stream"},
            )
        return 200, hub.jobs[id], {}

    def _repo(self, kind: str, name: str, rest: str, body: bytes) -> Reply:
        hub = self.hub
        files = hub.repos.get((kind, name))
        if files is None:
            return 404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"}
        if rest.startswith("/preupload"):
            asked = json.loads(body)["files"]
            rows = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]
            return 200, {"files": rows}, {}
        if rest.startswith("/commit"):
            for line in body.splitlines():
                entry = json.loads(line)
                if entry["key"] == "file":
                    files[entry["value"]["path"]] = base64.b64decode(entry["value"]["content"])
                elif entry["key"].startswith("deleted"):
                    gone = entry["value"]["path"]
                    for known in [f for f in files if f == gone or f.startswith(gone.rstrip("/") + "/")]:
                        del files[known]
            url = f"{hub.url}/{name}/commit/{_sha(files)}"
            return 200, {"commitUrl": url, "commitOid": _sha(files), "hookOutput": ""}, {}
        if rest.startswith("/tree"):
            rows = [{"type": "file", "path": p, "size": len(d), "oid": _oid(d)} for p, d in sorted(files.items())]
            return 200, rows, {}
        if rest.startswith("/paths-info"):
            return 200, [], {}
        rows = [{"rfilename": p} for p in sorted(files)]
        info = {"id": name, "sha": _sha(files), "siblings": rows, "private": hub.private[(kind, name)], "tags": []}
        return 200, info | {"downloads": 0, "likes": 0}, {}

    def _file(self, files: Files, path: str) -> Reply:
        if path not in files:
            return 404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": _sha(files)}
        data = files[path]
        return 200, data, {"ETag": f'"{_oid(data)}"', "X-Repo-Commit": _sha(files), "Content-Length": str(len(data))}


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a job with everything that it started, as the end of its container would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _oid(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _sha(files: Files) -> str:
    return hashlib.sha1("".join(f"{p}{_oid(d)}" for p, d in sorted(files.items())).encode()).hexdigest()
