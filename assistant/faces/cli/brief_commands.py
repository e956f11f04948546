"""Commands about a case's brief: answer its questions, read it, see its versions, bring one back."""

from __future__ import annotations

import json
import sys
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CaseId, CommandStopped, open_bench, pick, say, show

if TYPE_CHECKING:
    from assistant.guide.sentences.table import Table
    from assistant.record.store import Store
    from assistant.record.types import Brief, Case
    from assistant.workbench import Workbench


def interview(
    case: CaseId = "",
    answers: Annotated[str, typer.Option(metavar="FILE", help="Answers as TOML or JSON; - reads JSON.")] = "",
    as_json: AsJson = False,
) -> None:
    """Answer the open questions of the brief.

    In a terminal they are asked one by one.
    """
    with open_bench() as bench:
        chosen = pick(bench.store, case)
        if answers:
            chosen = _take(bench.store, chosen, _read_answers(answers))
        elif sys.stdin.isatty() and not as_json:
            chosen = _ask_each(bench, chosen)
        elif chosen.brief.gaps:
            raise AttuneError(
                f"{len(chosen.brief.gaps)} questions are open: {', '.join(chosen.brief.gaps)}.",
                "Answer them with --answers FILE, or run this in a terminal.",
            )
        gaps = chosen.brief.gaps
        text = f"Still open: {', '.join(gaps)}." if gaps else "The brief has no gaps. Next: attune add, attune import"
        show({"case": chosen.id, "brief": chosen.brief.to_json(), "gaps": gaps}, text, as_json)


def brief(
    case: CaseId = "",
    versions: Annotated[bool, typer.Option("--versions", help="Every version, with what it changed.")] = False,
    restore: Annotated[
        int | None, typer.Option("--restore", metavar="N", help="Bring version N back.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the brief and its gaps, or its versions."""
    with open_bench() as bench:
        chosen = pick(bench.store, case)
        if restore is not None:
            bench.store.restore_brief(chosen.id, restore, "command line")
            say(f"Version {restore} is the brief again.")
            chosen = bench.store.case(chosen.id)
        value = {"case": chosen.id, "brief": chosen.brief.to_json(), "gaps": chosen.brief.gaps}
        if versions:
            found = _versions(bench.store, chosen.id)
            show(value | {"versions": found}, _versions_text(found), as_json)
        else:
            show(value, _text(chosen.brief), as_json)


def _take(store: Store, case: Case, answers: dict[str, Any]) -> Case:
    """Record the answers; those that cannot be are named in an AttuneError after the others are kept."""
    from assistant.stages import interview as stage

    unknown = [name for name in answers if name not in stage.QUESTIONS]
    not_text = [name for name in answers if name not in unknown and not isinstance(answers[name], str | list)]
    good = {name: value for name, value in answers.items() if name not in (*unknown, *not_text)}
    case = stage.run(store, case.id, good, source="file")
    if not unknown and not not_text:
        return case
    problems = [f"The brief has no '{name}'{_nearest(name, list(stage.QUESTIONS))}." for name in unknown]
    problems += [f"The answer to '{name}' is not text." for name in not_text]
    kept = f"{len(good)} other answers are kept. " if good else ""
    raise AttuneError(" ".join(problems), f"{kept}Fix the file; the brief has {', '.join(stage.QUESTIONS)}.")


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name.lower(), known, 1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _read_answers(name: str) -> dict[str, Any]:
    """Answers from a TOML or JSON file; a case.toml is taken too, by its [brief]."""
    from assistant.conversations.formats.json_lines import decode
    from assistant.faces.cli.case_commands import read_bytes
    from assistant.stages.interview import QUESTIONS

    text = sys.stdin.read() if name == "-" else decode(read_bytes(Path(name)), Path(name).name)
    try:
        value = tomllib.loads(text) if name.endswith(".toml") else json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "TOML" if name.endswith(".toml") else "JSON"
        raise AttuneError(f"{name} is not valid {kind}: {error}.", "Fix that place and run it again.") from error
    value = value.get("brief", value) if isinstance(value, dict) else value
    if not isinstance(value, dict):
        raise AttuneError(f"{name} holds no answers.", f"Write an object with some of: {', '.join(QUESTIONS)}.")
    return value


def _ask_each(bench: Workbench, case: Case) -> Case:
    """Question by question; every answer is kept at once."""
    say("A number takes a suggestion, an empty line skips; back, why and next are understood too. Ctrl-D ends.")
    name = next(iter(case.brief.gaps), "")
    while name:
        try:
            answer = _typed(bench, case, name)
        except EOFError:
            break
        except KeyboardInterrupt:
            raise CommandStopped("Your answers are kept; go on with `attune interview`.") from None
        case, name = took(bench, case, name, answer)
    return case


def _typed(bench: Workbench, case: Case, name: str) -> str:
    """Ask one question and give what was typed; a number stands for its suggestion."""
    question = _table(bench, case).questions[name]
    say(f"\n{question.text}\n  {question.why}")
    for number, suggestion in enumerate(question.suggestions, start=1):
        say(f"  {number}. {suggestion}")
    answer = input("> ").strip()
    chosen = answer.isdigit() and 1 <= int(answer) <= len(question.suggestions)
    return question.suggestions[int(answer) - 1] if chosen else answer


def took(bench: Workbench, case: Case, name: str, answer: str) -> tuple[Case, str]:
    """The case after a line, and the field that is asked next; none when no question is open. As in the guide, a
    question, a greeting or a word of the checklist is no answer."""
    from assistant.guide import checklist
    from assistant.guide.sentences import table as sentences
    from assistant.stages import interview as stage

    table, meant = _table(bench, case), sentences.meaning(answer)
    if meant == "back":
        taken = stage.take_back(bench.store, case.id)
        return bench.store.case(case.id), taken[0] if taken else name
    signs = bool(answer) and not any(map(str.isalnum, answer))
    if meant not in ("", "skip", "next") or signs or checklist.is_question(answer):
        if meant != "why":
            say(table.say("say_what", skip=table.label("skip")))
        return case, name
    if meant != "next":
        kept = answer if answer and not meant else stage.SKIP
        case = stage.run(bench.store, case.id, {name: kept}, source="command line")
    order = [*stage.QUESTIONS][[*stage.QUESTIONS].index(name) + 1 :]
    behind = [gap for gap in order if gap in case.brief.gaps]
    return case, next(iter([*behind, *case.brief.gaps]), "")


def _table(bench: Workbench, case: Case) -> Table:
    from assistant.guide.sentences import table as sentences

    return sentences.chosen(bench.settings.guide_language, case.brief.language)


def _versions(store: Store, case: str) -> list[dict[str, Any]]:
    """Every version, oldest first, with what it changed: {field: [before, after]}."""
    from assistant.record.briefs import differences
    from assistant.record.types import Brief

    before, found = Brief(), []
    for version in store.brief_versions(case):
        changes = {name: list(pair) for name, pair in differences(before, version.brief).items()}
        found.append(
            {
                "number": version.number,
                "created": version.created,
                "source": version.source,
                "restored": version.restored,
                "changes": changes,
            }
        )
        before = version.brief
    return found


def _versions_text(versions: list[dict[str, Any]]) -> str:
    lines = []
    for version in versions:
        back = f", version {version['restored']} again" if version["restored"] else ""
        lines.append(f"{version['number']}. {version['created'][:16].replace('T', ' ')} UTC, {version['source']}{back}")
        lines += [f"   {name}: {_line(old)} -> {_line(new)}" for name, (old, new) in version["changes"].items()]
    return "\n".join(lines) or "The brief has no version yet: nothing has been answered."


def _text(brief: Brief) -> str:
    """One line a field; a gap and a skipped question say so."""
    lines = []
    for name, value in brief.to_json().items():
        if name != "skipped":
            said = "(skipped)" if not value and name in brief.skipped else _line(value)
            lines.append(f"{name.replace('_', ' ')}: {said}")
    return "\n".join(lines)


def _line(value: Any) -> str:
    text = " | ".join(value) if isinstance(value, list) else str(value)
    return " ".join(text.split()) or "(open)"
