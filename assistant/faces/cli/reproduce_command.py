"""`attune reproduce`: a training run once more, from its lock, and whether the same comes of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.faces.cli.follow_run import follow
from assistant.faces.cli.shared import AsJson, ProgressLine, open_bench, pick, say, show

if TYPE_CHECKING:
    from assistant.jobs.reproduction import Reproduced


def reproduce(
    job: Annotated[
        str, typer.Argument(metavar="JOB|CASE", show_default=False, help="A job's number, or a case: its newest model.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Train a model once more from its lock, and compare losses, weights and held-out answers.

    The exit code is 1 where something differs. The new run is kept as a job, and is no candidate of its case.
    """
    from assistant.jobs import reproduction

    with open_bench() as bench:
        first = reproduction.original(bench, job or pick(bench.store, "").id)
        wanted = reproduction.prepare(bench, first)
        for warning in wanted.warnings:
            say(warning)
        again = reproduction.start(bench, first, wanted)
        say(f"Job {again.id} repeats job {first.id}.")
        again = follow(bench, again.id)
        line = ProgressLine()
        try:
            found = reproduction.compare(bench, first, again, wanted.warnings, line)
        finally:
            line.end()
        show(asdict(found), _text(found), as_json)
        if not found.equal:
            raise typer.Exit(1)


def _text(found: Reproduced) -> str:
    lines = [f"{'same' if check['ok'] else 'other'}  {check['name']}: {check['detail']}" for check in found.checks]
    lines += [warning for warning in found.warnings if not found.equal]
    said = "equal" if found.equal else f"different. First: {found.first}"
    return "\n".join([*lines, f"Job {found.again} repeats job {found.job}: {said}"])
