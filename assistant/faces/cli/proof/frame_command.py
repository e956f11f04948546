"""The command about the format that approved answers share: see it, add a part, leave one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, show, table

if TYPE_CHECKING:
    from assistant.evidence.form.frame import Frame


def frame(
    case: CaseId = "",
    add: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="KIND PHRASE", help='Add a part, such as opens "Hello! | Hi!" for one of two.'),
    ] = None,
    remove: Annotated[int, typer.Option(metavar="N", help="Leave part N out.", show_default=False)] = 0,
    restore: Annotated[bool, typer.Option("--restore", help="Learn it from the approved answers again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show or correct the format that your approved answers share.

    Evaluations count the answers that keep it as form, and set it aside where they compare facts.
    """
    from assistant.evidence.form import case_frame

    with open_bench() as bench:
        store, chosen = bench.store, pick(bench.store, case)
        if restore:
            case_frame.restore(store, chosen.id)
        if remove:
            case_frame.remove(store, chosen.id, remove)
        if add is not None:
            case_frame.add(store, chosen.id, add[0], add[1].split(" | "))
        found, corrected = case_frame.of_case(store, chosen.id), case_frame.is_corrected(store, chosen.id)
        show({"case": chosen.id, "corrected": corrected, "frame": found.to_json()}, _shown(found, corrected), as_json)


def _shown(found: Frame, corrected: bool) -> str:
    if not found:
        return "Your approved answers share no format: only what they say is compared."
    rows = [(n, part.sentence, f"{part.share:.0%}") for n, part in enumerate(found.parts, start=1)]
    origin = "corrected by you; --restore learns it again" if corrected else "learned from the approved answers"
    return f"{table(rows, ('part', 'an answer', 'approved'))}\nThis format is {origin}."
