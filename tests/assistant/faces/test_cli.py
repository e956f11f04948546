"""The command line as people and programs meet it: a process, its two streams and its exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from assistant.guide import proposals
from assistant.workbench import open_workbench
from tests.assistant.evidence.reading_server import ReadingServer
from tests.conftest import ROOT, Attune

EXAMPLE = ROOT / "data" / "examples" / "teashop"
GOOD = {"messages": [{"role": "user", "content": "Open on Sunday?"}, {"role": "assistant", "content": "No."}]}
COMMANDS = (
    "run",
    "new",
    "interview",
    "brief",
    "checks",
    "add",
    "documents",
    "import",
    "baseline",
    "ask",
    "judge",
    "dataset",
    "finetune",
    "jobs",
    "trainers",
    "evaluate",
    "answers",
    "switch",
    "undo",
    "confirm",
    "report",
    "export",
    "status",
    "journey",
    "mcp",
)


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON object on standard output of a command that succeeded."""
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


def refused(done: subprocess.CompletedProcess[str], *words: str, code: int = 1) -> None:
    """The command said what is wrong in one line, without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("attune: ")
    for word in words:
        assert word in last, last


@pytest.fixture
def shop(here: Attune) -> str:
    """A case from the example folder."""
    return str(result(here("new", "--folder", str(EXAMPLE), "--json"))["case"])


def test_help_names_every_command(attune: Attune, here: Attune) -> None:
    done = attune("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout
        assert "--json" in here(command, "--help").stdout


def test_no_command_is_help(attune: Attune) -> None:
    assert attune().stdout == attune("--help").stdout


def test_a_case_from_nothing_to_a_dataset(attune: Attune, tmp_path: Path) -> None:
    assert result(attune("status", "--json")) == {"cases": []}
    assert result(attune("new", "Corner shop", "--json"))["case"] == "corner-shop"
    gaps = result(attune("status", "--json"))["gaps"]
    assert gaps[0] == "goal"

    answers = dict.fromkeys(gaps, "skip") | {"goal": "Answer briefly", "must": ["Be kind", "Be right"]}
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    told = result(attune("interview", "--answers", "answers.json", "--json"))
    assert told["gaps"] == []
    assert told["brief"]["must"] == ["Be kind", "Be right"]

    (tmp_path / "hours.md").write_text("# Hours\nClosed on Sundays.")
    assert result(attune("add", "hours.md", "--json"))["documents"][0]["name"] == "hours.md"

    topics = "tea coffee cups kettles honey bread jam flowers candles books stamps soap".split()
    rows = [
        {"messages": [{"role": "user", "content": f"{topic * 3}, where?"}, {"role": "assistant", "content": "Left."}]}
        for topic in topics
    ]
    (tmp_path / "good.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert result(attune("import", "good.jsonl", "--json"))["conversations"] == len(topics)
    assert result(attune("dataset", "--preview", "--json"))["rows"] == len(topics)
    made = result(attune("dataset", "--json"))
    assert made["train"] + made["test"] == len(topics)
    assert result(attune("dataset", "--json"))["sha256"] == made["sha256"]

    taken = result(attune("export", "--dataset", "out", "--json"))["dataset"]
    assert taken["sha256"] == made["sha256"]
    assert len((tmp_path / "out" / "train.jsonl").read_text().splitlines()) == made["train"]


def test_answers_from_toml_and_from_a_pipe(attune: Attune) -> None:
    attune("new", "A")
    told = result(attune("interview", "--answers", str(EXAMPLE / "case.toml"), "--json"))
    assert told["gaps"] == []
    told = result(attune("interview", "--answers", "-", "--json", stdin='{"goal": "Other"}'))
    assert told["brief"]["goal"] == "Other"


def test_a_folder_becomes_a_case_and_again_another(here: Attune, shop: str) -> None:
    assert shop == "teashop"
    assert result(here("new", "--folder", str(EXAMPLE), "--json"))["case"] == "teashop-2"
    for case in ("teashop", "teashop-2"):  # the same content in two cases
        assert result(here("dataset", case, "--json"))["test"] == 40
        assert result(here("status", case, "--json"))["stage"] == "baseline"
    listed = result(here("status", "--json"))["cases"]
    assert [case["case"] for case in listed] == ["teashop", "teashop-2"]


@pytest.mark.parametrize("more", [["--id", "tea"], ["Tea"]])
def test_a_folder_brings_its_own_name(here: Attune, more: list[str]) -> None:
    refused(here("new", *more, "--folder", str(EXAMPLE)), "--folder alone")
    assert result(here("status", "--json")) == {"cases": []}


def test_baseline_switch_and_undo(here: Attune, shop: str) -> None:
    made = result(here("baseline", "--json"))
    assert [v["name"] for v in made["variants"]] == ["prompt", "few-shot", "rag", "rag+few-shot", "quote"]
    assert result(here("switch", "--variant", "prompt", "--json"))["active"] == "prompt"
    assert result(here("undo", shop, "--json"))["active"] == made["active"]
    refused(here("undo"), "nothing to undo")
    refused(here("switch"), "evaluate")
    refused(here("switch", "--variant", "gold"), "no variant 'gold'")


def test_the_baseline_is_measured_and_chosen(here: Attune, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ReadingServer() as server:
        monkeypatch.setenv("ATTUNE_CHAT_BASE_URL", server.url)
        monkeypatch.setenv("ATTUNE_CHAT_MODEL", "reads")
        refused(here("baseline", shop, "--use", "best"), "not been measured yet", "attune baseline --evaluate")
        made = result(here("baseline", shop, "--evaluate", "--json"))
        report = made["report"]
        assert report["basis"] == "held-out"
        assert report["questions"]["held-out"] >= 40
        assert report["retrieval"]["recall@3"] > 0
        assert set(report["answers"]) == {"prompt", "few-shot", "rag", "rag+few-shot", "quote"}
        assert result(here("baseline", shop, "--use", "best", "--json"))["active"] == report["best"]
        assert result(here("baseline", shop, "--use", "prompt", "--json"))["active"] == "prompt"
        shown = here("baseline", shop, "--evaluate").stdout
        assert "Measured on " in shown
        assert "The search alone, on " in shown
        assert "'prompt' answers now" in shown  # measuring does not change what answers


def test_an_evaluation_tells_its_scorer_and_what_that_ignores(
    here: Attune, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ReadingServer() as server:
        monkeypatch.setenv("ATTUNE_CHAT_BASE_URL", server.url)
        monkeypatch.setenv("ATTUNE_CHAT_MODEL", "reads")
        result(here("dataset", shop, "--json"))
        shown = here("evaluate", shop).stdout
        assert "\nScorer: chrf. The case names it. It compares groups of letters" in shown
        assert "of the score is what all answers share" in shown  # the tea shop's greeting and sign-off
        told = result(here("evaluate", shop, "--json"))
        tested = told["proof"]["self_test"]
        assert (told["scoring"]["name"], tested["own"], tested["ok"]) == ("chrf", 1, False)


def test_jobs_and_trainers(here: Attune, shop: str) -> None:
    assert result(here("jobs", "--json")) == {"jobs": []}
    assert {t["name"] for t in result(here("trainers", "--json"))["trainers"]} >= {"unsloth", "trl"}
    refused(here("finetune", shop), "no dataset")
    refused(here("finetune", "--cancel", "--job", "3"), "no job 3")
    refused(here("export", "--model", "out"), "no trained model")


def test_what_the_guide_proposes_waits_for_a_word(here: Attune, shop: str) -> None:
    bench = open_workbench()
    first = proposals.propose(bench, shop, "baseline", {}).id
    told = result(here("status", "--json"))
    assert told["proposals"][0]["id"] == first
    assert f"attune confirm {first}" in here("status").stdout
    assert result(here("confirm", str(first), "--json"))["state"] == "confirmed"
    assert result(here("status", "--json"))["stage"] == "dataset"
    refused(here("confirm", str(first)), "already")
    second = proposals.propose(bench, shop, "baseline", {}).id
    assert result(here("confirm", str(second), "--decline", "--json"))["state"] == "declined"
    bench.close()


def test_words_for_people_go_with_the_result(here: Attune, shop: str) -> None:
    done = here("status")
    assert done.returncode == 0
    assert done.stdout.startswith(f"{shop}: ")
    assert "[>] Baseline" in done.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(GOOD).encode() + b"\n{broken\n", ("line 2", "JSON")),
        (json.dumps(GOOD).replace("assistant", "helper").encode(), ("line 1", "helper")),
        (json.dumps(GOOD).replace("No.", "  ").encode(), ("line 1", "empty")),
        (b"", ("no conversation",)),
        (b'{"text": "old style"}\n', ("line 1", "a record with text", "What can be imported")),
    ],
)
def test_a_bad_file_is_named_with_its_line(here: Attune, tmp_path: Path, content: bytes, words: tuple[str]) -> None:
    here("new", "A")
    (tmp_path / "bad.jsonl").write_bytes(content)
    refused(here("import", "bad.jsonl"), "bad.jsonl", *words)
    assert result(here("status", "--json"))["conversations"]["import"] == 0


def test_one_bad_file_of_two_imports_nothing(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    (tmp_path / "good.jsonl").write_text(json.dumps(GOOD))
    (tmp_path / "bad.jsonl").write_text("{")
    refused(here("import", "good.jsonl", "bad.jsonl"), "bad.jsonl")
    assert result(here("status", "--json"))["conversations"]["import"] == 0


def test_a_byte_order_mark_is_no_problem(here: Attune, tmp_path: Path) -> None:
    here("new", "A")
    (tmp_path / "bom.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\r\n")
    assert result(here("import", "--heldout", "bom.jsonl", "--json"))["conversations"] == 1
    assert result(here("status", "--json"))["conversations"]["heldout"] == 1


def test_what_is_wrong_is_said_in_one_line(here: Attune, tmp_path: Path) -> None:
    refused(here("status", "nowhere"), "no case called 'nowhere'", "attune new")
    refused(here("baseline"), "no case yet", "attune new")
    refused(here("new"), "title")
    refused(here("new", "!!!"), "no usable name")
    here("new", "A")
    refused(here("new", "A", "--id", "a"), "already")
    refused(here("add", "missing.txt"), "missing.txt")
    refused(here("interview"), "questions are open", "--answers")
    refused(here("interview", "--answers", "missing.json"), "missing.json")
    (tmp_path / "odd.json").write_text('{"colour": "red"}')
    refused(here("interview", "--answers", "odd.json"), "colour")
    (tmp_path / "broken.toml").write_text("goal = ")
    refused(here("interview", "--answers", "broken.toml"), "broken.toml", "TOML")
    refused(here("ask", ""), "empty")
    refused(here("ask", "Do", "you", "ship?"), "quotes")
    refused(here("confirm", "7"), "7")
    here("new", "B")
    refused(here("baseline"), "several cases: a, b")


def test_wrong_usage_ends_with_2(here: Attune) -> None:
    refused(here("fly"), "fly", code=2)
    refused(here("status", "--colour"), "--colour", code=2)
    refused(here("finetune", "--epochs", "many"), "--epochs", "number", code=2)
    refused(here("confirm"), code=2)


def test_an_error_is_json_too(attune: Attune) -> None:
    done = attune("status", "nowhere", "--json")
    assert done.returncode == 1
    assert set(json.loads(done.stdout)) == {"error", "remedy"}


def test_a_wrong_setting_is_named(attune: Attune) -> None:
    refused(attune("status", ATTUNE_PORT="high"), "ATTUNE_PORT")
    refused(attune("status", ATTUNE_DATA="/proc/attune"), "/proc/attune")


def test_a_journey_needs_a_whole_folder(here: Attune, tmp_path: Path) -> None:
    refused(here("journey", "nowhere"), "not a folder")
    (tmp_path / "half").mkdir()
    refused(here("journey", "half"), "case.toml", "conversations.jsonl")
    (tmp_path / "half" / "case.toml").write_text('title = "Half"\n[brief]\ngoal = "G"\n')
    refused(here("journey", "half"), "no conversations.jsonl")
    (tmp_path / "half" / "conversations.jsonl").write_text(json.dumps(GOOD))
    refused(here("journey", "half"), "open", "users")
    assert result(here("status", "--json")) == {"cases": []}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_journey_prints_one_object_with_all_that_was_found(attune: Attune, tmp_path: Path) -> None:
    """Few steps and few questions: the keys and the sense of the result, not its quality. See tests/test_journey.py."""
    folder = tmp_path / "short"
    shutil.copytree(EXAMPLE, folder)
    case = (folder / "case.toml").read_text()
    short = case.replace("[train]\n", "[train]\nmax_steps = 4\n").replace('"teashop"', '"short"', 1)
    assert "max_steps = 4" in short
    (folder / "case.toml").write_text(short)
    heldout = (folder / "heldout.jsonl").read_text().splitlines(keepends=True)
    (folder / "heldout.jsonl").write_text("".join(heldout[:6]))

    done = attune("journey", str(folder), "--json", timeout=500)
    told = result(done)
    assert list(told) == [
        "case",
        "dataset",
        "variants",
        "sanity",
        "frame",
        "verdict",
        "active",
        "job",
        "parity",
        "timings",
    ]
    assert told["case"] == "short"
    assert told["dataset"]["test"] == 6
    assert len(told["dataset"]["sha256"]) == 64
    assert set(told["variants"]) == {"prompt", "few-shot", "rag", "rag+few-shot", "quote", "tuned", "tuned+rag"}
    for measured in told["variants"].values():
        aspects = {"score", "form", "facts", "low", "high", "numbers", "unsupported"}
        assert set(measured) == aspects | {"tokens_per_request", "latency_s"}
        assert set(measured["numbers"]) == {"answers_with_numbers", "all_right", "recall", "precision"}
        assert measured["low"] <= measured["score"] <= measured["high"]
    judged = {"decision", "candidate", "against", "reason", "difference", "low", "high", "look"}
    assert set(told["verdict"]) == judged | {"form", "facts", "sanity"}
    assert set(told["sanity"]) == {"typical answer", "frame alone", "nearest answer"}
    assert set(told["job"]) == {"trainer", "seconds", "final_loss", "passages"}
    assert told["job"]["passages"]["rows"] > 0
    assert told["verdict"]["candidate"] == "tuned+rag"
    assert told["job"]["final_loss"] > 0
    assert told["parity"]["ok"]
    assert told["timings"]["total"] >= told["timings"]["finetune"] > 0
    assert (told["active"] == "tuned+rag") == (told["verdict"]["decision"] == "switch")
    assert "Evaluate" in done.stderr  # progress

    assert result(attune("status", "--json"))["active"]["name"] == told["active"]
    assert "config.json" in result(attune("export", "--model", "taken", "--json"))["model"]["files"]
    assert (tmp_path / "taken" / "model.safetensors").is_file()
    refused(attune("export", "--model", "taken"), "not empty")


def test_a_busy_port_is_said(attune: Attune) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(attune("run", "--port", str(port)), str(port), "ATTUNE_PORT")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_app_ends_when_it_is_asked_to(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "assistant.faces.cli", "run", "--port", "0", "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as app:
        assert app.stdout is not None
        told = json.loads(app.stdout.readline())
        assert told["url"].startswith("http://127.0.0.1:")
        time.sleep(0.5)
        app.send_signal(number)
        _, errors = app.communicate(timeout=30)
    assert "Traceback" not in errors


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m assistant.faces.cli --help | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""


def test_other_users_read_nothing_of_what_commands_write(attune: Attune, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        case = result(attune("new", "--folder", str(EXAMPLE), "--json"))["case"]
        result(attune("baseline", case, "--json"))
        result(attune("ask", "Do you ship to France?", "--keep", "--json"))
        result(attune("dataset", case, "--json"))
    finally:
        os.umask(before)
    data = tmp_path / "run"
    models = data / "models"
    found = [path for path in [data, *data.rglob("*")] if models not in [path, *path.parents]]
    assert len(found) > 5
    assert [path for path in found if path.stat().st_mode & 0o077] == []
