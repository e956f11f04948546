"""Write the parts of the documentation that the code knows better: `make docs`; with `--check` it only looks.

Each part stands between two marker lines of its page, `<!-- begin NAME -->` and `<!-- end NAME -->`.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

TREE = """
app.py
assistant/
assistant/stages/
assistant/stages/interview.py
assistant/stages/baseline.py
assistant/stages/dataset.py
assistant/stages/finetune.py
assistant/stages/evaluate.py
assistant/stages/switch.py
assistant/guide/
assistant/conversations/
assistant/conversations/formats/
assistant/knowledge/
assistant/knowledge/reading/
assistant/knowledge/search/
assistant/knowledge/quote/
assistant/knowledge/prompt/
assistant/evidence/
assistant/traffic/
assistant/leaving/
assistant/uploads/
assistant/record/
assistant/faces/
assistant/faces/ui/
assistant/faces/api/
assistant/faces/cli/
assistant/faces/mcp/
assistant/workbench.py
assistant/background.py
assistant/chat.py
assistant/models.py
assistant/settings.py
assistant/errors.py
assistant/prompts/
tools/
tools/trainer.py
tools/process.py
tools/local/
tools/openai/
tools/azure/
tools/huggingface/
tools/autotrain/
tools/engine/
tools/workers/
data/examples/
tests/
docs/
""".split()

WITHOUT_DOCSTRING = {
    "assistant/prompts/": "One prompt a file, reviewed like code.",
    "data/examples/": "Case folders written for this project: brief, documents, conversations.",
    "tests/": "Mirrors the above; test_journey.py first.",
    "docs/": "Architecture, how to add a trainer, decisions, what was tried and failed.",
}


SHOWN = ("prompts of held-out turns", "prompt tokens", "greedy answers", "answers in the chat")  # of a certificate


def tree() -> str:
    """The annotated tree: each path with the first line of its docstring."""
    lines = []
    for path in TREE:
        depth = path.rstrip("/").count("/") if path.startswith(("assistant/", "tools/")) else 0
        label = path if not depth else path.rstrip("/").rsplit("/", 1)[1] + ("/" if path.endswith("/") else "")
        lines.append(f"{'  ' * depth + label:<26}{about(path)}".rstrip())
    return "```\n" + "\n".join(lines) + "\n```"


def about(path: str) -> str:
    if path in WITHOUT_DOCSTRING:
        return WITHOUT_DOCSTRING[path]
    file = ROOT / path / "__init__.py" if path.endswith("/") else ROOT / path
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.splitlines()[0] if docstring else ""


def settings() -> str:
    """One row for each setting: variable, default, meaning."""
    from assistant.settings import Settings

    rows = ["| variable | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            default = default.relative_to(ROOT).as_posix()
        shown = "empty" if default is None or str(default) == "" else f"`{default}`"
        rows.append(f"| `{Settings.variable(name)}` | {shown} | {field.description} |")
    return "\n".join(rows)


def commands() -> str:
    """The help of every command."""
    import typer

    from assistant.faces.cli.entry import app

    group = typer.main.get_command(app)
    context = group.make_context("attune", [], resilient_parsing=True)
    parts = [f"```\n{group.get_help(context)}\n```"]
    for name in group.list_commands(context):  # type: ignore[attr-defined]
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        parts.append(f"## attune {name}\n\n```\n{command.get_help(inner)}\n```")
    return "\n\n".join(parts)


def trainers() -> str:
    """One row for each trainer: its name and what its class says of itself."""
    from assistant.settings import Settings
    from assistant.workbench import trainers as known

    rows = ["| trainer | module | what it is |", "|---|---|---|"]
    for name, trainer in known(Settings()).items():
        kind = type(trainer)
        rows.append(f"| `{name}` | `{kind.__module__.replace('.', '/')}.py` | {(kind.__doc__ or '').splitlines()[0]} |")
    return "\n".join(rows)


def verbs() -> str:
    """One row for each verb of `attune mcp`: its arguments and what it says of itself."""
    import inspect
    from typing import Any, cast

    from assistant.faces.mcp.verbs import Verbs

    rows = ["| verb | arguments | what it does |", "|---|---|---|"]
    for verb in Verbs(cast(Any, None)).all():
        names = ", ".join(f"`{name}`" for name in inspect.signature(verb).parameters if name != "case")
        rows.append(f"| `{verb.__name__}` | {names} | {' '.join((verb.__doc__ or '').split())} |")
    return "\n".join(rows)


def options() -> str:
    """One row for each training option: its flag, what it is, its values, its default, who takes it."""
    from tools.options import OPTIONS

    rows = ["| option | what it is | values | default | taken by |", "|---|---|---|---|---|"]
    rows += [f"| `{o.flag}` | {o.help} | {o.limits} | {o.default} | {o.takers} |" for o in OPTIONS.values()]
    return "\n".join(rows)


def scorers() -> str:
    """One row for each scorer: its name, what it is for, what it does not see."""
    from assistant.evidence.scorers import KINDS

    rows = ["| scorer | for | what it ignores |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| `{name}` | {kind.suits} | {kind.ignores} |" for name, kind in KINDS.items())])


def example() -> str:
    """What the recorded run of the example found: a row a variant, and the verdict in its own words."""
    found = json.loads((ROOT / "docs" / "records" / "teashop.json").read_text(encoding="utf-8"))
    rows = [
        "| variant | facts | form | mean chrF | 95 % interval | all numbers right | numbers from nowhere "
        "| tokens a request |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, of in found["variants"].items():
        right, stating = of["numbers"]["all_right"], of["numbers"]["answers_with_numbers"]
        rows.append(
            f"| {name} | {of['facts']:.2f} | {of['form']:.0%} | {of['score']:.3f} "
            f"| {of['low']:.3f} to {of['high']:.3f} | {right} of {stating} | {of['unsupported']} "
            f"| {of['tokens_per_request']:.0f} |"
        )
    for name, of in found["sanity"].items():
        rows.append(f"| *{name}, no model* | {of['facts']:.2f} | {of['form']:.0%} | {of['score']:.3f} | | | | 0 |")
    checks = [check for check in found["parity"]["checks"] if check["name"] in SHOWN]
    same = " ".join(f"{check['name'].capitalize()}: {check['detail']}." for check in checks)
    verdict = found["verdict"]
    return "\n".join(rows) + f"\n\nVerdict: **{verdict['decision']}**. {verdict['reason']} {same}"


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "tree": ("README.md", tree),
    "example": ("README.md", example),
    "settings": ("docs/settings.md", settings),
    "commands": ("docs/cli.md", commands),
    "trainers": ("docs/adding-a-trainer.md", trainers),
    "verbs": ("docs/mcp.md", verbs),
    "options": ("docs/training.md", options),
    "scorers": ("docs/scorers.md", scorers),
}


def filled(page: str, name: str, text: str) -> str:
    """The page with `text` between the markers of `name`."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, marker, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not marker or not last:
        sys.exit(f"There are no markers for '{name}'.")
    return f"{before}{begin}{text}\n{end}{after}"


def main(check: bool) -> int:
    os.environ["COLUMNS"] = "80"
    stale = []
    for name, (page, make) in PARTS.items():
        path = ROOT / page
        old = path.read_text(encoding="utf-8")
        new = filled(old, name, make())
        if new == old:
            continue
        stale.append(page)
        if not check:
            path.write_text(new, encoding="utf-8")
    if stale and check:
        print(f"Stale: {', '.join(stale)}. Run: make docs", file=sys.stderr)
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
