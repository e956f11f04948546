"""An earlier OpenAI job becomes a case of its own, with a proposal to train it on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.leaving import retrain
from tests.assistant.hosted_bench import at
from tests.conftest import Attune
from tests.tools.vendor_server import KEY
from tools.trainer import ToolError


def test_the_command_makes_a_case_and_a_proposal(tmp_path: Path, here: Attune, monkeypatch: pytest.MonkeyPatch) -> None:
    with at("openai", tmp_path / "old") as found:
        found.run()
        job = found.ended()
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", found.vendor.api)
        done = here("retrain", job.model, "--title", "Brought home", "--json")
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["case"] == "brought-home"
    assert value["train"] + value["test"] == 16
    assert value["test"] == 1  # the job's validation row
    assert value["proposal"] > 0
    status = json.loads(here("status", "--json").stdout)
    assert "brought-home" in json.dumps(status)


def test_what_cannot_be_brought_home_leaves_no_case(tmp_path: Path) -> None:
    with at("openai", tmp_path / "run") as found:
        bench, account = found.bench, found.bench.trainers["openai"].account
        cases = bench.store.cases()
        with pytest.raises(ToolError, match="does not know this"):
            retrain.run(bench.store, bench.settings, account, "ftjob-gone")
        found.run()
        job = found.ended()
        file = found.vendor.jobs[job.handle]["training_file"]
        found.vendor.contents[file] = b'{"messages": [{"role": "user", "content": "Hi"}]}\n'
        with pytest.raises(AttuneError, match="line 1"):
            retrain.run(bench.store, bench.settings, account, file)
        assert bench.store.cases() == cases


def test_of_preferences_the_preferred_answer_is_taken() -> None:
    row = {
        "input": {"messages": [{"role": "user", "content": "Hello"}]},
        "preferred_output": [{"role": "assistant", "content": "Good day."}],
        "non_preferred_output": [{"role": "assistant", "content": "What?"}],
    }
    (found,) = retrain.rows(json.dumps(row).encode() + b"\n", "The file")
    assert found.messages == [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day."}]
    assert found.worse == ({"role": "assistant", "content": "What?"},)
    assert retrain.rows(b"", "The file") == []
    with pytest.raises(AttuneError, match="there is no object called"):
        retrain.rows(b'{"preferred_output": []}', "The file")
