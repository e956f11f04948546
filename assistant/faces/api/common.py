"""What the routes share: the workbench, the owner, lists by the page, and what an error looks like in the document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer

from assistant.faces.api import auth
from assistant.faces.api.schemas import objects
from assistant.uploads.refusals import missing
from assistant.workbench import Workbench

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": objects.ErrorBody, "description": what}
    for status, what in (
        (400, "The request is not valid; the message says why."),
        (401, "No valid key."),
        (403, "Not for this caller."),
        (404, "It does not exist, or it belongs to somebody else."),
        (409, "It is in use, or has changed meanwhile."),
        (413, "Too large."),
        (429, "Too much at once."),
        (503, "Not possible just now."),
    )
}


class NamedObject(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=NamedObject)


async def _owner(request: Request, _: Annotated[Any, Security(HTTPBearer(auto_error=False))] = None) -> str:
    return auth.owner(request)


async def _bench(request: Request) -> Workbench:
    found: Workbench = request.app.state.bench
    return found


Owner = Annotated[str, Depends(_owner)]
Bench = Annotated[Workbench, Depends(_bench)]
After = Annotated[str | None, Query(max_length=128, description="The id that the page begins behind.")]


def page(found: Sequence[T], after: str | None, limit: int) -> tuple[list[T], bool]:
    """The entries behind `after`, at most `limit`, and whether there are more. Raises Refused for an unknown id."""
    start = 0
    if after:
        places = [number for number, one in enumerate(found) if one.id == after]
        if not places:
            raise missing("entry", after, "after")
        start = places[0] + 1
    return list(found[start : start + limit]), len(found) > start + limit


def seconds(time: str) -> int:
    """A time of the record in seconds since 1970."""
    return int(datetime.fromisoformat(time).timestamp())
