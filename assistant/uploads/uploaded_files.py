"""Files of programs: their bytes in the data folder, their rows in the record, each for its owner alone."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assistant.conversations.formats import openai_rows
from assistant.errors import AttuneError
from assistant.record.store import Store
from assistant.record.uploads import File, UploadPartRow, UploadRow
from assistant.settings import Settings
from assistant.uploads import public_names

PURPOSES = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")
RESULTS = "fine-tune-results"
CHUNK = 1 << 20  # bytes
UPLOAD_SECONDS = 3600  # an upload in parts is open for so long, as OpenAI's is
LONGEST_NAME = 255
EXPIRED = "expired"


def add(
    store: Store,
    settings: Settings,
    owner: str,
    filename: str,
    purpose: str,
    pieces: Iterable[bytes],
    expires_after: int = 0,
    id: str = "",
) -> File:
    """Keep a file: whole, and checked to be JSON lines where it is to be trained on, or not at all."""
    sweep(store, settings)
    id = id or public_names.fresh("file-")
    path = _path(settings, id)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{id}.{secrets.token_hex(6)}.part")  # the same id may be kept twice at once
    try:
        size, digest = _write(part, pieces)
        if not size:
            raise AttuneError(f"The file {_short(filename)} is empty.", "Send one that is not empty.")
        if purpose == "fine-tune":
            openai_rows.check_lines(part.read_bytes(), _short(filename))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    made = int(time.time())
    file = File(id, owner, _short(filename), purpose, size, digest, made, made + expires_after if expires_after else 0)
    store.add_file(file)
    return file


def get(store: Store, owner: str, id: str) -> File | None:
    """The owner's file of that id; None where it is somebody else's, deleted or expired."""
    file = store.file(id)
    if file is None or file.owner != owner or file.deleted or (file.expires and file.expires <= time.time()):
        return None
    return file


def read(settings: Settings, file: File) -> bytes:
    try:
        return _path(settings, file.id).read_bytes()
    except OSError as error:
        raise AttuneError(f"The content of {file.id} is gone: {error.strerror}.", "Upload the file again.") from error


def path(settings: Settings, file: File) -> Path:
    return _path(settings, file.id)


def delete(store: Store, settings: Settings, file: File) -> None:
    """Remove the bytes; the row stays, marked. What was trained on is frozen in its dataset."""
    _path(settings, file.id).unlink(missing_ok=True)  # first: what is marked is not looked at again
    store.set_file(file.id, deleted=int(time.time()))


def sweep(store: Store, settings: Settings) -> None:
    """Remove what has expired, everybody's: the bytes of files, and the parts of uploads that were not completed."""
    at = int(time.time())
    for file in store.expired_files(at):
        delete(store, settings, file)
    for upload in store.expired_uploads(at):
        _drop(store, settings, upload)
        store.close_upload(upload.id, EXPIRED)


# uploads in parts --------------------------------------------------------------------------------------------------
def open_upload(
    store: Store, settings: Settings, owner: str, filename: str, purpose: str, size: int, expires_after: int = 0
) -> UploadRow:
    sweep(store, settings)
    made = int(time.time())
    upload = UploadRow(
        public_names.fresh("upload_"),
        owner,
        _short(filename),
        purpose,
        size,
        made,
        made + UPLOAD_SECONDS,
        expires_after,
    )
    store.add_upload(upload)
    return upload


def state(upload: UploadRow) -> Any:
    """pending, completed, cancelled or expired."""
    return EXPIRED if upload.state == "pending" and upload.expires <= time.time() else upload.state


def add_part(store: Store, settings: Settings, upload: UploadRow, pieces: Iterable[bytes]) -> UploadPartRow:
    _pending(upload)
    part = public_names.fresh("part_")
    place = _path(settings, part)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    size, _ = _write(place, pieces)
    made = UploadPartRow(part, upload.id, size, int(time.time()))
    try:
        with store.atomic():  # parts come several at once
            _pending(store.upload(upload.id) or upload)
            had = sum(known.bytes for known in store.parts(upload.id))
            if had + size > upload.bytes:
                raise AttuneError(
                    f"The parts of {upload.id} would have {had + size} bytes, but it was announced with "
                    f"{upload.bytes}.",
                    "Begin an upload of the right size.",
                )
            store.add_part(made)
    except AttuneError:
        place.unlink()
        raise
    return made


def complete(store: Store, settings: Settings, upload: UploadRow, order: list[str], md5: str = "") -> File:
    """Put the parts together in this order, as one file. Raises AttuneError where they are not what was announced."""
    _pending(upload)
    known = {part.id: part for part in store.parts(upload.id)}
    wrong = [id for id in order if id not in known] or [id for id in set(order) if order.count(id) > 1]
    if wrong:
        raise AttuneError(
            f"{_short(wrong[0])} is not a part of {upload.id}, or is named twice.", "Name each part once."
        )
    size = sum(known[id].bytes for id in order)
    if size != upload.bytes:
        raise AttuneError(
            f"These parts have {size} bytes, and {upload.id} was announced with {upload.bytes}.",
            "Add what is missing, or name every part.",
        )
    places = [_path(settings, id) for id in order]
    ended = AttuneError(f"{upload.id} has expired, or another request ended it.", "Begin a new upload.")
    try:
        if md5 and md5.lower() != _md5(places):
            raise AttuneError("The parts do not have the MD5 sum that was given.", "Send them again.")
        file = add(
            store,
            settings,
            upload.owner,
            upload.filename,
            upload.purpose,
            (piece for place in places for piece in _pieces(place)),
            upload.file_expires_after,
        )
    except FileNotFoundError:
        raise ended from None
    if not store.close_upload(upload.id, "completed", file.id):
        delete(store, settings, file)
        raise ended
    _drop(store, settings, upload)
    return file


def cancel(store: Store, settings: Settings, upload: UploadRow) -> None:
    """End an upload that is open or has expired, and remove its parts."""
    if (now := state(upload)) not in ("pending", EXPIRED):
        raise AttuneError(f"{upload.id} is {now}.", "Begin a new upload.")
    if not store.close_upload(upload.id, "cancelled"):
        raise AttuneError(f"{upload.id} was ended by another request.", "Begin a new upload.")
    _drop(store, settings, upload)


def _pending(upload: UploadRow) -> None:
    if (now := state(upload)) != "pending":
        raise AttuneError(f"{upload.id} is {now}.", "Begin a new upload.")


def _drop(store: Store, settings: Settings, upload: UploadRow) -> None:
    for part in store.parts(upload.id):
        _path(settings, part.id).unlink(missing_ok=True)


def _path(settings: Settings, id: str) -> Path:
    return settings.data / "files" / id


def _write(path: Path, pieces: Iterable[bytes]) -> tuple[int, str]:
    """Write the pieces, readable by us alone; the size and the sha256."""
    digest, size = hashlib.sha256(), 0
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        for piece in pieces:
            out.write(piece)
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _md5(paths: list[Path]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for path in paths:
        for piece in _pieces(path):
            digest.update(piece)
    return digest.hexdigest()


def _short(name: str) -> str:
    return "".join(c for c in name if c.isprintable())[:LONGEST_NAME] or "file"
