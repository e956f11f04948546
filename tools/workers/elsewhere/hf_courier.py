"""Follows one run at Hugging Face Jobs: `hf_courier DIRECTORY`. Every step can be done again.

It makes the private repositories, starts the one job of the run's label or finds it, copies its events out of the log,
and fetches the model. It may die at any moment: the next one goes on from what the Hub and the directory say.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tools import jobdir
from tools.huggingface import job_script
from tools.huggingface.hub_link import ENDED, HubRefused, Link, Unreachable, Vanished, note, stage_of
from tools.trainer import ToolError, Unsure
from tools.workers import reasons
from tools.workers.job import RESERVE, Cancelled, JobFolder, ended, options

MADE = ("merged", "adapter", jobdir.PROBES, jobdir.TEMPLATE)  # folders and files that the job pushes
FETCHED = ["merged/*", "adapter/*", *MADE[2:], jobdir.RESULT]


def main(argv: list[str] | None = None) -> int:
    """Follow the run to its end and write its result; the exit status is 0 when it succeeded."""
    given = options(__doc__, argv)
    job = JobFolder(given.directory, given.lock)
    asked = jobdir.read_request(job.directory)
    courier = Courier(job, asked, Link(os.environ.pop("HF_TOKEN", ""), asked["hub"]))
    return ended(job, courier.work)


class Courier:
    """One run's way to the Hub and back."""

    def __init__(self, job: JobFolder, asked: dict[str, Any], link: Link) -> None:
        self.job, self.asked, self.link = job, asked, link
        self.look = float(asked["hub"]["look"])  # seconds between two looks

    def work(self) -> int:
        """`go`, and no result where what is true at the Hub is not known."""
        try:
            self.go()
        except Cancelled:
            return self.settle(self.call_off)
        except (HubRefused, Unreachable, Unsure) as error:
            return self._put_off(str(error))
        except Exception as error:
            if not self._begun:
                raise
            traceback.print_exc()  # its job goes on, or has succeeded: whatever went wrong here is not its end
            return self._put_off(f"{reasons.explain(error).rstrip('.')}. Attune tries again by itself.")
        return 0

    def go(self) -> None:
        """Do whatever of the run is still to be done."""
        if self.job.asked_to_end():
            raise Cancelled
        found = self.link.job()
        if found is None:
            if not self.asked["base"]:
                return self.job.finish("failed", "The Hub lists no job of this run any more. Start a new run.")
            if self._asked.exists():
                return self._missing()
            self._upload()
            self.job.stage(
                "starting",
                f"{self.asked['hub']['flavor']}, ended after "
                f"{self.asked['hub']['timeout'] // 60} minutes at the latest",
            )
            self.job.stepping = True  # a cancel waits until it is known what was started
            found = self._create()
            self.job.stepping = False
        if self.job.asked_to_end():
            raise Cancelled
        self._follow(found)

    def settle(self, step: Any) -> int:
        """Do what a cancel needs, and say so where the Hub cannot be told."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            step()
        except Exception as error:
            traceback.print_exc()
            return self._put_off(f"It was to be cancelled. {reasons.explain(error)}")
        return 0

    def _put_off(self, trouble: str) -> int:
        """Tell the trouble and end without a result: the next courier goes on. A cancel in between is in its file."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (self.job.directory / RESERVE).unlink(missing_ok=True)  # a full disk leaves room to say so
        try:
            note(self.job.directory, trouble=trouble)
        except OSError as error:
            print(f"{trouble} (it could not be noted: {error})", flush=True)
        return 1

    def call_off(self) -> None:
        """Cancel the job at the Hub; the run is cancelled when the Hub says that it is."""
        found = self.link.job()
        while found is not None and stage_of(found) not in ENDED:
            self.link.ask(self.link.api.cancel_job, job_id=found.id, namespace=self.link.namespace)
            time.sleep(min(self.look, 1.0))
            found = self.link.ask(self.link.api.inspect_job, job_id=found.id, namespace=self.link.namespace)
        self.job.finish("cancelled", "Cancelled; the Hub has ended the job." if found else "Cancelled before it began.")

    @property
    def _attempt(self) -> int:
        """Which of the run's jobs it is: each resume starts another."""
        return int(self.asked["hub"].get("attempt", 1))

    @property
    def _asked(self) -> Path:
        """There once the Hub was asked for the job: from then on it is looked for, never asked for again."""
        return self.job.directory / f"hub-asked-{self._attempt}"

    @property
    def _begun(self) -> bool:
        """Whether there is a job at the Hub, or may be one. Without a base the run was made anew for a job there."""
        return self._asked.exists() or not self.asked["base"]

    def _create(self) -> Any:
        self._asked.touch()
        try:
            return self.link.create(self._script())
        except Unsure:
            raise
        except ToolError:
            self._asked.unlink()  # the Hub refused: nothing runs
            raise

    def _missing(self) -> None:
        """The Hub was asked and lists no job: after a while it is taken at its word."""
        if time.time() - self._asked.stat().st_mtime < float(self.asked["hub"]["lost"]):
            raise Unsure(
                "Whether the Hub started the job is not known: its answer was lost.",
                "Attune looks for it by its label, and starts no second one.",
            )
        self.job.finish("failed", "The Hub lists no job of this run: none was begun. Start again if you still want it.")

    def _upload(self) -> None:
        api, repo = self.link.api, self.link.repo
        self.job.stage("uploading", f"private repositories {repo}")
        for kind in ("dataset", "model"):
            self.link.ask(api.create_repo, repo_id=repo, repo_type=kind, private=True, exist_ok=True)
        if jobdir.RESULT in self.link.ask(api.list_repo_files, repo_id=repo):  # of an earlier job: not this one's word
            self.link.ask(api.delete_file, path_in_repo=jobdir.RESULT, repo_id=repo)
        sent = {name: value for name, value in self.asked.items() if name not in ("hub", "key")}
        folder = self.job.directory / "sent"
        job_script.write(folder, sent)
        self.link.ask(
            api.upload_folder,
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            commit_message="What this run needs",
        )
        shutil.rmtree(folder)

    def _script(self) -> str:
        """The script's address: uv reads it with the job's token, so it may lie in the private repository."""
        return f"{self.asked['hub']['endpoint']}/datasets/{self.link.repo}/resolve/main/{job_script.SCRIPT}"

    def _follow(self, found: Any) -> None:
        """Copy events until the job ended, then fetch what it made."""
        events = jobdir.read_events(self.job.directory)
        told = len([event for event in events if event.get("remote") == self._attempt])  # each job has a log of its own
        while True:
            stage = stage_of(found)
            note(self.job.directory, job=found.id, stage=stage, url=found.url, message=found.status.message or "")
            if stage != "SCHEDULING":
                told = self._copy_events(found.id, told)
            if stage in ENDED:
                return self._fetch(stage, found)
            try:
                found = self._look(found)
            except Vanished:
                return self._fetch("VANISHED", found)

    def _look(self, found: Any) -> Any:
        """The job as it is now; asked for again as long as the Hub cannot be reached, for the job goes on meanwhile."""
        while True:
            time.sleep(self.look)
            try:
                return self.link.ask(self.link.api.inspect_job, job_id=found.id, namespace=self.link.namespace)
            except Unreachable as error:
                note(self.job.directory, job=found.id, stage=stage_of(found), trouble=str(error))

    def _copy_events(self, id: str, told: int) -> int:
        try:
            lines = list(self.link.api.fetch_job_logs(job_id=id, namespace=self.link.namespace))
        except Exception as error:  # the log is only for people: the next look gets all of it
            print(f"The log could not be read: {type(error).__name__}", flush=True)
            return told
        events = [event for line in lines if (event := _event(line))]
        for event in events[told:]:
            self.job.event(event.pop("type"), **{k: v for k, v in event.items() if k != "time"}, remote=self._attempt)
        return max(told, len(events))

    def _fetch(self, stage: str, found: Any) -> None:
        """The result that the job pushed, or why there is none."""
        repo, directory = self.link.repo, self.job.directory
        try:
            newest = self.link.ask(self.link.api.model_info, repo_id=repo)
        except Vanished:
            return self._without_result(stage, found)
        if jobdir.RESULT not in [file.rfilename for file in newest.siblings or []]:
            return self._without_result(stage, found)
        self.job.stage("fetching", f"the model from {repo}")
        fetched = directory / "fetched"
        self.link.ask(
            self.link.api.snapshot_download,
            repo_id=repo,
            allow_patterns=FETCHED,
            local_dir=fetched,
            revision=newest.sha,
        )  # unnamed, a part that is here already passes for the whole
        result = json.loads((fetched / jobdir.RESULT).read_text(encoding="utf-8"))
        for name in MADE:
            if (fetched / name).exists():
                shutil.rmtree(directory / name, ignore_errors=True)
                os.replace(fetched / name, directory / name)
        shutil.rmtree(fetched)
        missing = result.get("state") == "succeeded" and not (directory / str(result.get("model"))).is_dir()
        if missing:
            said = f"The job says that it succeeded, but pushed no model. Look into {repo}."
            return self.job.finish("failed", said)
        values = {k: v for k, v in result.items() if k not in ("state", "reason")}
        return self.job.finish(str(result.get("state", "failed")), str(result.get("reason", "")), **values)

    def _without_result(self, stage: str, found: Any) -> None:
        said = f" The Hub says: {found.status.message}." if found.status.message else ""
        if stage == "CANCELED":
            return self.job.finish("cancelled", f"The job was cancelled at the Hub.{said}")
        reason = {
            "VANISHED": "The Hub no longer knows the job, and it pushed no result.",
            "DELETED": "The job was deleted at the Hub before it pushed a result.",
            "COMPLETED": "The job ended without pushing a result.",
        }
        why = reason.get(stage, "The job failed at the Hub.")
        log = f"Its log is at {found.url}; its last checkpoint, if there is one, in {self.link.repo}."
        return self.job.finish("failed", f"{why}{said} {log}")


def _event(line: str) -> dict[str, Any] | None:
    """The event of ours that a line of the log holds; None for what others print, and for a line that was cut off."""
    try:
        found = json.loads(line.split(job_script.MARK, 1)[1])
    except (IndexError, ValueError):
        return None
    return found if isinstance(found, dict) and "type" in found else None


if __name__ == "__main__":
    sys.exit(main())
