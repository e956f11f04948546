"""OpenAI's error objects: {"error": {"message", "type", "param", "code"}} with the status that goes with them."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assistant.uploads.refusals import Refused
from tools.trainer import ToolError

log = logging.getLogger(__name__)
TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error", 500: "server_error",
         503: "server_error"}  # fmt: skip
RETRY_SECONDS = 20  # told with a refusal that time mends


def response(
    status: int, message: str, param: str | None = None, code: str | None = None, retry: float = 0
) -> JSONResponse:
    """The error object. `retry`: seconds after which asking again may help."""
    error = {"message": message, "type": TYPES.get(status, "invalid_request_error"), "param": param, "code": code}
    headers = {"Retry-After": str(max(1, round(retry)))} if retry else {}
    return JSONResponse({"error": error}, status, headers | ({"WWW-Authenticate": "Bearer"} if status == 401 else {}))


def of(error: ToolError) -> JSONResponse:
    """The answer to what a user can mend."""
    if isinstance(error, Refused):
        retry = RETRY_SECONDS if error.status in (429, 503) else 0
        return response(error.status, str(error), error.param, error.code, retry)
    return response(400, str(error))


def install(app: FastAPI) -> None:
    """Every way in which a request can fail ends in an error object."""
    app.add_exception_handler(ToolError, _tool)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def _tool(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ToolError)
    return of(error)


def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    param, message = told(error.errors()[0])
    return response(400, message, param, "invalid_value")


def told(first: Any) -> tuple[str | None, str]:
    """The field and the sentence of the first problem that pydantic found."""
    where = [str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")]
    where = [part for part in where if not part.startswith(("function-", "constrained-"))]
    param = ".".join(where) or None
    if first["type"] == "json_invalid":
        return None, "The body is not valid JSON. Send one JSON object."
    said = str(first["msg"]).removeprefix("Value error, ")
    return param, f"Invalid '{param}': {said}." if param else f"Invalid request: {said}."


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        message = f"There is no {request.method} {request.url.path}. See /v1/openapi.json for what there is."
        return response(error.status_code, message, None, "unknown_url")
    return response(error.status_code, str(error.detail))


def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return response(500, "This is a fault of Attune's; its log has it. Try again.", None, "internal_error")
