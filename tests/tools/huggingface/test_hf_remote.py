"""What runs inside a job of Hugging Face: a network that fails there costs neither the run nor its result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.tools.conftest import ROOT
from tests.tools.hub_server import TOKEN, Hub
from tools import jobdir
from tools.huggingface import job_script

REPO = "ada/attune-run"
JOB = """
import sys
from pathlib import Path
from tools.workers.elsewhere import hf_remote
hf_remote.WAITS = (0.1, 0.1, 0.1)
sys.exit(hf_remote.main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
"""


def job(hub: Hub, tmp_path: Path, **asked: str) -> subprocess.CompletedProcess[str]:
    """A job whose worker ends at once: it is asked for nothing that can be trained."""
    given = tmp_path / "given"
    given.mkdir()
    (given / jobdir.REQUEST).write_text(json.dumps({"base": "nobody/nothing"} | asked))
    hub.repos[("model", REPO)], hub.private[("model", REPO)] = {}, True
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-c", JOB, str(given), str(tmp_path / "run"), REPO]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def warnings(done: subprocess.CompletedProcess[str]) -> list[str]:
    events = [
        json.loads(line.split(job_script.MARK, 1)[1]) for line in done.stdout.splitlines() if job_script.MARK in line
    ]
    return [event["message"] for event in events if event.get("level") == "warn"]


def test_a_checkpoint_that_cannot_be_pushed_is_told_and_the_run_goes_on(hub: Hub, tmp_path: Path) -> None:
    kept = tmp_path / "run" / jobdir.CHECKPOINTS / "checkpoint-2"
    kept.mkdir(parents=True)
    (kept / "trainer_state.json").write_text("{}")
    (kept / jobdir.COMPLETE).touch()
    (tmp_path / "run" / jobdir.EVENTS).write_text('{"type": "checkpoint", "step": 2}\n')
    hub.fail("POST", "/preupload", 200, headers={"Content-Encoding": "gzip"})  # it is not: httpx.DecodingError
    done = job(hub, tmp_path)
    assert "checkpoint-2 could not be pushed" in warnings(done)[0], done.stderr
    assert jobdir.RESULT in hub.repos[("model", REPO)]


def test_the_folders_that_were_sent_along_are_found(hub: Hub, tmp_path: Path) -> None:
    job(hub, tmp_path, base=job_script.BASE, adapter=job_script.ADAPTER)
    found = jobdir.read_request(tmp_path / "run")
    assert [found[name] for name in ("base", "adapter")] == [str(tmp_path / "given" / n) for n in ("base", "adapter")]


def test_the_result_is_pushed_again_until_the_hub_takes_it(hub: Hub, tmp_path: Path) -> None:
    hub.fail("POST", "/commit", 501, times=2)
    done = job(hub, tmp_path)
    assert json.loads(hub.repos[("model", REPO)][jobdir.RESULT])["state"] == "failed", done.stderr
    assert "tried again in" in warnings(done)[0]
    assert TOKEN not in done.stdout + done.stderr
