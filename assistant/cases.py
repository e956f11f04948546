"""Cases made from folders: a brief, documents and conversations, all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.conversations import importing
from assistant.conversations.formats import case_folder
from assistant.errors import AttuneError
from assistant.evidence import scorers, verdict
from assistant.evidence.checks import case_checks
from assistant.evidence.form import case_frame
from assistant.knowledge.reading import ingestion
from assistant.record.store import Store
from assistant.record.types import Case
from assistant.settings import ROOT
from assistant.stages import interview
from assistant.workbench import Workbench


def from_folder(bench: Workbench, folder: Path, id: str = "", tell: Callable[[str], None] | None = None) -> Case:
    """Make a case from a folder: brief, options, documents, conversations. All of it or nothing.

    `tell` gets a sentence for whatever of the conversations is not taken.
    """
    found = case_folder.read(folder)
    options = found.options | _lists(found.options)
    verdict.limits(options)
    wanted = scorers.named(str(found.options.get("scorer") or ""), []).name
    scorers.scorer(wanted, scorers.embed(bench.knowledge))  # one that there is not is told now, not after the training
    store = bench.store
    with store.atomic():
        case = interview.new(store, found.title, id or _free_id(store, found.name), bench.settings.owner)
        interview.run(store, case.id, found.brief, source="file")
        store.set_options(case.id, options)
        for name, data in found.documents:
            ingestion.add(store, bench.settings, case.id, name, data)
        for source, conversations in zip(importing.SOURCES, (found.conversations, found.heldout), strict=True):
            importing.keep(store, case.id, conversations, source)
    if tell:
        for sentence in found.told:
            tell(sentence)
    return store.case(case.id)


def example(bench: Workbench) -> Case:
    """The example that ships with Attune: a tea shop's support desk."""
    return from_folder(bench, ROOT / "data" / "examples" / "teashop")


def _lists(options: dict[str, Any]) -> dict[str, Any]:
    """The folder's own checks and its own frame, as they are kept; nothing for what it leaves to be found."""
    kept: dict[str, Any] = {}
    try:
        if case_checks.OPTION in options:
            kept[case_checks.OPTION] = [one.to_json() for one in case_checks.read_list(options[case_checks.OPTION])]
        if (frame := case_frame.of_options(options)) is not None:
            kept[case_frame.OPTION] = frame.to_json()
    except AttuneError as error:
        raise AttuneError(f"case.toml: {error.sentence}", error.remedy) from error
    return kept


def _free_id(store: Store, name: str) -> str:
    """The folder's own name, with a number behind it where it is taken."""
    taken, number, wanted = {case.id for case in store.cases()}, 2, name
    while wanted in taken:
        wanted, number = f"{name}-{number}", number + 1
    return wanted
