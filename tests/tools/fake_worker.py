"""A real worker without training: it keeps its side of a job directory and does what its request says."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from tools import jobdir
from tools.workers.job import Cancelled, Job

STEPS = 5


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--lock", type=int)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    job = Job(options.directory, options.lock)
    request = jobdir.read_request(options.directory)
    try:
        act(job, str(request.get("do")), options.resume, float(request.get("pause", 0.02)))
    except Cancelled:
        job.finish("cancelled", "Cancelled.")
    return 0


def act(job: Job, do: str, resumed: bool, pause: float) -> None:
    if do == "crash":
        print("something went badly wrong", flush=True)
        os._exit(3)
    if do == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        job.event("deaf")
    first = last_step(job) if resumed else 0
    for step in range(first + 1, STEPS + 1):
        job.event("step", step=step, steps=STEPS, loss=1.0 / step, eta_seconds=0.0)
        checkpoint(job, step)
        time.sleep(3600 if do == "deaf" or (do == "stick" and step == 3 and not resumed) else pause)
    (job.directory / "merged").mkdir(exist_ok=True)
    job.finish("succeeded", "", model="merged", metrics={"names": sorted(os.environ)})


def last_step(job: Job) -> int:
    return int(jobdir.checkpoints(job.directory)[-1].name.rsplit("-", 1)[1])


def checkpoint(job: Job, step: int) -> None:
    folder = job.directory / jobdir.CHECKPOINTS / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / jobdir.COMPLETE).touch()


if __name__ == "__main__":
    sys.exit(main())
