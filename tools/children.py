"""A program run as a child whose words are read line by line, and which never outlives whoever reads them."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

GRACE_SECONDS = 5.0  # between asking a child to end and ending it
ENDS = re.compile(rb"[\r\n]+")  # progress bars end their lines with \r


class Child:
    """One run of a program. Iterate over it for its lines; `code` is its exit status afterwards."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        self.code = 0
        self._process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __iter__(self) -> Iterator[str]:
        """Every line that says something, until the program ends; ended with the loop that reads it."""
        out = self._process.stdout
        assert out is not None
        rest = b""
        try:
            while chunk := out.read1(65536):  # type: ignore[attr-defined]
                *lines, rest = ENDS.split(rest + chunk)
                yield from _words(lines)
            yield from _words([rest])
            self.code = self._process.wait()
        finally:
            self._end()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
        self.code = self._process.wait()


def _words(lines: Sequence[bytes]) -> Iterator[str]:
    for line in lines:
        if text := line.decode("utf-8", "replace").strip():
            yield text
