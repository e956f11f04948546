"""`attune judge`: an answer of the chat judged by you, or the answers of an evaluation by a model."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.errors import AttuneError
from assistant.faces.cli import ask_commands
from assistant.faces.cli.ask_commands import Gesture
from assistant.faces.cli.shared import AsJson, CommandStopped, ProgressLine, open_bench, pick, show


def judge(
    what: Annotated[str, typer.Argument(metavar="NUMBER|CASE", help="An answer from `attune ask --keep`, or a case.")],
    gesture: Annotated[
        Gesture | None, typer.Argument(help="For an answer; again asks once more, undo takes a judgement back.")
    ] = None,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="The better answer, for edit.")] = "",
    case: Annotated[str, typer.Option(help="The case of an answer. Not needed while there is one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Judge a kept answer: approve, edit, again, reject or undo. Or name a case: the guide's model judges its answers.

    A model that judges is first asked about the answers you marked with `attune answers --mark`; it is believed only
    where it agrees with you, and decides nothing. The held-out conversations go to its server.
    """
    if gesture is None:
        return _by_model(what, as_json)
    if not what.isdecimal():
        raise AttuneError(f"'{what}' is not the number of an answer.", "Take the number that was given with it.")
    return ask_commands.judge(int(what), gesture, text, case, as_json)


def _by_model(case: str, as_json: bool) -> None:
    from assistant.evidence.answers.rows import AnswerTable
    from assistant.evidence.judging import asking
    from assistant.evidence.judging import judge as judging
    from assistant.stages import evaluate

    with open_bench() as bench:
        chosen = pick(bench.store, case).id
        latest = evaluate.latest(bench.store, chosen)
        if latest is None:
            raise AttuneError("Nothing has been measured yet.", "Run `attune evaluate`.")
        line = ProgressLine()
        try:
            ask = asking.asker(bench.settings)
            done = judging.run(AnswerTable(bench.store, latest), ask, bench.settings.guide_model, line)
        except KeyboardInterrupt:
            raise CommandStopped("What it said so far is not kept; ask it again from the beginning.") from None
        finally:
            line.end()
        found = done.proof["judge"]
        show({"case": chosen, "evaluation": done.id, "judge": found}, str(found["sentence"]), as_json)
