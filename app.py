"""Wires settings, store, guide, stages and faces; starts the server. Nothing else."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from assistant.errors import AttuneError
from tools.trainer import JobState, ToolError

if TYPE_CHECKING:
    from starlette.routing import Router

    from assistant.faces.api.auth import Keys
    from assistant.workbench import Workbench

log = logging.getLogger("attune")


def make_app(bench: Workbench, keys: Keys | None = None) -> Router:
    """The web app over an open workbench: the interface at /, programs at /v1, and /healthz.

    `keys` say who may use /v1; those of the settings when None. The two are side by side: what asks /v1 passes through
    nothing of the interface's. On loopback, without a password, neither answers to a name other than this machine's.
    """
    from fastapi import FastAPI
    from starlette.middleware import Middleware
    from starlette.routing import Mount, Router

    from assistant.faces.api import app as api
    from assistant.faces.api import auth
    from assistant.faces.own_host import OwnHost
    from assistant.faces.ui.page import mount

    v1 = api.make(bench, keys or auth.keys(bench.settings)[0])
    page = FastAPI(title="Attune", docs_url=None, redoc_url=None, openapi_url=None)

    @page.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    mount(page, bench)

    @asynccontextmanager
    async def running(_: object) -> AsyncIterator[None]:
        async with page.router.lifespan_context(page), api.running(v1):
            yield

    guarded = bench.settings.password.get_secret_value() or not auth.loopback(bench.settings.host)
    own = [] if guarded else [Middleware(OwnHost)]
    return Router([api.at_v1(v1), Mount("", page)], lifespan=running, middleware=own)


def serve(bench: Workbench) -> None:
    """Serve until Ctrl-C; then the model servers end and training jobs go on. AttuneError when the port is taken."""
    import uvicorn

    from assistant.faces.api import auth

    keys, passing = auth.keys(bench.settings)
    if not (auth.loopback(bench.settings.host) or bench.settings.password.get_secret_value()):
        raise AttuneError(
            f"On {bench.settings.host} whoever reaches this machine could use Attune: it does not start so.",
            "Set ATTUNE_PASSWORD, which the page then asks for, or leave ATTUNE_HOST at 127.0.0.1.",
        )
    os.umask(0o077)  # what is written from now on is people's words
    listening = _listen(bench.settings.host, bench.settings.port)
    host, port = listening.getsockname()[:2]
    app = make_app(bench, keys)
    ending = threading.Event()
    threading.Thread(target=_warm, args=(bench, ending), name="warm", daemon=True).start()
    print(f"Attune is at http://{_name(host)}:{port} (Ctrl-C ends it)", flush=True)
    if passing:
        print(
            f"Programs on this machine: base_url http://{_name(host)}:{port}/v1, api_key {passing} (for this run; "
            "set ATTUNE_API_KEY for one that stays)",
            flush=True,
        )
    gc.collect()
    gc.freeze()  # what is there now stays: a collection that walks over all of it holds up every answer
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # uvicorn has closed everything and raises the signal again
    finally:
        ending.set()
        bench.close()
    print(_goodbye(bench), flush=True)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket, or a sentence about why there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)  # from now on who connects waits instead of being refused
    except OSError as error:
        listening.close()
        raise AttuneError(
            f"Attune cannot listen on {host}:{port}: {error.strerror}.",
            "End what uses the port, or set ATTUNE_PORT to another one (0 takes any free one).",
        ) from error
    return listening


def _warm(bench: Workbench, ending: threading.Event) -> None:
    """Load the model of the latest case while the page opens, so that the first answer is quick."""
    from assistant.faces.ui.top import ensure_case
    from assistant.guide import library
    from assistant.stages import switch

    try:
        bench.chat.warm(switch.active(bench.store, bench.settings, ensure_case(bench)))
        library.warm(bench.settings)  # the guide's first answer then needs no seconds either
    except ToolError as error:
        if not ending.is_set():
            log.warning("The chat model is not ready: %s", error)
    except Exception:
        if not ending.is_set():
            log.exception("warming the chat model failed")


def _goodbye(bench: Workbench) -> str:
    left = [job for job in bench.store.jobs() if not JobState(job.state).rests]
    goes_on = ", ".join(str(job.id) for job in left if not job.waits)
    waits = ", ".join(str(job.id) for job in left if job.waits)
    said = f" Training {goes_on} goes on; start Attune again to see it." if goes_on else ""
    said += f" Training {waits} waits, and begins when Attune runs again." if waits else ""
    return f"\nAttune has ended, its model servers too.{said}"


def _name(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else str(host)


def main() -> None:
    from assistant.workbench import open_workbench

    try:
        serve(open_workbench())
    except ToolError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
