"""Where the vectors are: Chroma in a folder of ours, on a server, or in Chroma Cloud."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from assistant.errors import AttuneError

log = logging.getLogger(__name__)
CLOUD = "trychroma.com"


class Folder:
    """Chroma inside this process, in a folder that can be made again from the record."""

    owner = ""  # nobody else's collections are in it
    most = 1000  # chunks written or listed at once

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._client: Any = None
        self._inode = 0

    def client(self) -> Any:
        """The open client, opened where it is not."""
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._client = chromadb.PersistentClient(
                    str(self.folder), settings=Settings(anonymized_telemetry=False)
                )
            except BaseException:
                _forget_broken()
                raise
            self._inode = self._look()
        return self._client

    def in_place(self) -> bool:
        """Whether the folder is still the one that was opened."""
        return self._client is not None and self._look() == self._inode

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def delete(self) -> None:
        """Remove everything: whatever is wrong with it, the next use starts with nothing."""
        self.close()
        _forget_broken()
        log.warning("The search index %s is made anew from the documents.", self.folder)
        if self.folder.is_dir():
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            self.folder.unlink(missing_ok=True)

    def useless(self, error: BaseException) -> AttuneError:
        return AttuneError(
            f"The search index cannot be used ({type(error).__name__}: {str(error)[:200]}).",
            f"Check that {self.folder} can be written and that the disk is not full.",
        )

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Only one process at a time writes to the folder or deletes it."""
        with _locked(self.folder.with_name(self.folder.name + ".lock")):
            yield

    @contextmanager
    def building(self) -> Iterator[None]:
        """Only one process at a time fills a collection: the next one finds its work done."""
        with _locked(self.folder.with_name(self.folder.name + ".building.lock")):
            yield

    def _look(self) -> int:
        try:
            return (self.folder / "chroma.sqlite3").stat().st_ino
        except OSError:
            return -1


class ChromaServer(Folder):
    """A Chroma server, or Chroma Cloud. `folder` only holds the locks and this installation's name.

    `url`: `http://host:8000`, and for a tenant and a database of its own `?tenant=...&database=...`.
    """

    most = 300  # what Chroma Cloud takes

    def __init__(self, folder: Path, url: str, key: str = "") -> None:
        super().__init__(folder)
        self.url, self._key = url, key
        self.owner = _name(folder.with_name("chroma.name"))

    def client(self) -> Any:
        if self._client is None:
            import chromadb
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False)
            place = urlsplit(self.url)
            within = {name: values[0] for name, values in parse_qs(place.query).items()}
            named = {name: within[name] for name in ("tenant", "database") if name in within}
            if (place.hostname or "").endswith(CLOUD):
                self._client = chromadb.CloudClient(**named, api_key=self._key, settings=settings)
            else:
                secure = place.scheme == "https"
                headers = {"x-chroma-token": self._key, "Authorization": f"Bearer {self._key}"} if self._key else None
                self._client = chromadb.HttpClient(
                    place.hostname or "", place.port or (443 if secure else 8000), secure, headers, settings, **named
                )
        return self._client

    def in_place(self) -> bool:
        return self._client is not None

    def delete(self) -> None:
        """A server's data are not ours to throw away: it is only asked again."""
        self.close()

    def close(self) -> None:
        with contextlib.suppress(Exception):  # closing says nothing that the next use would not say
            super().close()

    def useless(self, error: BaseException) -> AttuneError:
        said = str(error).replace(self._key, "***") if self._key else str(error)
        return AttuneError(
            f"The Chroma server {self.url} cannot be used ({type(error).__name__}: {said[:200]}).",
            "Check ATTUNE_CHROMA_URL and ATTUNE_CHROMA_API_KEY, and that it runs.",
        )


def _name(path: Path) -> str:
    """A name for this data folder, made once: on a shared server two installations must not mix their cases."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(uuid.uuid4().hex)
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _forget_broken() -> None:
    """Chroma keeps one system a path, even one that could not start: the next client would be given it again."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()
