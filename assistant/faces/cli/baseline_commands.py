"""The command that builds the untrained variants, measures them, and chooses the one that answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.faces.cli.shared import AsJson, CaseId, CommandStopped, ProgressLine, open_bench, pick, show, table

if TYPE_CHECKING:
    from assistant.record.types import Case
    from assistant.workbench import Workbench

Json = dict[str, Any]


def baseline(
    case: CaseId = "",
    evaluate: Annotated[bool, typer.Option("--evaluate", help="Also measure the five variants.")] = False,
    use: Annotated[str, typer.Option(metavar="VARIANT", help="Let this one answer; `best`: as measured.")] = "",
    as_json: AsJson = False,
) -> None:
    """Build the best assistant without training.

    With --evaluate the five variants answer the held-out conversations; while there are none, questions that are
    generated from the documents and the brief, and marked so.
    """
    from assistant import variants
    from assistant.stages import baseline as stage
    from assistant.stages import switch as switching

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        if not (evaluate or use) or not stage.done(bench.store, chosen.id):  # measuring must not change what answers
            stage.run(bench.store, bench.settings, chosen.id)
        report = _measured(bench, chosen) if evaluate else None
        if use:
            switching.serve(bench.store, chosen.id, "" if use == "best" else use)
        active = switching.active(bench.store, bench.settings, chosen.id)
        dataset = stage.latest_dataset(bench.store, chosen.id)
        made = list(variants.untrained(bench.store, bench.settings, chosen.id, dataset).values())
        value: Json = {"case": chosen.id, "active": active.name, "variants": made}
        rows = [(v.name, v.shots, v.passages, v.model or "none", v.id) for v in made]
        text = table(rows, ("variant", "shots", "passages", "model", "id"))
        if report is not None:
            value |= {"report": report}
            text = report_text(report)
        show(value, f"{text}\n'{active.name}' answers now. Try: attune ask \"...\"", as_json)


def report_text(report: Mapping[str, Any]) -> str:
    """A baseline's report for people: what answers are worth, what they cite, and apart from both what is found."""
    best = report["best"]
    rows = [
        (
            name,
            _number(of["score"]),
            f"{_number(of['low'])} to {_number(of['high'])}",
            _against(report, name),
            _share(report["citations"].get(name), "cited"),
            _share(report["citations"].get(name), "right"),
            round(of["tokens_per_request"] or 0),
        )
        for name, of in report["answers"].items()
    ]
    head = ("variant", report["scorer"], "95 % interval", "minus prompt", "cites", "cites right", "tokens")
    lines = [report["note"], table(rows, head), f"Best: {best}. To let it answer: attune baseline --use {best}"]
    if found := report["retrieval"]:
        figures = ", ".join(f"{name} {found[name]:.3f}" for name in found if name != "questions")
        lines.append(f"The search alone, on {found['questions']} generated questions: {figures}.")
    return "\n".join(lines)


def _measured(bench: Workbench, case: Case) -> Json:
    from assistant.stages import baseline as stage

    line = ProgressLine()
    try:
        return stage.measure(bench, case.id, line).report
    except KeyboardInterrupt:
        raise CommandStopped("The answers so far are kept; `attune baseline --evaluate` goes on from there.") from None
    finally:
        line.end()


def _against(report: Mapping[str, Any], name: str) -> str:
    found = report["differences"].get(name)
    return f"{found['mean']:+.3f} ({found['low']:+.3f} to {found['high']:+.3f})" if found else "-"


def _share(found: Mapping[str, Any] | None, name: str) -> str:
    return "-" if found is None or found[name] is None else f"{found[name]:.0%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
