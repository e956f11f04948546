"""The command about the checks that a case's brief names: see them, add one, take one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, say, show, table

if TYPE_CHECKING:
    from assistant.evidence.checks.compiled import Compiled
    from assistant.evidence.checks.measuring import CheckResult
    from assistant.workbench import Workbench


def checks(
    case: CaseId = "",
    add: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="KIND ARG", help='Add one; several texts as "a | b", no argument as "".'),
    ] = None,
    share: Annotated[
        float | None, typer.Option(help="Of the answers that must keep the added one.", show_default=False)
    ] = None,
    remove: Annotated[str, typer.Option(metavar="ID", help="Take one out.")] = "",
    restore: Annotated[bool, typer.Option("--restore", help="Let the brief's own count again.")] = False,
    suggest: Annotated[bool, typer.Option("--suggest", help="Let the guide's model read what the rules left.")] = False,
    toml: Annotated[bool, typer.Option("--toml", help="As [[checks]] of a case.toml.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show or edit the checks that the brief asks for.

    Each is read by rules from the brief and tried on the approved answers.
    """
    from assistant.evidence.checks import case_checks

    if share is not None and add is None:
        raise AttuneError("--share belongs to --add.", "Give both: --add KIND ARG --share 0.95")
    with open_bench() as bench:
        store, chosen = bench.store, pick(bench.store, case)
        if restore:
            case_checks.restore(store, chosen.id)
        if remove:
            case_checks.remove(store, chosen.id, remove)
        if add is not None:
            case_checks.add(store, chosen.id, *add, share=share)
        found = _suggested(bench, chosen.id) if suggest else case_checks.of_case(store, chosen.id)
        if toml and not as_json:
            print(case_checks.as_toml(found.checks), flush=True)
            return
        from assistant.evidence.checks.measuring import measure

        results = measure(found, case_checks.approved(store, chosen.id))
        edited = case_checks.is_edited(store, chosen.id)
        show({"case": chosen.id, "edited": edited, **_value(found, results)}, _shown(found, results), as_json)


def _suggested(bench: Workbench, case: str) -> Compiled:
    from assistant.evidence.checks.assertion import describe
    from assistant.guide import brief_checks

    new, proposed = brief_checks.suggest(bench.store, bench.settings, case)
    say(f"Added: {'; '.join(describe(check) for check in new)}." if new else "The model found nothing to add.")
    return proposed


def _value(found: Compiled, results: list[CheckResult]) -> dict[str, Any]:
    from assistant.evidence.checks.assertion import describe

    return {
        "checks": [
            {"id": result.check.id, "asks": describe(result.check), **result.check.to_json()}
            | {"approved": {"kept": result.kept, "told": result.told, "of": result.of}}
            for result in results
        ],
        "thresholds": list(found.thresholds),
        "doubtful": [
            {"id": one.check.id, "asks": describe(one.check), **one.check.to_json()}
            | {"approved": {"kept": one.kept, "told": one.told}}
            for one in found.doubtful
        ],
        "not_checked": list(found.not_checked),
    }


def _shown(found: Compiled, results: list[CheckResult]) -> str:
    from assistant.evidence.checks.assertion import describe

    rows = [
        (
            result.check.id,
            describe(result.check),
            result.check.field or "yours",
            "-" if result.share is None else f"{result.kept} of {result.told}",
            f"{result.check.share:.0%}" if result.check.share else "-",
        )
        for result in results
    ]
    head = ("id", "an answer", "from", "approved keep it", "share wanted")
    lines = [table(rows, head) if rows else "The brief names nothing that a rule can check for certain."]
    lines += [f"Wanted: {wanted.text}" for wanted in found.thresholds]
    lines += [
        f"Not used, {one.told - one.kept} of {one.told} approved answers fail it: {describe(one.check)}"
        for one in found.doubtful
    ]
    lines += [f"Not checked ({line.field}): {line.text} {line.reason}" for line in found.not_checked]
    return "\n".join(lines)
