"""`attune confirm`: the person's word on what the guide proposed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CommandStopped, ProgressLine, open_bench, show

if TYPE_CHECKING:
    from assistant.record.types import Proposal
    from assistant.workbench import Workbench


def confirm(
    proposal: Annotated[int, typer.Argument(help="Its number, from `attune status`.", show_default=False)],
    decline: Annotated[bool, typer.Option("--decline", help="Turn it down instead.")] = False,
    change: Annotated[
        list[str] | None,
        typer.Option("--change", metavar="NAME=VALUE", help="Ask for another one instead, e.g. epochs=2; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a proposal of the guide happen, change it or turn it down."""
    from assistant.guide import proposals

    with open_bench() as bench:
        found = bench.store.proposal(proposal)
        if change:
            made = proposals.change(bench, proposal, dict(_option(text) for text in change))
            text = f"Proposal {made.id} takes the place of {proposal}: {made.why}\nNext: attune confirm {made.id}"
            value = {"proposal": made.id, "kind": made.kind, "state": made.state, "instead_of": proposal}
            show(value | {"terms": made.terms, "options": made.payload}, text, as_json)
            return
        if decline:
            proposals.decline(bench, proposal)
            result = "Declined."
        else:
            result = _finish(bench, found, proposals.confirm(bench, proposal))
        state = bench.store.proposal(proposal).state
        show({"proposal": proposal, "kind": found.kind, "state": state, "result": result}, result, as_json)


def _option(text: str) -> tuple[str, Any]:
    """A name and its value; what reads as a number is one."""
    name, sign, value = text.partition("=")
    if not sign:
        raise AttuneError(f"'{text}' is not a change.", "Write it as NAME=VALUE, for example epochs=2.")
    for kind in (int, float):
        try:
            return name.strip(), kind(value)
        except ValueError:
            continue
    return name.strip(), value.strip()


def _finish(bench: Workbench, proposal: Proposal, result: str) -> str:
    """Stay until work that lives in this process, an evaluation, is done; training has a process of its own."""
    name, line = f"{proposal.kind}:{proposal.case}", ProgressLine()
    again = f"`attune {'baseline --evaluate' if proposal.kind == 'measure' else 'evaluate'} {proposal.case}`"
    if bench.background.task(name) is None:
        return result
    try:
        while (task := bench.background.task(name)) and task.state == "running":
            line(task.message, task.fraction)
            time.sleep(0.2)
    except KeyboardInterrupt:
        raise CommandStopped(f"The answers so far are kept; {again} goes on from there.") from None
    finally:
        line.end()
    if task and task.error:
        raise AttuneError(task.error, f"Go on with {again}.")
    return _outcome(bench, proposal) or result


def _outcome(bench: Workbench, proposal: Proposal) -> str:
    from assistant.faces.cli.baseline_commands import report_text
    from assistant.stages import baseline, evaluate

    if proposal.kind == "measure":
        trial = baseline.measured(bench.store, proposal.case)
        return report_text(trial.report) if trial else ""
    latest = evaluate.latest(bench.store, proposal.case)
    return f"{latest.verdict['decision']}: {latest.verdict['reason']}" if latest else ""
