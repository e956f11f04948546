"""A file to conversations: its container is opened, its format recognised by what it holds, each record read."""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol, TextIO

from assistant.conversations.formats import kinds, openai_rows, transcripts
from assistant.conversations.formats.containers import arrow, bundles, encodings, json_records, tables
from assistant.conversations.formats.containers.bundles import Member
from assistant.conversations.formats.exports import chatgpt, claude, datasets, open_webui, slack
from assistant.conversations.formats.found import BadRow, Hints, ImportedConversation, Tally, keys
from assistant.conversations.formats.kinds import FileKind, UnknownFile
from assistant.conversations.formats.rows import pairs, sharegpt, values
from assistant.errors import AttuneError

SHOWN = 3  # problems that are told
HEAD = 100  # records that are looked at before the first is read
SAMPLE = 1 << 16  # characters that tell what a text is
JSON_COLUMNS = ("messages", "conversations", "tools", "chosen", "rejected", "mapping", "chat_messages")
EXPORTS = (chatgpt.ChatGpt, claude.Claude, open_webui.OpenWebUiFeedback, open_webui.OpenWebUiChats)
TURNS = [{"role": "user", "from": "human"}]  # what a column of conversations could hold
UNREADABLE = "records that cannot be read"
Placed = tuple[str, Any]


class RecordReader(Protocol):
    """One format of records."""

    @property
    def name(self) -> str: ...

    def recognises(self, record: Any) -> bool: ...

    def read(self, record: Any, told: Tally) -> Iterator[ImportedConversation]: ...


class ConversationReader:
    """Reads files and counts: `formats` are the conversations of each format, `told` is what was not taken.

    Whoever iterates keeps nothing until the end: what is wrong with a file is raised when it was read through.
    """

    def __init__(self, hints: Hints | None = None) -> None:
        self.hints = hints or Hints()
        self.told = Tally()
        self.formats: Counter[str] = Counter()

    def paths(self, paths: Iterable[Path]) -> Iterator[ImportedConversation]:
        """The conversations of files and folders. Raises AttuneError that names what is wrong, and where."""
        for path in paths:
            yield from self._counted(self.path(path, path.name))

    def text(self, text: str, name: str = "The text") -> Iterator[ImportedConversation]:
        """The conversations of a text that is no file."""
        before = self.formats.total()
        yield from self._counted(self._text(io.StringIO(text.removeprefix("\ufeff"), newline=""), name))
        if self.formats.total() == before:
            raise self._none(name)

    def path(self, path: Path, name: str) -> Iterator[ImportedConversation]:
        """The conversations of a file or a folder; `name` is what it is called in errors."""
        if path.is_dir():
            yield from self._bundle(bundles.of_folder(path, self.told), name)
            return
        threads = slack.SlackThreads(self.hints)
        found = False
        for one in self._file(path, name, threads):
            found = True
            yield one
        for one in threads.conversations(self.told):
            found = True
            yield one
        if not found:
            raise self._none(name)

    def _none(self, name: str) -> AttuneError:
        return AttuneError(f"{name} holds no conversation.", " ".join(self.told.sentences()) or kinds.REMEDY)

    def _counted(self, found: Iterator[ImportedConversation]) -> Iterator[ImportedConversation]:
        for one in found:
            self.formats[one.format] += 1
            yield one

    def _file(
        self, path: Path, name: str, threads: slack.SlackThreads, folder: str = ""
    ) -> Iterator[ImportedConversation]:
        kind = kinds.of(path, name)
        if kind is FileKind.ARROW:
            yield from self._records(arrow.records(path, name), name, threads, folder)
        elif kind is FileKind.WORKBOOK:
            yield from self._table(tables.workbook_records(path, name, self._is_head, self.told), name)
        elif kind is FileKind.TEXT:
            with encodings.opened(path, name, self.told) as file:
                yield from self._text(file, name, threads, folder)
        else:
            with tempfile.TemporaryDirectory(prefix="attune-") as place:
                if kind is FileKind.ZIP:
                    yield from self._bundle(bundles.of_zip(path, name, Path(place), self.told), name)
                else:
                    member = bundles.of_gzip(path, name, Path(place))
                    yield from self._file(member.path, member.name, threads, folder)

    def _bundle(self, members: Iterable[Member], name: str) -> Iterator[ImportedConversation]:
        """The files of an archive or a folder. Those that are no conversations are left out, where others are."""
        threads = slack.SlackThreads(self.hints)
        known = False
        for member in members:
            try:
                for one in self._file(member.path, member.name, threads, member.folder):
                    known = True
                    yield one
            except UnknownFile:
                self.told.leave(bundles.OTHER_FILES)
        for one in threads.conversations(self.told):
            known = True
            yield one
        if not (known or threads):
            told = " ".join(self.told.sentences())
            raise UnknownFile(f"{name} holds no file with conversations.", f"{kinds.REMEDY} {told}".strip())

    def _text(
        self, file: TextIO, name: str, threads: slack.SlackThreads | None = None, folder: str = ""
    ) -> Iterator[ImportedConversation]:
        sample = file.read(SAMPLE)
        file.seek(0)
        if not sample.strip("\ufeff \t\r\n"):
            raise AttuneError(f"{name} is empty, so it holds no conversation.", kinds.REMEDY)
        if json_records.looks_like(sample.removeprefix("\ufeff")):
            yield from self._records(json_records.records(file, self.told), name, threads, folder)
        elif sample.lstrip().startswith("<"):
            raise kinds.no_text(name, sample)
        elif tables.looks_like(sample, self._is_head):
            yield from self._table(tables.text_records(file, self._is_head, self.told), name)
        elif transcripts.looks_like(sample, self.hints):
            yield from transcripts.read(file.read().replace("\r\n", "\n"), self.hints, name, self.told)
        elif tables.has_columns(sample):
            yield from self._table(tables.text_records(file, self._is_head, self.told), name)
        else:
            raise kinds.no_text(name, sample)

    def _is_head(self, cells: Sequence[str]) -> bool:
        """Whether these cells name columns that a format reads."""
        named = dict.fromkeys(cell.strip() for cell in cells)
        return any(one.recognises(dict.fromkeys(named, TURNS)) for one in self._readers([]))

    def _table(self, records: Iterator[Placed], name: str) -> Iterator[ImportedConversation]:
        first = list(islice(records, 1))
        if first and isinstance(record := first[0][1], Mapping) and not self._is_head(list(record)):
            columns = list(record)
            wanted = [*self.hints.of("question", "user"), *self.hints.of("answer", "assistant")]
            if wanted or len(columns) != 2:
                which = f"'{', '.join(wanted)}' among" if wanted else "a question and an answer among"
                raise UnknownFile(
                    f"It is not clear which columns of {name} are {which} {', '.join(columns)[:200]}.",
                    "Say so: question=COLUMN,answer=COLUMN.",
                )
            self.told.doubt(f"In {name} the first column was read as the question and the second as the answer.")
            self.hints = Hints({"question": (columns[0],), "answer": (columns[1],)})
        placed = ((place, _decoded(record)) for place, record in chain(first, records))
        yield from self._records(placed, name)

    def _records(
        self, records: Iterator[Placed], name: str, threads: slack.SlackThreads | None = None, folder: str = ""
    ) -> Iterator[ImportedConversation]:
        """The conversations of records. What is wrong with rows is raised at the end, with the first places."""
        head, rest = self._begun(records)
        readers = self._readers([record for _, record in head])
        problems = _Problems(name)
        current: RecordReader | None = None
        known = False
        for place, record in chain(head, rest):
            if threads is not None and threads.takes(record, folder):
                known = True
                continue
            try:
                current = self._reader(record, current, readers)
                found = list(current.read(record, self.told))
            except BadRow as problem:
                if current is None and not (known or problems.count or isinstance(record, BadRow)):
                    raise UnknownFile(f"{name}, {place}: {problem}.", _remedy(None, record)) from None
                if isinstance(current, EXPORTS) and not isinstance(record, BadRow):
                    self.told.leave(UNREADABLE)
                    self.told.doubt(f"The first record of {name} that cannot be read is {place}: {problem}.")
                else:
                    problems.add(place, problem, record)
                continue
            for one in found:
                yield replace(one, place=place, format=current.name)
        problems.told(current)

    def _begun(self, records: Iterator[Placed]) -> tuple[list[Placed], Iterator[Placed]]:
        """The first records, and those after them; of an object or a list that only holds records, these."""
        records = ((place, _conversation(record)) for place, record in records)
        head = list(islice(records, HEAD))
        opened = self._opened(head[0][1]) if len(head) == 1 else None
        if opened is not None:
            records = ((f"record {n}", one) for n, one in enumerate(opened, start=1))
            head = list(islice(records, HEAD))
        if head and isinstance(head[0][1], Mapping) and values.are_messages(head[0][1]):
            whole = [record for _, record in chain(head, records)]
            return [("record 1", _conversation(whole))], iter(())
        return head, records

    def _reader(self, record: Any, current: RecordReader | None, readers: Sequence[RecordReader]) -> RecordReader:
        """The reader of a record, the one before it first. Raises BadRow where there is none."""
        if isinstance(record, BadRow):
            raise record
        if current is not None and current.recognises(record):
            return current
        fit = next((one for one in readers if one.recognises(record)), None)
        if fit is None:
            raise BadRow(_unknown(record, current))
        return fit

    def _opened(self, record: Any) -> Iterator[Any] | None:
        """The records of one that only holds others; None for one that is a conversation, or nothing."""
        if (rows := json_records.columns(record)) is not None:
            return rows
        known = any(one.recognises(record) for one in self._readers([]))
        return None if known else json_records.unwrapped(record)

    def _readers(self, head: Sequence[Any]) -> list[RecordReader]:
        """Every format, the more special ones first; columns that were named go before all."""
        named = pairs.Pairs(self.hints, head)
        told = [named] if self.hints.of("question", "answer") else []
        return [
            *told,
            *(kind() for kind in EXPORTS),
            openai_rows.PreferenceRows(),
            pairs.Preferences(),
            datasets.LangSmithDataset(),
            datasets.LangfuseDataset(),
            openai_rows.ChatRows(),
            sharegpt.ShareGpt(),
            named,
        ]


class _Problems:
    """What is wrong with a file: how many records are, and where the first ones stand."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0
        self._first: list[str] = []
        self._last: Any = None

    def add(self, place: str, problem: BadRow, record: Any) -> None:
        self.count, self._last = self.count + 1, record
        if len(self._first) < SHOWN:
            self._first.append(f"{place}: {problem}")

    def told(self, current: RecordReader | None) -> None:
        """Raise AttuneError where there was anything."""
        if self.count:
            more = f" (and {self.count - SHOWN} more)" if self.count > SHOWN else ""
            raise AttuneError(f"{self.name}, {'; '.join(self._first)}{more}.", _remedy(current, self._last))


def _decoded(record: Any) -> Any:
    """A row of a table whose cells hold JSON where a format has lists."""
    if not isinstance(record, Mapping):
        return record
    return {name: values.decoded(value) if name in JSON_COLUMNS else value for name, value in record.items()}


def _conversation(record: Any) -> Any:
    """A list of messages as the row that it could be."""
    listed = isinstance(record, list) and values.are_messages(record)
    return {"messages": [values.plain(one) for one in record]} if listed else record


def _unknown(record: Any, current: RecordReader | None) -> str:
    if (isinstance(record, Mapping) and "messages" in record) or isinstance(current, openai_rows.ChatRows):
        return 'there is no list called "messages"'
    if current is None:
        return f"a record with {keys(record)} is no conversation in any form that is known"
    return f"this is no row of {current.name}, as those before it ({keys(record)})"


def _remedy(current: RecordReader | None, record: Any = None) -> str:
    if (
        current is None
        and not isinstance(record, BadRow)
        and not (isinstance(record, Mapping) and "messages" in record)
    ):
        return f"{kinds.REMEDY} Nothing was imported."
    if isinstance(current, openai_rows.ChatRows) or (current is None and not isinstance(record, BadRow)):
        return f"Each line is one JSON object: {openai_rows.CHAT}. Nothing was imported."
    if isinstance(current, openai_rows.PreferenceRows):
        return f"Each line is one JSON object: {openai_rows.PREFERENCE}. Nothing was imported."
    return "Fix these places and import the file again. Nothing was imported."
