"""Starts the converter's process, asks it file by file, and ends it when a file takes too long."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from assistant.errors import AttuneError
from assistant.knowledge.reading.conversion_process import MEMORY, SECONDS, simple_kind, too_much
from assistant.knowledge.reading.text import MEGABYTE, Read, limited, read_text
from assistant.settings import ROOT
from tools.process import environment

log = logging.getLogger(__name__)


class Converter:
    """One process for a batch of files, started when one needs it. A file that breaks it costs only itself."""

    def __init__(self, max_mb: float, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        """`max_mb`: the largest file, also in an archive; `seconds`, `memory` in bytes: the most that one may take."""
        self._max_mb, self._seconds, self._memory = max_mb, seconds, memory
        self._folder = tempfile.TemporaryDirectory(prefix="attune-")
        self.process: subprocess.Popen[str] | None = None
        self._starts = 0

    def __enter__(self) -> Converter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()
        self._folder.cleanup()

    def read(self, name: str, path: Path, inside: bool = False) -> Read | Members:
        """The text of a file, or the files of an archive. Raises AttuneError for one that cannot be used.

        Plain text is read here: that is a decoding and nothing else. `inside`: the file came out of an archive.
        """
        self._check_size(name, path)
        with path.open("rb") as file:
            kind = simple_kind(name, file.read(4096))
        if kind:
            return limited(name, read_text(name, path, kind))
        said = self._ask(name, path, inside)
        if "sentence" in said:
            log.info("%s was not read: %s", name, said.get("cause"))
            raise AttuneError(said["sentence"], said["remedy"])
        if "read" in said:
            return Read(**(said["read"] | {"warnings": tuple(said["read"]["warnings"])}))
        return Members([(shown, Path(place)) for shown, place in said["members"]], said["refused"])

    def _check_size(self, name: str, path: Path) -> None:
        size = path.stat().st_size / MEGABYTE
        if size > self._max_mb:
            raise AttuneError(
                f"'{name}' has {size:.1f} MB and at most {self._max_mb:g} MB are taken.",
                "Split it, or raise ATTUNE_MAX_UPLOAD_MB.",
            )
        with path.open("rb") as file:
            if size < 1 and not file.read().strip():
                raise AttuneError(f"'{name}' is empty.", "Add a file that has some text in it.")

    def _ask(self, name: str, path: Path, inside: bool) -> dict[str, Any]:
        process = self._running()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps({"name": name, "path": str(path), "inside": inside}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if line.endswith("\n"):
            said: dict[str, Any] = json.loads(line)
            if said.get("sentence") == too_much(name)["sentence"]:
                self._end()  # what it holds of that file goes with it
            return said
        code = self._end()
        if late.is_set():
            sentence = f"'{name}' took longer than {self._seconds:g} seconds to read."
        else:
            sentence = f"'{name}' crashed the reader (exit code {code})."
        return {"sentence": sentence, "remedy": "Split it, export it again, or add its text."}

    def _running(self) -> subprocess.Popen[str]:
        if self.process is None or self.process.poll() is not None:
            self._end()
            self._starts += 1
            folder = Path(self._folder.name) / str(self._starts)
            folder.mkdir()
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "assistant.knowledge.reading.conversion_process",
                    str(folder),
                    str(int(self._max_mb * MEGABYTE)),
                    str(self._memory),
                ],
                cwd=ROOT,
                env=environment() | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                text=True,
                encoding="utf-8",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self.process

    def _end(self) -> int:
        """End the process, at once; returns its exit code."""
        process, self.process = self.process, None
        if process is None:
            return 0
        assert process.stdin is not None
        assert process.stdout is not None
        ended = process.poll() is not None
        if not ended:
            process.kill()
        code = process.wait()
        process.stdout.close()
        try:
            process.stdin.close()
        except BrokenPipeError:  # it died with a question unread
            log.debug("the converter died before it read its question")
        return code


class Members:
    """The files of an archive: `files` as (name, where it lies), `refused` as (name, sentence, remedy)."""

    def __init__(self, files: list[tuple[str, Path]], refused: list[tuple[str, str, str]]) -> None:
        self.files, self.refused = files, refused
