"""The command line, `attune`: every verb of the app, with `--json` on each. Heavy imports wait inside the commands."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence

import typer

from assistant.faces.cli import (
    ask_commands,
    baseline_commands,
    brief_commands,
    case_commands,
    confirm_command,
    document_commands,
    leaving_commands,
    model_commands,
    run_command,
    status_command,
)
from assistant.faces.cli.proof import answers_command, checks_command, frame_command, judge_command, report_command
from assistant.faces.cli.shared import CommandStopped, say
from assistant.faces.mcp.server import mcp
from tools.trainer import ToolError

EPILOG = "CASE may be left out while there is only one. Every command takes --json."

app = typer.Typer(
    name="attune",
    help="Find out whether fine-tuning would pay, do it, prove it, and switch to the result.",
    epilog=EPILOG,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS = (
    run_command.run,
    case_commands.new,
    brief_commands.interview,
    brief_commands.brief,
    checks_command.checks,
    frame_command.frame,
    document_commands.add,
    document_commands.documents,
    case_commands.import_,
    baseline_commands.baseline,
    ask_commands.ask,
    judge_command.judge,
    case_commands.dataset,
    model_commands.finetune,
    model_commands.jobs,
    model_commands.trainers,
    model_commands.evaluate,
    answers_command.answers,
    model_commands.switch,
    model_commands.undo,
    model_commands.reproduce,
    confirm_command.confirm,
    report_command.report,
    leaving_commands.export,
    leaving_commands.deploy,
    leaving_commands.retrain,
    status_command.status,
    ask_commands.journey,
    mcp,
)
for command in COMMANDS:
    app.command(command.__name__.rstrip("_"))(command)


def main() -> None:
    """The entry point: runs one command and ends the process with its exit code."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # `attune jobs | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command: 0 done, 1 something to fix, 2 wrong usage, 130 stopped by Ctrl-C."""
    as_json = "--json" in arguments
    try:
        code = app(args=list(arguments) or ["--help"], prog_name="attune", standalone_mode=False)
    except typer.TyperException as error:
        return _failed(error.format_message(), "See `attune --help`.", error.exit_code, as_json)
    except ToolError as error:
        return _failed(error.sentence, error.remedy, 1, as_json)
    except (CommandStopped, KeyboardInterrupt, typer.Abort) as stop:
        say(f"\nattune: stopped. {stop}".rstrip())
        return 130
    except BrokenPipeError:
        return 1
    except Exception:
        logging.getLogger(__name__).exception("attune %s failed", arguments[0] if arguments else "")
        return _failed("This is a bug in Attune, shown above.", "Please report it with those lines.", 1, as_json)
    if code == 130:
        say("\nattune: stopped. Nothing of this command is still running.")
    return code if isinstance(code, int) else 0


def _failed(sentence: str, remedy: str, code: int, as_json: bool) -> int:
    """A sentence and its remedy to standard error; with --json the same as an object on standard output."""
    say(f"attune: {sentence} {remedy}".rstrip())
    if as_json:
        print(json.dumps({"error": sentence, "remedy": remedy}, ensure_ascii=False), flush=True)
    return code


if __name__ == "__main__":
    main()
