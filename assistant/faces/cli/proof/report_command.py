"""`attune report`: one page about the latest evaluation, for somebody who was not there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, show


def report(
    case: CaseId = "",
    pdf: Annotated[bool, typer.Option("--pdf", help="As PDF, printed by an installed Chromium or Chrome.")] = False,
    out: Annotated[str, typer.Option("--out", metavar="FILE", show_default="CASE-report.html", help="Where to.")] = "",
    evaluation: Annotated[int, typer.Option(help="Which evaluation.", show_default="the latest")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write a report of one page: the verdict, its proof, five answers, the data and the method."""
    from assistant.leaving.report import page

    with open_bench(private=False) as bench:  # into a folder of the user's choice
        chosen = pick(bench.store, case).id
        as_pdf = pdf or out.lower().endswith(".pdf")
        file = page.write(bench.store, chosen, Path(out or f"{chosen}-report"), as_pdf, evaluation)
        kind = "pdf" if as_pdf else "html"
        show({"case": chosen, "file": str(file), "kind": kind}, f"Wrote the report {file}", as_json)
