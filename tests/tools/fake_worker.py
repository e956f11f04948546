"""A real worker without training: it keeps its side of a job directory and does what its request says."""

from __future__ import annotations

import os
import signal
import sys
import time

from tools import jobdir
from tools.workers.job import JobFolder, ended, options

STEPS = 5
GO = "go"  # the file for which a worker that holds waits


def main() -> int:
    given = options(__doc__, None)
    job = JobFolder(given.directory, given.lock)
    request = jobdir.read_request(job.directory)
    return ended(job, lambda: act(job, str(request.get("do")), given.resume, float(request.get("pause", 0.02))))


def act(job: JobFolder, do: str, resumed: bool, pause: float) -> None:
    if do == "crash":
        print("something went badly wrong", flush=True)
        os._exit(3)
    if do == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        job.event("deaf")
    if do == "slow":
        job.event("slow")
        time.sleep(3600)
    if do in ("hold", "stubborn"):  # until the test says so; the stubborn one hears of no cancel
        signal.signal(signal.SIGTERM, signal.SIG_IGN if do == "stubborn" else signal.getsignal(signal.SIGTERM))
        job.event("stage", name="training", detail=do)
        while not (job.directory / GO).exists():
            time.sleep(0.02)
    first = last_step(job) if resumed else 0
    for step in range(first + 1, STEPS + 1):
        job.event("step", step=step, steps=STEPS, loss=1.0 / step, eta_seconds=0.0)
        checkpoint(job, step)
        time.sleep(3600 if do == "deaf" or (do == "stick" and step == 3 and not resumed) else pause)
    (job.directory / "merged").mkdir(exist_ok=True)
    (job.directory / "merged" / "config.json").touch()
    job.finish("succeeded", "", model="merged", metrics={"names": sorted(os.environ)})


def last_step(job: JobFolder) -> int:
    return int(jobdir.checkpoints(job.directory)[-1].name.rsplit("-", 1)[1])


def checkpoint(job: JobFolder, step: int) -> None:
    folder = job.directory / jobdir.CHECKPOINTS / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "config.json").touch()  # it is a whole model
    (folder / jobdir.COMPLETE).touch()


if __name__ == "__main__":
    sys.exit(main())
