"""Commands about documents: add, list, remove, index again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CaseId, described, open_bench, pick, say, show, split_case, table

if TYPE_CHECKING:
    from assistant.knowledge.reading.ingestion import IngestionOutcome
    from assistant.workbench import Workbench

Files = Annotated[list[str], typer.Argument(metavar="[CASE] FILE...", show_default=False)]


def add(files: Files, as_json: AsJson = False) -> None:
    """Add documents, folders of them, or zip archives.

    Text, Markdown, PDF, Word, PowerPoint, Excel, OpenDocument, CSV, HTML, EPUB, mail (.eml), rich text (.rtf) and
    Jupyter notebooks. A file of a name that is there replaces it; one that cannot be used is told about and holds up
    none of the others.
    """
    from assistant.faces.cli.case_commands import existing
    from assistant.knowledge.reading import ingestion

    with open_bench() as bench:
        case, names = split_case(bench.store, files)
        uploads = [ingestion.IncomingFile(path.name, path) for path in existing(bench.store, names)]
        found = ingestion.add_all(bench.store, bench.settings, case.id, uploads, lambda said, _: say(said))
        used = [outcome for outcome in found if outcome.document is not None]
        if len(found) == 1 and not used:
            raise AttuneError(found[0].problem, "")
        for outcome in found:
            _say_what_became(outcome)
        if found and not used:
            raise AttuneError("None of these files could be used.", "The problem with each is shown above.")
        value = {
            "case": case.id,
            "documents": [described(o.document) | {"state": o.state} for o in used if o.document is not None],
            "refused": [{"name": o.name, "problem": o.problem} for o in found if o.document is None],
        }
        new = sum(outcome.state != "same" for outcome in used)
        unchanged = f" ({len(used) - new} were already there)" if new < len(used) else ""
        show(value, f"Added {new} documents to '{case.id}'{unchanged}.", as_json)


def documents(
    case: CaseId = "",
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="NAME", help="Use it no longer.")] = None,
    reindex: Annotated[bool, typer.Option("--reindex", help="Cut them again and fill a new index.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the documents of a case: pages, chunks, tokens and what was doubtful; or remove some."""
    with open_bench() as bench:
        chosen = pick(bench.store, case)
        known = {d.name for d in (*bench.store.documents(chosen.id), *bench.store.refused_documents(chosen.id))}
        for name in remove or []:
            if name not in known:
                raise AttuneError(f"There is no document '{name}' in '{chosen.id}'.", "See `attune documents`.")
        for name in remove or []:
            bench.store.remove_document(chosen.id, name)
        if reindex:
            bench.knowledge.reindex(chosen.id)
        elif remove:
            bench.knowledge.sync(chosen.id)
        rows, refused = _rows(bench, chosen.id), bench.store.refused_documents(chosen.id)
        for document in refused:
            say(document.problem)
        for row in rows:
            for warning in row["warnings"]:
                say(f"{row['name']}: {warning}")
        head = ("name", "kind", "pages", "chunks", "tokens")
        text = table([[row[column] for column in head] for row in rows], head) if rows else "No documents yet."
        value = {
            "case": chosen.id,
            "documents": rows,
            "refused": [{"name": d.name, "problem": d.problem} for d in refused],
        }
        show(value, text, as_json)


def _rows(bench: Workbench, case: str) -> list[dict[str, Any]]:
    counted = bench.knowledge.counted(case)
    rows = []
    for document in bench.store.documents(case):
        cut, size = counted.get(document.id, (0, 0))  # the same bytes as an earlier one are searched once
        rows.append(described(document) | {"chunks": cut, "tokens": size})
    return rows


def _say_what_became(outcome: IngestionOutcome) -> None:
    if outcome.document is None:
        say(outcome.problem)
    elif outcome.state != "same":
        for warning in outcome.document.warnings:
            say(f"{outcome.name}: {warning}")
