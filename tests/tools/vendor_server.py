"""A server on loopback that answers as a fine-tuning vendor does: OpenAI, Azure or a compatible one, with faults.

It keeps files and jobs, moves each job on by one stage whenever it is asked for, and can be told to fail: to cut the
connection before or after it did what was asked, to answer 429 or 500, to store half a file, to forget a job.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "sk-marked-key-0123456789abcdef"
STAGES = ["validating_files", "queued", "running", "running", "succeeded"]
BASE = "gpt-4.1-nano-2025-04-14"
COLUMNS = {
    "openai": "step,train_loss,train_mean_token_accuracy,valid_loss,valid_mean_token_accuracy,full_valid_loss",
    "azure": "step,train_loss,train_mean_token_accuracy,validation_loss,validation_mean_token_accuracy,"
    "full_validation_loss",
}
Json = dict[str, Any]


class Answer(Exception):
    """Ends a request with this status and body."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match: see `Vendor.fail`."""

    method: str
    path: str
    kind: str  # cut, lost, 500-lost, half, or a status
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "Something went wrong."


class Vendor:
    """The state of the server, shared with the test. `flavour`: openai, azure or compatible."""

    def __init__(self, flavour: str = "openai") -> None:
        self.flavour = flavour
        self.key = KEY
        self.files: dict[str, Json] = {}
        self.contents: dict[str, bytes] = {}
        self.jobs: dict[str, Json] = {}
        self.events: dict[str, list[Json]] = {}
        self.requests: list[tuple[str, str, Json]] = []  # method, path, JSON body
        self.headers: list[dict[str, str]] = []
        self.faults: list[Fault] = []
        self.deployments: dict[str, Json] = {}
        self.stages = list(STAGES)
        self.hold = False  # jobs stay where they are
        self.eligible = True
        self.metric_events = flavour == "openai"
        self.clock: Callable[[], float] = time.time
        self.lock = threading.RLock()
        self.url = ""
        self._count = 0

    @property
    def api(self) -> str:
        """The base URL of the API."""
        return self.url + self.prefix

    @property
    def prefix(self) -> str:
        return "/openai/v1" if self.flavour == "azure" else "/v1"

    def fail(self, method: str, path: str, kind: str, times: int = 1, message: str = "", **headers: str) -> None:
        """The next requests whose path matches the pattern fail.

        `cut`: the connection ends before anything is done; `lost`: it is done, and the answer lost; `500-lost`: done,
        and answered with 500; `half`: only half of an uploaded file is kept; a number: that status, nothing done.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.faults.append(Fault(method, path, kind, times, named, message or "Something went wrong."))

    def created(self) -> list[Json]:
        """The jobs that were created, the oldest first; one that cost money each."""
        return list(self.jobs.values())

    def job_ends(self, status: str, message: str = "") -> None:
        """Every job ends so at once."""
        for job in self.jobs.values():
            job["status"] = status
            job["finished_at"] = int(self.clock())
            job["error"] = {"code": "x", "message": message, "param": None} if message else None

    # what is answered ------------------------------------------------------------------------------------------------
    def answer(self, method: str, path: str, query: Json, body: Json, raw: bytes, headers: dict[str, str]) -> Any:
        if path.startswith("/subscriptions/") or path.endswith("/oauth2/v2.0/token"):
            return self._control(method, path, body)
        given = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("api-key", "")
        if given != self.key:
            raise Answer(401, error(f"Incorrect API key provided: {given}.", "invalid_api_key"))
        path = path.removeprefix(self.prefix)
        for wanted, pattern, call in self._routes():
            if wanted == method and (found := re.fullmatch(pattern, path)):
                return call(*found.groups(), query=query, body=body, raw=raw, headers=headers)
        raise Answer(404, error(f"Unknown request URL: {method} {path}"))

    def _routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        job = r"/fine_tuning/jobs/([\w-]+)"
        return [
            ("GET", "/models", self._models),
            ("GET", "/models/(.+)", self._model),
            ("POST", "/files", self._upload),
            ("GET", "/files", lambda query, **_: page(list(reversed(self.files.values())), query)),
            ("GET", r"/files/([\w-]+)", lambda id, **_: self._file(id)),
            ("DELETE", r"/files/([\w-]+)", self._delete),
            ("GET", r"/files/([\w-]+)/content", lambda id, **_: (self._file(id), self.contents[id])[1]),
            ("POST", "/fine_tuning/jobs", self._create),
            ("GET", "/fine_tuning/jobs", lambda query, **_: page(list(reversed(self.jobs.values())), query)),
            ("GET", job, lambda id, **_: self._move_on(self._job(id))),
            ("GET", f"{job}/events", lambda id, query, **_: page(list(reversed(self._events(id))), query)),
            ("GET", f"{job}/checkpoints", lambda id, query, **_: page(self._checkpoints(id), query)),
            ("POST", f"{job}/(cancel|pause|resume)", self._wish),
            ("POST", "/chat/completions", self._chat),
        ]

    def _models(self, **_: Any) -> Json:
        listed = [self._described(BASE)] + [self._described(m) for m in self._tuned()]
        if self.flavour == "azure":
            listed.append(self._described("gpt-35-turbo-0613") | {"capabilities": {"fine_tune": False}})
        return page(listed, {})

    def _model(self, name: str, **_: Any) -> Json:
        if name not in (BASE, *self._tuned()):
            raise Answer(404, error(f"The model '{name}' does not exist.", "model_not_found"))
        return self._described(name)

    def _described(self, name: str) -> Json:
        ends = {"shutdown_date": "2027-01-14"} if self.flavour == "openai" else {}
        can = {"capabilities": {"fine_tune": True}} if self.flavour == "azure" else {}
        return {"id": name, "object": "model", "created": 1_744_000_000, "owned_by": "system", **ends, **can}

    def _tuned(self) -> list[str]:
        return [job["fine_tuned_model"] for job in self.jobs.values() if job["fine_tuned_model"]]

    def _upload(self, raw: bytes, headers: dict[str, str], **_: Any) -> Json:
        parts = multipart(raw, headers["content-type"])
        name, data = parts["file"]
        if self._strikes("half"):
            data = data[: len(data) // 2]
        file = {
            "id": f"file-{self._number()}",
            "object": "file",
            "bytes": len(data),
            "filename": name,
            "created_at": int(self.clock()),
            "purpose": parts["purpose"][1].decode(),
            "status": "processed",
        }
        self.files[file["id"]], self.contents[file["id"]] = file, data
        return file

    def _file(self, id: str) -> Json:
        if id not in self.files:
            raise Answer(404, error(f"No such File object: {id}"))
        return self.files[id]

    def _delete(self, id: str, **_: Any) -> Json:
        self._file(id)
        del self.files[id]
        return {"id": id, "object": "file", "deleted": True}

    def _create(self, body: Json, headers: dict[str, str], **_: Any) -> Json:
        if not self.eligible:
            raise Answer(403, error("Fine-tuning is no longer available to this organization.", "permission_denied"))
        if self.flavour == "azure" and len(body.get("suffix", "")) > 18:
            raise Answer(400, error("The suffix is longer than 18 characters."))
        if body["model"] not in (BASE, *self._tuned()):
            raise Answer(400, error("The specified base model does not support fine-tuning."))
        if body["training_file"] not in self.files:
            raise Answer(400, error(f"invalid training_file: {body['training_file']}", param="training_file"))
        lines = self.contents[body["training_file"]].splitlines()
        job = {
            "id": f"ftjob-{self._number()}",
            "object": "fine_tuning.job",
            "created_at": int(self.clock()),
            "model": body["model"],
            "status": self.stages[0],
            "fine_tuned_model": None,
            "finished_at": None,
            "organization_id": "org-1",
            "result_files": [],
            "seed": body.get("seed", 1),
            "trained_tokens": None,
            "training_file": body["training_file"],
            "validation_file": body.get("validation_file"),
            "error": None,
            "hyperparameters": {"n_epochs": 3, "batch_size": 1, "learning_rate_multiplier": 1.0},
            "metadata": body.get("metadata"),
            "method": body.get("method"),
            "estimated_finish": None,
            "_at": 0,
            "_asked": body,
            "_rows": len(lines),
            "_key": headers.get("idempotency-key", ""),
        }
        self.jobs[job["id"]] = job
        self.events[job["id"]] = []
        self._say(job, f"Created fine-tuning job: {job['id']}")
        return shown(job)

    def _job(self, id: str) -> Json:
        if id not in self.jobs:
            raise Answer(404, error(f"Could not find fine tune: {id}", "fine_tune_not_found"))
        return self.jobs[id]

    def _move_on(self, job: Json) -> Json:
        """The next stage, once for each time it is asked for, until it has ended."""
        if not self.hold and job["_at"] < len(self.stages) and not job["finished_at"] and job["status"] != "paused":
            job["status"] = self.stages[job["_at"]]
            job["_at"] += 1
            if job["status"] == "running":
                job["estimated_finish"] = int(self.clock()) + 90
                self._step(job)
            if job["status"] == "succeeded":
                self._succeed(job)
        return shown(job)

    def _step(self, job: Json) -> None:
        step = job["_at"] - 2
        loss = 3.0 / step
        if self.metric_events:
            measures = {"step": step, "total_steps": 2, "train_loss": loss, "train_mean_token_accuracy": 0.3 * step}
            measures |= {"valid_loss": loss + 0.5, "full_valid_loss": loss + 0.25}
            self._say(job, f"Step {step}/2: training loss={loss:.2f}", **measures)
        else:
            self._say(job, f"Step {step} of 2")

    def _succeed(self, job: Json) -> None:
        asked = job["_asked"]
        kind = ":" if self.flavour == "openai" else "-"
        ending = f"ft{kind}{job['model']}{kind}org{kind}{asked.get('suffix', '')}{kind}{self._number()}"
        job["fine_tuned_model"] = f"{job['model']}.{ending[:20]}" if self.flavour == "azure" else ending
        job["finished_at"] = max(int(self.clock()), job["created_at"] + 40)
        job["trained_tokens"] = 100 * job["_rows"]
        columns = COLUMNS["azure" if self.flavour == "azure" else "openai"]
        rows = "1,3.0,0.3,3.5,0.2,3.25\n2,1.5,0.6,2.0,0.5,1.75\n"
        id = f"file-{self._number()}"
        self.files[id] = {
            "id": id,
            "object": "file",
            "bytes": len(rows),
            "filename": "step_metrics.csv",
            "created_at": job["finished_at"],
            "purpose": "fine-tune-results",
            "status": "processed",
        }
        self.contents[id] = f"{columns}\n{rows}".encode()
        job["result_files"] = [id]
        self._say(job, "The job has successfully completed")

    def _say(self, job: Json, message: str, **data: Any) -> None:
        self.events[job["id"]].append(
            {
                "id": f"ftevent-{self._number()}",
                "object": "fine_tuning.job.event",
                "created_at": int(self.clock()),
                "level": "info",
                "message": message,
                "type": "metrics" if data else "message",
                "data": data or {},
            }
        )

    def _events(self, id: str) -> list[Json]:
        self._job(id)
        return self.events[id]

    def _checkpoints(self, id: str) -> list[Json]:
        if self.flavour == "compatible":
            raise Answer(404, error("Not Found"))
        job = self._job(id)
        return [
            {
                "id": f"ftckpt-{step}",
                "object": "fine_tuning.job.checkpoint",
                "created_at": job["created_at"],
                "fine_tuned_model_checkpoint": f"{job['fine_tuned_model']}:ckpt-step-{step}",
                "step_number": step,
                "fine_tuning_job_id": id,
                "metrics": {"step": step, "train_loss": 3.0 / step, "full_valid_loss": 2.0},
            }
            for step in ((2, 1) if job["fine_tuned_model"] else ())
        ]

    def _wish(self, id: str, verb: str, **_: Any) -> Json:
        job = self._job(id)
        if job["finished_at"]:
            raise Answer(400, error(f"Job is already in terminal state '{job['status']}'."))
        if verb == "resume" and job["status"] != "paused":
            raise Answer(400, error("Only a paused job can be resumed."))
        job["status"] = {"cancel": "cancelled", "pause": "paused", "resume": "queued"}[verb]
        if verb == "cancel":
            job["finished_at"] = int(self.clock())
        return shown(job)

    def _chat(self, body: Json, **_: Any) -> Any:
        name = body["model"]
        if self.flavour == "azure":
            if name not in self.deployments:
                raise Answer(404, error("The API deployment for this resource does not exist.", "DeploymentNotFound"))
        elif not any(name == known or name.startswith(f"{known}:ckpt") for known in (BASE, *self._tuned())):
            raise Answer(404, error(f"The model '{name}' does not exist.", "model_not_found"))
        text = f"Answered by {name}."
        part = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": name}
        chunks: list[Json] = [
            part | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]},
            part | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            part | {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}},
        ]
        return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"

    # Azure's control plane -------------------------------------------------------------------------------------------
    def _control(self, method: str, path: str, body: Json) -> Any:
        if path.endswith("/token"):
            return {"token_type": "Bearer", "expires_in": 3600, "access_token": "arm-token-of-the-test"}
        if path.rstrip("/").endswith("/deployments"):
            return {"value": list(self.deployments.values())}
        name = path.rsplit("/", 1)[1]
        if method == "PUT":
            created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock()))
            made = body | {"id": path, "name": name, "systemData": {"createdAt": created}}
            made["properties"] = body["properties"] | {"provisioningState": "Succeeded"}
            self.deployments[name] = made
            raise Answer(201, made)
        if name not in self.deployments:
            raise Answer(204 if method == "DELETE" else 404, {"error": {"code": "NotFound", "message": "No such one."}})
        if method == "DELETE":
            del self.deployments[name]
            return {}
        return self.deployments[name]

    def _number(self) -> int:
        self._count += 1
        return self._count

    def _strikes(self, kind: str) -> bool:
        """Whether a fault of this kind waits; it is used up."""
        found = next((fault for fault in self.faults if fault.kind == kind and fault.times > 0), None)
        if found:
            found.times -= 1
        return found is not None

    def fault(self, method: str, path: str) -> Fault | None:
        for found in self.faults:
            if found.times > 0 and found.kind != "half" and found.method == method and re.search(found.path, path):
                found.times -= 1
                return found
        return None


def shown(job: Json) -> Json:
    return {name: value for name, value in job.items() if not name.startswith("_")}


def error(message: str, code: str = "invalid_request", param: str | None = None) -> Json:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def page(entries: list[Json], query: Json) -> Json:
    """A page of a list, in OpenAI's form, of entries in the order given."""
    shown_ = [shown(entry) for entry in entries]
    if after := query.get("after"):
        at = next((i for i, entry in enumerate(shown_) if entry["id"] == after), len(shown_))
        shown_ = shown_[at + 1 :]
    most = int(query.get("limit", 20))
    return {"object": "list", "data": shown_[:most], "has_more": len(shown_) > most}


def multipart(raw: bytes, kind: str) -> dict[str, tuple[str, bytes]]:
    """The parts of a form: name -> (filename, content)."""
    message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw, policy=email.policy.HTTP)
    found = {}
    for part in message.iter_parts():  # type: ignore[attr-defined]
        name = str(part.get_param("name", header="content-disposition"))
        found[name] = (part.get_filename() or "", part.get_payload(decode=True) or b"")
    return found


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    vendor: Vendor

    def log_message(self, *_: Any) -> None:
        """Nothing: the test's output is its own."""

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(raw) if raw and "json" in headers.get("content-type", "") else {}
        vendor = self.vendor
        with vendor.lock:
            vendor.requests.append((self.command, parts.path, body))
            vendor.headers.append(headers)
            fault = vendor.fault(self.command, parts.path)
            if fault and fault.kind == "cut":
                return self._cut()
            if fault and fault.kind.isdigit():
                return self._send(int(fault.kind), error(fault.message), fault.headers)
            try:
                status, found, extra = 200, vendor.answer(self.command, parts.path, query, body, raw, headers), {}
            except Answer as answer:
                status, found, extra = answer.status, answer.body, answer.headers
            if fault and fault.kind == "lost":
                return self._cut()
            if fault and fault.kind == "500-lost":
                return self._send(500, error("The server had an error."), {})
        self._send(status, found, extra)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        kind = "application/json"
        if isinstance(body, str):
            data, kind = body.encode(), "text/event-stream"
        elif isinstance(body, bytes):
            data, kind = body, "application/octet-stream"
        else:
            data = b"" if status == 204 else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = _serve


@contextmanager
def serving(flavour: str = "openai") -> Iterator[Vendor]:
    """A vendor on a free port of loopback."""
    vendor = Vendor(flavour)
    handler = type("Handler", (Handler,), {"vendor": vendor})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a client that hung up
    vendor.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
