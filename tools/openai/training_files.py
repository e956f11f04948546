"""Rows as files that an OpenAI-compatible vendor trains on: written, uploaded once, and read back."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from tools import chat_rows
from tools.openai.account import Account, listed
from tools.trainer import Preference, ToolError, TrainRequest

if TYPE_CHECKING:
    import openai
    from openai.types import FileObject

PURPOSE: Literal["fine-tune"] = "fine-tune"
READY_SECONDS, LOOK_SECONDS = 60.0, 0.5
MOST_LISTED = 300
BROKEN, WAITING = ("error", "failed", "deleted"), ("pending", "running", "notRunning")


def rows(request: TrainRequest) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Training and validation rows in the vendor's form."""
    if request.method == "dpo":
        return [_pair(one) for one in request.preferences], [_pair(one) for one in request.test_preferences]
    return [chat_rows.row(row) for row in request.train], [chat_rows.row(row) for row in request.test]


def encode(found: Sequence[dict[str, Any]]) -> bytes:
    """JSON lines, UTF-8."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found).encode()


def upload(account: Account, client: openai.OpenAI, data: bytes, part: str) -> str:
    """The id of a file with exactly this content. It is named by its hash: what is there whole is not sent again."""
    name = f"attune-{hashlib.sha256(data).hexdigest()[:16]}-{part}.jsonl"
    known = _known(account, client, name, len(data))
    made = known or account.patiently(lambda: client.files.create(file=(name, data), purpose=PURPOSE))
    if made.bytes not in (0, len(data)):  # some vendors give no size
        account.patiently(lambda: client.files.delete(made.id))
        raise ToolError(
            f"{account.vendor} holds {made.bytes:,} of {len(data):,} bytes of the {part} file: the upload broke off.",
            "Start again: nothing was begun, and the part was deleted.",
        )
    return _ready(account, client, made, part).id


def download(account: Account, client: openai.OpenAI, file: str) -> bytes:
    """A file's content."""
    return account.patiently(lambda: client.files.content(file).content)


def _known(account: Account, client: openai.OpenAI, name: str, size: int) -> FileObject | None:
    """The whole file of that name, if the vendor has it; one that broke off is not taken."""

    def look() -> FileObject | None:
        for file in listed(client.files.list(purpose=PURPOSE, limit=100), MOST_LISTED):
            if file.filename == name and file.bytes == size and file.status not in BROKEN:
                return file
        return None

    return account.patiently(look)


def _ready(account: Account, client: openai.OpenAI, file: FileObject, part: str) -> FileObject:
    """The file once the vendor has looked at it. Raises ToolError when it refuses it or takes too long."""
    until = time.monotonic() + READY_SECONDS
    while str(file.status) in WAITING and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        file = account.patiently(partial(client.files.retrieve, file.id))
    if file.status in BROKEN:
        why = f": {account.clean(file.status_details)}" if file.status_details else ""
        raise ToolError(f"{account.vendor} refuses the {part} file{why}.", "Fix the conversations and start again.")
    return file


def _pair(one: Preference) -> dict[str, Any]:
    return {
        "input": chat_rows.row(one.prompt),
        "preferred_output": [{"role": "assistant", "content": one.chosen}],
        "non_preferred_output": [{"role": "assistant", "content": one.rejected}],
    }
