"""/v1/files and /v1/uploads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import FileResponse

from assistant.faces.api.common import After, Bench, Owner, page
from assistant.faces.api.schemas import objects
from assistant.record import uploads as record
from assistant.uploads import result_files, uploaded_files
from assistant.uploads.refusals import Refused, missing

router = APIRouter()
Id = str
ExpiresSeconds = Annotated[int | None, Form(alias="expires_after[seconds]", ge=3600, le=2592000)]
ExpiresAnchor = Annotated[Literal["created_at"] | None, Form(alias="expires_after[anchor]")]


@router.post("/files", tags=["files"])
def upload_file(
    bench: Bench,
    owner: Owner,
    file: Annotated[UploadFile, File()],
    purpose: Annotated[objects.Purpose, Form()],
    expires: ExpiresSeconds = None,
    anchor: ExpiresAnchor = None,  # noqa: ARG001
) -> objects.FileObject:
    """Upload a file. One with the purpose fine-tune has to be JSON lines."""
    made = uploaded_files.add(
        bench.store, bench.settings, owner, file.filename or "file", purpose, _pieces(file), expires or 0
    )
    return shown(made)


@router.get("/files", tags=["files"])
def list_files(
    bench: Bench,
    owner: Owner,
    purpose: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=10000)] = 10000,
    order: Literal["asc", "desc"] = "desc",
    after: After = None,
) -> objects.FilePage:
    uploaded_files.sweep(bench.store, bench.settings)
    result_files.keep(bench, owner)
    found = [file for file in bench.store.files(owner, int(time.time())) if purpose in (None, file.purpose)]
    listed, more = page(found[::-1] if order == "desc" else found, after, limit)
    data = [shown(file) for file in listed]
    ends = (data[0].id, data[-1].id) if data else (None, None)
    return objects.FilePage(data=data, has_more=more, first_id=ends[0], last_id=ends[1])


@router.get("/files/{file_id}", tags=["files"])
def retrieve_file(bench: Bench, owner: Owner, file_id: Id) -> objects.FileObject:
    return shown(_file(bench, owner, file_id))


@router.get("/files/{file_id}/content", tags=["files"], response_class=FileResponse)
def file_content(bench: Bench, owner: Owner, file_id: Id) -> FileResponse:
    """The bytes as they were uploaded; of a result file the CSV."""
    file = _file(bench, owner, file_id)
    path = uploaded_files.path(bench.settings, file)
    if not path.is_file():
        raise missing("content of the file", file_id)
    return FileResponse(path, media_type="application/octet-stream", filename=file.filename)


@router.delete("/files/{file_id}", tags=["files"])
def delete_file(bench: Bench, owner: Owner, file_id: Id) -> objects.Deleted:
    """Delete a file. What was trained on it stays, with the rows that it was trained on."""
    uploaded_files.delete(bench.store, bench.settings, _file(bench, owner, file_id))
    return objects.Deleted(id=file_id, object="file")


@router.post("/uploads", tags=["uploads"])
def create_upload(bench: Bench, owner: Owner, body: objects.UploadCreate) -> objects.UploadObject:
    """Begin a file that comes in parts, within an hour."""
    most = int(bench.settings.api_file_mb * 1e6)
    if body.bytes > most:
        raise Refused(
            f"A file of {body.bytes} bytes is larger than ATTUNE_API_FILE_MB allows ({most} bytes).",
            "Send a smaller one.",
            "bytes",
        )
    expires = body.expires_after.seconds if body.expires_after else 0
    made = uploaded_files.open_upload(
        bench.store, bench.settings, owner, body.filename, body.purpose, body.bytes, expires
    )
    return _upload(bench, made)


@router.post("/uploads/{upload_id}/parts", tags=["uploads"])
def add_upload_part(
    bench: Bench, owner: Owner, upload_id: Id, data: Annotated[UploadFile, File()]
) -> objects.UploadPart:
    part = uploaded_files.add_part(bench.store, bench.settings, _open(bench, owner, upload_id), _pieces(data))
    return objects.UploadPart(id=part.id, created_at=part.created, upload_id=upload_id)


@router.post("/uploads/{upload_id}/complete", tags=["uploads"])
def complete_upload(bench: Bench, owner: Owner, upload_id: Id, body: objects.UploadComplete) -> objects.UploadObject:
    """Put the parts together, in the order of `part_ids`."""
    uploaded_files.complete(bench.store, bench.settings, _open(bench, owner, upload_id), body.part_ids, body.md5 or "")
    return _upload(bench, _open(bench, owner, upload_id))


@router.post("/uploads/{upload_id}/cancel", tags=["uploads"])
def cancel_upload(bench: Bench, owner: Owner, upload_id: Id) -> objects.UploadObject:
    """End an upload that is open or has expired. Its parts are removed."""
    uploaded_files.cancel(bench.store, bench.settings, _open(bench, owner, upload_id))
    return _upload(bench, _open(bench, owner, upload_id))


def shown(file: record.File) -> objects.FileObject:
    return objects.FileObject(
        id=file.id,
        bytes=file.bytes,
        created_at=file.created,
        filename=file.filename,
        purpose=file.purpose,
        expires_at=file.expires or None,
    )


def _file(bench: Bench, owner: str, id: str) -> record.File:
    found = uploaded_files.get(bench.store, owner, id)
    if found is None:
        raise missing("file", id, "file_id", "file_not_found")
    return found


def _open(bench: Bench, owner: str, id: str) -> record.UploadRow:
    found = bench.store.upload(id)
    if found is None or found.owner != owner:
        raise missing("upload", id, "upload_id", "upload_not_found")
    return found


def _upload(bench: Bench, upload: record.UploadRow) -> objects.UploadObject:
    file = bench.store.file(upload.file) if upload.file else None
    return objects.UploadObject(
        id=upload.id,
        bytes=upload.bytes,
        created_at=upload.created,
        expires_at=upload.expires,
        filename=upload.filename,
        purpose=upload.purpose,
        status=uploaded_files.state(upload),
        file=shown(file) if file else None,
    )


def _pieces(upload: UploadFile) -> Iterator[bytes]:
    while piece := upload.file.read(uploaded_files.CHUNK):
        yield piece
