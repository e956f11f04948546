"""The script of the README, with the official SDK alone: only its address and its key are Attune's. Real training."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving_v1 import ROOT, attune_server

SCRIPT = ROOT / "docs" / "openai_guide.py"
MARKED = "sk-marked-7f3a9c-never-written"


def test_the_readme_shows_the_script_that_is_run() -> None:
    body = SCRIPT.read_text(encoding="utf-8").split("client = OpenAI()\n", 1)[1].strip()
    assert body in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_openais_guide_runs_here(tiny: Path, tmp_path: Path) -> None:
    rows = (ROOT / "data/examples/teashop/conversations.jsonl").read_text(encoding="utf-8").splitlines()[:12]
    training = tmp_path / "tea.jsonl"
    training.write_text("\n".join(rows), encoding="utf-8")
    with attune_server(tmp_path / "run", MARKED, ATTUNE_CHAT_API_KEY=f"chat-{MARKED}") as served:
        environment = os.environ | {"OPENAI_BASE_URL": served.base_url, "OPENAI_API_KEY": served.key}
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(tiny), str(training)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=1100,
        )
        assert done.returncode == 0, f"{done.stderr}\n{''.join(served.printed)}"
    said = done.stdout
    assert "Created fine-tuning job: ftjob-1" in said
    assert "New fine-tuned model created: ft:tiny:local:tea:1" in said
    assert said.index("The job has successfully completed") < said.index("Created fine-tuning job")  # newest first
    assert "step,train_loss," in said
    assert MARKED not in "".join(served.printed)
    _nowhere(tmp_path / "run", MARKED)


def _nowhere(folder: Path, secret: str) -> None:
    """Nothing that the run wrote holds the key: rows, logs, job folders, files."""
    seen = 0
    for path in folder.rglob("*"):
        if path.is_file():
            seen += 1
            assert secret.encode() not in path.read_bytes(), path
    assert seen > 5
