"""Files -> documents of a case: read once, replaced by name, and each bad one told in a sentence and a remedy."""

from __future__ import annotations

import hashlib
import tempfile
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from assistant.errors import AttuneError
from assistant.knowledge.reading.archives import unlike
from assistant.knowledge.reading.converter import Converter, Members
from assistant.knowledge.reading.text import Read
from assistant.record.store import Store
from assistant.record.types import Document
from assistant.settings import Settings

_FOLDERS = 4  # of the path in an archive that are kept, the name included
Report = Callable[[str, float], None]  # what is being done, and how much of it: 0 to 1


@dataclass(frozen=True)
class IncomingFile:
    """A file to add. `inside`: it came out of an archive, and its name holds that of the archive and folders."""

    name: str
    path: Path
    inside: bool = False


@dataclass(frozen=True)
class IngestionOutcome:
    """What became of a file. `state`: added, replaced, same (it was there, unchanged) or refused.

    `document` is None where it was refused, and `problem` then says why, with a remedy.
    """

    name: str
    state: str
    document: Document | None = None
    problem: str = ""


def read(name: str, data: bytes, max_mb: float) -> Read:
    """The text of a file. Raises AttuneError, with a remedy, for one that cannot be used."""
    with tempfile.NamedTemporaryFile(prefix="attune-") as file, Converter(max_mb) as converter:
        file.write(data)
        file.flush()
        found = converter.read(name, Path(file.name))
    if isinstance(found, Members):
        raise AttuneError(f"'{name}' is an archive of several files.", "Add its files one by one.")
    return found


def add(store: Store, settings: Settings, case: str, name: str, data: bytes) -> Document:
    """Read one file and add it to a case. The same bytes under the same name are not added twice."""
    name = clean_name(name)
    digest = hashlib.sha256(data).hexdigest()
    known = _known(store, case, name, digest)
    if known is not None and known.name == name:
        return known
    found = _as_read(known) if known is not None else read(name, data, settings.max_upload_mb)
    return store.add_document(case, name, found.kind, found.text, digest, found.pages, found.warnings)


def add_all(
    store: Store, settings: Settings, case: str, uploads: Sequence[IncomingFile], report: Report | None = None
) -> list[IngestionOutcome]:
    """Read files and add them to a case; an archive is opened and its files are added as "archive.zip/folder/file".

    Files of one name from two places do not replace each other: the second is called "file (2)".

    What is there unchanged is not read again. A file that cannot be used is recorded with the reason and holds up
    none of the others; a document of that name that is there stays. Everything done is in the record at once.
    """
    shown = unlike([(clean_name(upload.name), str(upload.path)) for upload in uploads])
    named = [
        upload if upload.inside else replace(upload, name=name) for upload, name in zip(uploads, shown, strict=True)
    ]
    waiting, outcomes = deque(named), list[IngestionOutcome]()
    with Converter(settings.max_upload_mb) as converter:
        while waiting:
            upload = waiting.popleft()
            name = upload.name
            if report is not None:
                report(f"Reading {name}", len(outcomes) / (len(outcomes) + len(waiting) + 1))
            try:
                found = _add(store, converter, case, name, upload)
            except AttuneError as error:
                outcomes.append(_refused(store, case, name, str(error)))
                continue
            except OSError as error:
                said = f"'{name}' cannot be read: {error.strerror}. Check that it is there and may be read."
                outcomes.append(_refused(store, case, name, said))
                continue
            if isinstance(found, IngestionOutcome):
                outcomes.append(found)
                continue
            store.forgive(case, name)
            members = unlike([(f"{name}/{clean_path(entry)}", entry) for entry, _ in found.files])
            inside = [IncomingFile(one, place, True) for one, (_, place) in zip(members, found.files, strict=True)]
            waiting.extendleft(reversed(inside))
            for entry, said, remedy in found.refused:
                outcomes.append(_refused(store, case, f"{name}/{clean_path(entry)}", f"{said} {remedy}"))
    return outcomes


def distinct(documents: Sequence[Document]) -> list[Document]:
    """The documents without those whose bytes an earlier one has: the same text need not be found twice."""
    first: dict[str, Document] = {}
    for document in documents:
        first.setdefault(document.sha256, document)
    return list(first.values())


def clean_name(name: str) -> str:
    """The bare file name, without folders or control characters, of at most 120 characters."""
    bare = PurePath(name.replace("\\", "/")).name
    kept = "".join(c for c in unicodedata.normalize("NFC", bare) if unicodedata.category(c)[0] != "C").strip()
    if len(kept) > 120:
        suffix = PurePath(kept).suffix[:12]
        kept = kept[: 120 - len(suffix)] + suffix
    return kept or "document"


def clean_path(name: str) -> str:
    """The same for a file of an archive, with the last of the folders it lies in there."""
    return "/".join(clean_name(part) for part in name.split("/")[-_FOLDERS:])


def _add(store: Store, converter: Converter, case: str, name: str, upload: IncomingFile) -> IngestionOutcome | Members:
    with upload.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    known = _known(store, case, name, digest)
    if known is not None and known.name == name:
        store.forgive(case, name)
        return IngestionOutcome(name, "same", known)
    found = _as_read(known) if known is not None else converter.read(name, upload.path, upload.inside)
    if isinstance(found, Members):
        return found
    before = store.has_document(case, name)
    made = store.add_document(case, name, found.kind, found.text, digest, found.pages, found.warnings)
    return IngestionOutcome(name, "replaced" if before else "added", made)


def _known(store: Store, case: str, name: str, digest: str) -> Document | None:
    """The document of these bytes: of this name if there is one, else of any."""
    same = store.same_documents(case, digest)
    return next((document for document in same if document.name == name), same[0] if same else None)


def _as_read(known: Document) -> Read:
    """What was read of the same bytes under another name."""
    return Read(known.kind, known.text, known.pages, known.warnings)


def _refused(store: Store, case: str, name: str, problem: str) -> IngestionOutcome:
    store.refuse_document(case, name, problem)
    return IngestionOutcome(name, "refused", None, problem)
