"""Documents as HTML: what was read of each, how far an upload is, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlsplit

from assistant.background import Task
from assistant.knowledge.reading.conversion_process import KINDS
from assistant.knowledge.reading.ingestion import IngestionOutcome
from assistant.knowledge.search.embedding_choice import OPENAI
from assistant.record.types import Document
from assistant.settings import Settings

HEADERS = ("name", "kind", "pages", "chunks", "tokens")
_STATES = {"added": "added", "replaced": "replaced by a new version", "same": "already there, unchanged",
           "refused": "could not be used"}


def about(settings: Settings) -> str:
    """What can be added, and where it goes: to the servers that the settings name, and nowhere else."""
    embedded = settings.embedding_base_url or OPENAI if settings.embedding.startswith("openai:") else ""
    some = [settings.chat_base_url, settings.reranker_base_url if settings.reranker.startswith("api:") else ""]
    every = [settings.chroma_url, embedded]
    sent = [f"Passages that fit a question are sent to {_host(url)}." for url in some if url]
    sent += [f"Every passage is sent to {_host(url)}." for url in every if url]
    where = " ".join(dict.fromkeys(sent)) or "They stay on this computer."
    return f"{KINDS}. Answers search them and cite what they used. {where}"


def table(found: Sequence[Document], refused: Sequence[Document], counted: Mapping[int, tuple[int, int]]) -> str:
    """What was read, and what could not be. `counted`: chunks and tokens by a document's id."""
    if not found and not refused:
        return '<div class="quiet">No documents yet.</div>'
    first: dict[str, str] = {}
    rows = []
    for document in found:
        notes = list(document.warnings)
        same = first.setdefault(document.sha256, document.name)
        if same != document.name:
            notes.append(f"The same file as '{same}'; it is searched once.")
        cut, size = (f"{number:,}" for number in counted.get(document.id, (0, 0)))
        rows.append(_row(document.name, (document.kind, document.pages, cut, size), " ".join(notes)))
    rows += [_refused(document) for document in refused]
    head = "".join(f"<th>{name}</th>" for name in HEADERS)
    return f'<div class="wide"><table class="plain"><tr>{head}</tr>{"".join(rows)}</table></div>'


def progress(tasks: Sequence[Task], indexing: tuple[int, int] | None, described: str) -> str:
    """Uploads that are going on, how the last one ended, and how passages are found now."""
    parts = [_task(task) for task in tasks]
    if indexing is not None:
        parts.append(_bar(described, indexing[0] / max(1, indexing[1])))
    elif described:
        parts.append(f'<div class="quiet">{escape(described)}</div>')
    return "".join(parts)


def ended(found: Sequence[IngestionOutcome]) -> str:
    """One line on an upload: 3 documents added, 1 could not be used."""
    counts = Counter(outcome.state for outcome in found)
    parts = [f"{counts[state]} {said}" for state, said in _STATES.items() if counts[state]]
    return f"{', '.join(parts)}." if parts else "Nothing was added."


def _task(task: Task) -> str:
    if task.state == "failed":
        return f'<div class="verdict stay" role="status">{escape(task.error)}</div>'
    if task.state == "done":
        return f'<div role="status">{escape(task.message)}</div>'
    return _bar(task.message, task.fraction)


def _bar(said: str, fraction: float) -> str:
    return (
        f'<div role="status">{escape(said)}<div class="bar" role="progressbar" aria-valuenow="{fraction:.0%}">'
        f'<i style="width:{fraction:.1%}"></i></div></div>'
    )


def _host(url: str) -> str:
    found = urlsplit(url)
    return f"{found.hostname or url}{f':{found.port}' if found.port else ''}"


def _refused(document: Document) -> str:
    said = f'<b>{escape(document.name)}</b><div class="quiet">{escape(document.problem)}</div>'
    return f'<tr class="refused"><td colspan={len(HEADERS)}>{said}</td></tr>'


def _row(name: str, numbers: Sequence[object], notes: str) -> str:
    cells = "".join(f"<td class=n>{escape(str(number))}</td>" for number in numbers)
    below = f'<div class="quiet">{escape(notes)}</div>' if notes else ""
    return f"<tr><td><b>{escape(name)}</b>{below}</td>{cells}</tr>"
