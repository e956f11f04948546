"""/v1 alone, on a real port of loopback, without the page: quick to start."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.routing import Router

from assistant.faces.api import app as api
from assistant.faces.api import auth
from assistant.faces.api.limits import OwnerLimits
from assistant.settings import Settings
from assistant.workbench import Workbench, open_workbench
from tools.trainer import Trainer

ADA, BOB = "sk-ada-0123456789", "sk-bob-0123456789"
ROWS = [
    {"messages": [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"Answer {n}."}]}
    for n in range(12)
]
GOOD = "\n".join(json.dumps(row) for row in ROWS).encode()


@dataclass
class V1:
    """The running server: SDK clients of two owners, a plain HTTP client of the first, and what is behind it."""

    url: str
    bench: Workbench
    ada: openai.OpenAI
    bob: openai.OpenAI
    http: httpx.Client
    limits: OwnerLimits

    @property
    def model(self) -> str:
        """The name of the model that answers where no other is named: the tiny one's folder."""
        return self.bench.settings.chat_model


@pytest.fixture(scope="module")
def v1(tmp_path_factory: pytest.TempPathFactory) -> Iterator[V1]:
    with opened(tmp_path_factory.mktemp("v1")) as found:
        yield found


@contextmanager
def opened(data: Path, trainers: dict[str, Trainer] | None = None, **more: Any) -> Iterator[V1]:
    """It runs as long as the block. `trainers` in place of the real ones; `more`: settings beside the usual ones."""
    settings = Settings(
        data=data,
        owner="ada",
        embedding="lexical",
        api_requests=100_000,
        api_file_mb=0.5,
        api_key=SecretStr(f"{ADA},bob:{BOB}"),
        **more,
    )
    bench = open_workbench(settings)
    bench.trainers = trainers or bench.trainers
    inner = api.make(bench, auth.keys(settings)[0])
    outer = Router([api.at_v1(inner)], lifespan=lambda _: api.running(inner))
    server = uvicorn.Server(uvicorn.Config(outer, port=0, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.02)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    ada, bob = (openai.OpenAI(base_url=url, api_key=key, max_retries=0) for key in (ADA, BOB))
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {ADA}"}, timeout=60) as http:
        yield V1(url, bench, ada, bob, http, inner.state.limits)
    server.should_exit = True
    bench.close()


def strict(kind: type[Any], value: Any) -> Any:
    """The value as the SDK's own model, strictly: every type exact, and no field that the model does not have."""
    made = kind.model_validate(value, strict=True)
    _no_extra(made)
    return made


def _no_extra(value: Any) -> None:
    for one in value if isinstance(value, list) else [value]:
        if hasattr(one, "model_fields_set"):
            unknown = sorted(one.model_extra or {})
            assert not unknown, f"{type(one).__name__} has no {unknown}"
            for name in one.model_fields_set:
                _no_extra(getattr(one, name))
