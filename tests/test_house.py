"""The house rules that a machine can hold: who may import whom, how long a file is, what the web process loads."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from assistant.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 300
MOST_FILES = 15  # of a folder, without its folders
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "unsloth",
    "unsloth_zoo",
    "peft",
    "accelerate",
    "datasets",
    "sentence_transformers",
}
MAY_BE_HEAVY = "tools/workers/"

# The parts of assistant/, from the door to the cellar. A part imports from lower rows only.
ROWS: tuple[tuple[str, ...], ...] = (
    ("faces",),
    ("guide",),
    ("cases", "hosting", "leaving", "uploads"),
    ("stages",),
    ("jobs",),
    ("variants",),
    ("evidence", "conversations"),
    ("traffic",),
    ("workbench",),
    ("chat",),
    ("models",),
    ("endpoints",),
    ("knowledge",),
    ("record",),
    ("settings", "errors", "repeats", "background"),
)
DEPTH = {part: depth for depth, row in enumerate(ROWS) for part in row}
APP_FROM = {"assistant/faces/cli/run_command.py"}  # `attune run` starts app.py: the one arrow back to the door


def sources() -> list[Path]:
    return sorted([ROOT / "app.py", *(ROOT / "assistant").rglob("*.py"), *(ROOT / "tools").rglob("*.py")])


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """Every module that a file imports, also inside functions; `from a import b` counts as a and a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)}: imports are written out, not relative"
            found |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(module: str) -> str | None:
    """The part of assistant/ that a module belongs to; None for anything else."""
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "assistant" and len(pieces) > 1 and pieces[1] != "__init__" else None


def test_the_arrows_point_one_way() -> None:
    wrong = []
    for path in (ROOT / "assistant").rglob("*.py"):
        own = path.relative_to(ROOT / "assistant").parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        assert own in DEPTH, f"assistant/{own} has no row yet: decide where it belongs"
        for module in imports(path):
            other = part(module)
            if other and other != own and DEPTH.get(other, -1) <= DEPTH[own]:
                wrong.append(f"{name(path)} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_record_types_import_nothing_of_ours() -> None:
    found = imports(ROOT / "assistant/record/types.py")
    assert not [m for m in found if m.split(".")[0] in ("assistant", "tools")]


def test_tools_know_nothing_of_the_assistant() -> None:
    wrong = [name(p) for p in (ROOT / "tools").rglob("*.py") for m in imports(p) if m.split(".")[0] == "assistant"]
    assert not wrong


def test_only_one_command_reaches_back_to_the_app() -> None:
    users = {name(path) for path in sources() if name(path) != "app.py" and "app" in imports(path)}
    assert users <= APP_FROM


def test_only_workers_import_the_training_libraries() -> None:
    wrong = []
    for path in sources():
        heavy = {m.split(".")[0] for m in imports(path)} & HEAVY
        if heavy and not name(path).startswith(MAY_BE_HEAVY):
            wrong.append(f"{name(path)} imports {', '.join(sorted(heavy))}")
    assert not wrong, "\n".join(wrong)


def test_the_environment_is_read_in_one_place() -> None:
    """os.environ belongs to settings.py; tools pass it on to the children that they start."""
    wrong = [
        name(path)
        for path in (ROOT / "assistant").rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8")) and path.name != "settings.py"
    ]
    assert not wrong


@pytest.mark.parametrize("path", sources(), ids=name)
def test_a_file_is_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{name(path)} has {lines} lines"


@pytest.mark.parametrize("path", sources(), ids=name)
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_the_web_process_loads_no_training_library() -> None:
    program = (
        "import sys, app\n"
        "from assistant.workbench import open_workbench\n"
        "bench = open_workbench()\n"
        "app.make_app(bench)\n"
        "bench.close()\n"
        f"print(*sorted({HEAVY!r} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


def test_every_dependency_has_a_tested_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [r for extra in project["optional-dependencies"].values() for r in extra]
    names = {re.split(r"[\[<>=]", requirement)[0].lower().replace("_", "-") for requirement in wanted}
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert names <= {p.lower().replace("_", "-") for p in pinned}


def test_a_space_gets_the_tested_versions() -> None:
    """requirements.txt names nothing that constraints.txt pins otherwise."""
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    asked = re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert asked
    assert not [(package, version) for package, version in asked if pins.get(package) != version]


def test_generated_pages_are_fresh() -> None:
    """`make docs` writes the settings table, the commands, the trainers and the README's tree."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_secrets_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = [f for f, info in Settings.model_fields.items() if "SecretStr" in str(info.annotation)]
    assert secrets
    for field in secrets:
        monkeypatch.setenv(Settings.variable(field), "s3cret-value")
    settings = Settings(_env_file=None)
    assert all(getattr(settings, field).get_secret_value() == "s3cret-value" for field in secrets)
    assert "s3cret-value" not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_every_key_is_a_secret() -> None:
    """A setting that is named like a key or a token must be one that does not print itself."""
    named = [f for f in Settings.model_fields if re.search(r"key|token|secret|password", f)]
    assert all("SecretStr" in str(Settings.model_fields[f].annotation) for f in named)


def test_no_folder_is_a_drawer() -> None:
    folders = {path.parent for path in sources() if path.name != "app.py"}
    full = {name(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert not {folder: files for folder, files in full.items() if files > MOST_FILES}


def test_a_package_says_what_belongs_there() -> None:
    """In its first line what it holds; then what is here and what is looked for elsewhere."""
    silent = [
        name(path)
        for path in sources()
        if path.name == "__init__.py"
        and path.parent.parent != ROOT
        and "Not here:" not in str(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))
    ]
    assert not silent


def test_a_class_name_means_one_thing() -> None:
    where: dict[str, list[str]] = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                where.setdefault(node.name, []).append(name(path))
    assert not {each: files for each, files in where.items() if len(files) > 1}
