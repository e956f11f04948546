"""The part that runs inside a job of Hugging Face: our worker as a child, its events printed, its files pushed.

What is pushed as it goes (checkpoints) outlives the job's disk; `result.json` comes last, in one commit with the model.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from huggingface_hub import HfApi

from tools import jobdir
from tools.huggingface.job_script import ADAPTER, BASE, MARK
from tools.local.local_trainer import launcher

T = TypeVar("T")
LOOK_SECONDS = 0.5
WAITS = (5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0)  # seconds between the tries of what the run cannot do without
RESULT_FILES = ["merged/*", "adapter/*", jobdir.PROBES, jobdir.TEMPLATE, jobdir.RESULT, jobdir.EVENTS]


def main(given: Path, run: Path, repo: str) -> int:
    """Train what `given` holds in `run` and push the result to the model repository `repo`."""
    api = HfApi()
    run.mkdir(parents=True, exist_ok=True)
    request = json.loads((given / jobdir.REQUEST).read_text(encoding="utf-8"))
    for name in (BASE, ADAPTER):
        if request.get(name) == name:  # it was sent along
            request[name] = str(given / name)
    (run / jobdir.REQUEST).write_text(json.dumps(request), encoding="utf-8")
    resumed = _earlier(api, repo, run)
    several = launcher(int(request.get("processes", 1)))  # accelerate, where several GPUs train
    command = [sys.executable, *several, "-m", "tools.workers.finetune", str(run), *(["--resume"] if resumed else [])]
    child = subprocess.Popen(command, cwd=run, env=_without_token(request["base"]), stdin=subprocess.DEVNULL)
    told = 0
    while True:
        ended = child.poll() is not None
        events = jobdir.read_events(run)
        for event in events[told:]:
            print(MARK + json.dumps(event, ensure_ascii=False), flush=True)
            if event.get("type") == "checkpoint" and not ended:
                _push_checkpoint(api, repo, run)
        told = len(events)
        if ended:
            break
        time.sleep(LOOK_SECONDS)
    if not (run / jobdir.RESULT).exists():
        reason = f"The worker died in the job (exit code {child.returncode})."
        jobdir.write_atomically(run / jobdir.RESULT, json.dumps({"state": "failed", "reason": reason}))
    _patiently(
        lambda: api.upload_folder(
            repo_id=repo, folder_path=run, allow_patterns=RESULT_FILES, commit_message="The result"
        )
    )
    print("The result was pushed.", flush=True)
    return int(child.returncode != 0)


def _patiently(call: Callable[[], T]) -> T:
    """What `call` gives, tried for some minutes: what was trained is lost with this machine, and was paid for."""
    for wait in WAITS:
        try:
            return call()
        except Exception as error:
            _warn(f"The Hub could not be asked ({type(error).__name__}): it is tried again in {wait:.0f} seconds.")
            time.sleep(wait)
    return call()


def _warn(message: str) -> None:
    """Tell it as an event: it stands in the job's log, and the courier brings it home."""
    event = {"type": "message", "time": round(time.time(), 3), "level": "warn", "message": message}
    print(MARK + json.dumps(event), flush=True)


def _earlier(api: HfApi, repo: str, run: Path) -> bool:
    """Fetch the newest checkpoint that an earlier job of this run pushed; whether there is one."""
    now = _patiently(lambda: api.model_info(repo))
    names = [file.rfilename for file in now.siblings or [] if file.rfilename.startswith(f"{jobdir.CHECKPOINTS}/")]
    if not names:
        return False
    newest = max({name.split("/")[1] for name in names}, key=lambda name: int(name.rsplit("-", 1)[1]))
    wanted = [f"{jobdir.CHECKPOINTS}/{newest}/*"]
    _patiently(lambda: api.snapshot_download(repo, allow_patterns=wanted, local_dir=run, revision=now.sha))
    (run / jobdir.CHECKPOINTS / newest / jobdir.COMPLETE).touch()
    return True


def _push_checkpoint(api: HfApi, repo: str, run: Path) -> None:
    """Push the newest checkpoint; one is enough, so the older ones go."""
    kept = jobdir.checkpoints(run)
    if not kept:
        return
    name = f"{jobdir.CHECKPOINTS}/{kept[-1].name}"
    try:
        api.upload_folder(
            repo_id=repo,
            folder_path=kept[-1],
            path_in_repo=name,
            ignore_patterns=[jobdir.COMPLETE],
            commit_message=f"Checkpoint {kept[-1].name}",
        )
    except Exception as error:  # whatever it is, the run goes on: a later checkpoint may get through
        _warn(f"{kept[-1].name} could not be pushed ({type(error).__name__}): the run goes on without it.")


def _without_token(base: str) -> dict[str, str]:
    """The worker needs the token only for a base on the hub."""
    return {name: value for name, value in os.environ.items() if name != "HF_TOKEN" or not Path(base).is_dir()}
