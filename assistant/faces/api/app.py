"""The app that is mounted at /v1."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount

from assistant.faces.api import auth, error_objects, file_routes, fine_tuning, model_list
from assistant.faces.api.answers import chat_completions, completions, embeddings, responses
from assistant.faces.api.answers.upstream import Engine
from assistant.faces.api.common import ERRORS
from assistant.faces.api.limits import Bodies, Marked, OwnerLimits
from assistant.uploads.queue import Turns
from assistant.workbench import Workbench

ABOUT = """OpenAI's API on your own machine: set `base_url` to this address and `api_key` to a key of ATTUNE_API_KEY."""


def make(bench: Workbench, keys: auth.Keys) -> FastAPI:
    """OpenAI's API over an open workbench, to be mounted at /v1. `keys` say who may use it, as whom."""
    app = FastAPI(
        title="Attune /v1",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        responses=ERRORS,
        openapi_url="/openapi.json",
    )
    app.state.bench, app.state.keys = bench, keys
    app.state.limits = OwnerLimits(bench.settings)
    app.state.engine = Engine(bench.chat.models, bench.settings.model_servers)
    for part in (chat_completions, responses, completions, embeddings, file_routes, fine_tuning, model_list):
        app.include_router(part.router)
    error_objects.install(app)
    app.add_middleware(Bodies, file_mb=bench.settings.api_file_mb)
    if origins := [one.strip() for one in bench.settings.api_origins.split(",") if one.strip()]:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["x-request-id"],
        )
    app.add_middleware(Marked)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def at_v1(app: FastAPI) -> Mount:
    """The app at /v1, whatever stands behind it: Starlette's own pattern lets a path with a line break pass by."""
    made = Mount("/v1", app)
    made.path_regex = re.compile(made.path_regex.pattern, re.DOTALL)
    return made


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """The time in which the app answers and jobs take their turns; connections to the models' servers end with it."""
    bench: Workbench = app.state.bench
    turns = Turns(bench)
    turns.start()
    try:
        yield
    finally:
        await asyncio.to_thread(turns.close)
        await app.state.engine.close()


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with our one shape of errors in place of FastAPI's."""
    if app.openapi_schema is None:
        made = FastAPI.openapi(app)
        for path in made["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
        for name in ("HTTPValidationError", "ValidationError"):
            made["components"]["schemas"].pop(name, None)
        made["servers"] = [{"url": "/v1"}]
    return app.openapi_schema or made
