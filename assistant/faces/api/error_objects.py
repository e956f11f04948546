"""OpenAI's error objects: {"error": {"message", "type", "param", "code"}} with the status that goes with them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.uploads.refusals import Refused
from tools.trainer import ToolError

log = logging.getLogger(__name__)
TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
}
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_KINDS = ("body", "query", "path", "header", "str", "int", "float", "bool", "dict", "nullable")
RETRY_SECONDS = 20  # told with a refusal that time fixes


def response(
    status: int, message: str, param: str | None = None, code: str | None = None, retry: float = 0
) -> JSONResponse:
    """The error object. `retry`: seconds after which asking again may help."""
    error = {"message": message, "type": TYPES.get(status, "invalid_request_error"), "param": param, "code": code}
    headers = {"Retry-After": str(max(1, round(retry)))} if retry else {}
    return JSONResponse({"error": error}, status, headers | ({"WWW-Authenticate": "Bearer"} if status == 401 else {}))


def of(error: ToolError) -> JSONResponse:
    """The answer to what a user can fix."""
    if isinstance(error, Refused):
        retry = RETRY_SECONDS if error.status in (429, 503) else 0
        return response(error.status, str(error), error.param, error.code, retry)
    return response(400, str(error))


def install(app: FastAPI) -> None:
    """Every way in which a request can fail ends in an error object."""
    app.add_exception_handler(ToolError, _tool)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def _tool(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ToolError)
    return of(error)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    param, message = told(error.errors())
    return response(400, message, param, "invalid_value")


def told(found: Sequence[Any]) -> tuple[str | None, str]:
    """The field and the sentence of what pydantic found.

    A value that may be one of several things is tried as each of them, and all of it is reported: what got furthest
    into the value is what was meant.
    """
    if found[0]["type"] == "json_invalid":
        return None, "The body is not valid JSON. Send one JSON object."
    first = _where(found[0])[:1]
    same = [one for one in found if _where(one)[:1] == first]
    deepest = max(len(_where(one)) for one in same)
    best = next(_where(one) for one in same if len(_where(one)) == deepest)
    there = [one for one in same if _where(one) == best]
    there = [one for one in there if not one["type"].endswith("_type")] or there  # of the right kind, but a wrong value
    said = dict.fromkeys(map(_said, there))
    param, words = ".".join(best) or None, " or ".join(said).replace(" or Input should be", ", or")
    return param, f"Invalid '{param}': {words}." if param else f"Invalid request: {words}."


def _where(error: Any) -> list[str]:
    """The names and numbers that lead to a fault, without the kinds that pydantic tried on the way."""
    parts = [part for part in error["loc"] if isinstance(part, int) or _NAME.fullmatch(part)]
    return [str(part) for part in parts if part not in _KINDS]


def _said(error: Any) -> str:
    words = str(error["msg"]).removeprefix("Value error, ")
    return f"{words}, not {json.dumps(error['input'])[:60]}" if error["type"] == "literal_error" else words


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        message = f"There is no {request.method} {request.url.path}. See /v1/openapi.json for what there is."
        return response(error.status_code, message, None, "unknown_url")
    return response(error.status_code, str(error.detail))


def bug(method: str, path: str, error: Exception) -> JSONResponse:
    log.error("%s %s failed", method, path, exc_info=error)
    return response(500, "This is an error in Attune; the details are in its log. Try again.", None, "internal_error")
