"""What every command shares: opening the workbench, choosing the case, words to stderr and one result to stdout."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError

if TYPE_CHECKING:
    from assistant.evidence.failures import Failures
    from assistant.record.store import Store
    from assistant.record.types import Case, Document, Evaluation
    from assistant.settings import Settings
    from assistant.workbench import Workbench

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
CaseId = Annotated[str, typer.Argument(metavar="CASE", show_default=False, help="Not needed while there is one.")]


class CommandStopped(Exception):
    """The user pressed Ctrl-C; the text says what goes on and how to get back to it."""


@contextmanager
def open_bench(private: bool = True, **changes: object) -> Iterator[Workbench]:
    """The workbench of this command, with these settings changed.

    Model servers that it started end with it, also on SIGTERM. `private`: what it writes is its owner's alone.
    """
    from assistant.workbench import open_workbench

    before = os.umask(0o077)
    if not private:
        os.umask(before)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)
    bench = open_workbench(read_settings().model_copy(update=changes))
    try:
        yield bench
    finally:
        bench.close()
        os.umask(before)


def read_settings() -> Settings:
    """The settings, or a sentence that names the variable that is wrong."""
    from pydantic import ValidationError

    from assistant.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        sentence = f"The setting {Settings.variable(str(first['loc'][0]))} is wrong: {first['msg']}."
        raise AttuneError(sentence, "Fix it in the environment or in .env.") from None


def _terminate(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def pick(store: Store, case: str) -> Case:
    """The case of that id, or the only one there is."""
    if case:
        return store.case(case)
    known = store.cases()
    if len(known) == 1:
        return known[0]
    if not known:
        raise AttuneError("There is no case yet.", "Make one with `attune new TITLE`.")
    raise AttuneError(f"There are several cases: {', '.join(c.id for c in known)}.", "Name one of them.")


def split_case(store: Store, words: Sequence[str]) -> tuple[Case, list[str]]:
    """The case and what follows it, where the first word may be a case or be left out."""
    if words and store.has_case(words[0]):
        return store.case(words[0]), list(words[1:])
    return pick(store, ""), list(words)


def say(text: str) -> None:
    """Progress and remarks: standard error, so that standard output holds the result alone."""
    print(text, file=sys.stderr, flush=True)


def show(value: Mapping[str, Any], text: str, as_json: bool) -> None:
    """A command's result: `text` for people, `value` as one JSON object for programs."""
    print(json.dumps(plain(value), ensure_ascii=False) if as_json else text, flush=True)


def plain(value: Any) -> Any:
    """What JSON can hold: dataclasses become objects, a number that is not finite becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> str:
    """Aligned columns; numbers to the right."""
    cells = [list(head), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    right = [bool(rows) and all(isinstance(row[i], (int, float)) for row in rows) for i in range(len(head))]
    lines = []
    for row in cells:
        columns = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)]
        lines.append("  ".join(columns).rstrip())
    return "\n".join(lines)


def score_table(results: Mapping[str, Mapping[str, Any]], scorer: str) -> str:
    """Each variant's score with its interval, tokens a request and seconds an answer; what is missing as a dash.

    Form and facts where they were measured.
    """
    apart = [key for key in ("form", "facts") if any(r.get(key) is not None for r in results.values())]
    rows = [
        (
            name,
            *(_decimals(r.get(key)) for key in apart),
            _decimals(r["score"]),
            f"{_decimals(r['low'])} to {_decimals(r['high'])}",
            round(r["tokens_per_request"]),
            _decimals(r["latency_s"]),
        )
        for name, r in results.items()
    ]
    return table(rows, ("variant", *apart, scorer, "95 % interval", "tokens", "seconds"))


def sanity_table(found: Evaluation) -> str:
    """What answers without a model reach, whether the tuned one beats them, and how worn the held-out rows are."""
    if not found.proof:
        return ""
    beaten = found.verdict.get("sanity", {})
    rows = [
        (
            name,
            *(_decimals(one.get(key)) for key in ("form", "facts", "score")),
            {True: "yes", False: "no"}.get(beaten.get(name, {}).get("beaten"), "-"),
        )
        for name, one in found.proof["sanity"].items()
    ]
    text = table(rows, ("without any model", "form", "facts", "score", "beaten")) + "\n" if rows else ""
    said = [str(found.proof[part]["sentence"]) for part in ("ledger", "leaks") if found.proof[part]["sentence"]]
    return "\n" + text + "".join(f"{sentence}\n" for sentence in said)


def _decimals(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def failure_table(found: Failures) -> str:
    """Where the measured variant fails: what about, how many, points lost and one question; empty where nowhere."""
    if not found.groups:
        return ""
    rows = [
        (group.name, len(group.failures), f"{group.points:+.0f}", _short(group.failures[0].asked))
        for group in found.groups
    ]
    head = f"\n{found.variant} fails on {found.count} of {found.of}, in points against {found.against or 'its mean'}:"
    return f"{head}\n{table(rows, ('about', 'failed', 'points', 'for example'))}"


def _short(text: str, most: int = 60) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


class ProgressLine:
    """One line of progress on standard error: rewritten in place on a terminal, else printed every few seconds."""

    EVERY = 5.0  # seconds between lines where nothing can be rewritten

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._last = self._said = ""
        self._when = -math.inf

    def __call__(self, message: str, fraction: float | None = None) -> None:
        text = message if fraction is None else f"{message} ({fraction:.0%})"
        if text == self._last:
            return
        self._last = text
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[2K{self._last[:width]}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._when >= self.EVERY:
            self._say()

    def end(self) -> None:
        """Leave the last line standing."""
        if self._live and self._last:
            print(file=sys.stderr, flush=True)
        elif self._last != self._said:
            self._say()
        self._last = self._said = ""

    def _say(self) -> None:
        if self._last != self._said:
            say(self._last)
            self._said, self._when = self._last, time.monotonic()


def duration(seconds: float) -> str:
    """Seconds as people say them: 8 s, 3 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def described(document: Document) -> dict[str, Any]:
    """A document for programs, without its text."""
    return {
        "name": document.name,
        "kind": document.kind,
        "pages": document.pages,
        "characters": len(document.text),
        "warnings": list(document.warnings),
    }
