"""Talking to the Hub about one run: its repositories, its one job, its log; every fault told in a sentence."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tools import jobdir
from tools.trainer import ToolError, Unsure

NOTE = "hub.json"  # what the Hub last said: {"job", "stage", "url", "message"} or {"trouble"}
REST_SECONDS = 30.0  # between two couriers, where the first gave up on the Hub
KEY = "attune-key"  # the label that holds the key of a confirmation
TRIES, LONGEST = 4, 60.0  # of a request, and seconds between two tries at most
ENDED = ("COMPLETED", "CANCELED", "ERROR", "DELETED")  # stages of a job that no longer runs
LOOK = 5.0  # seconds between two looks at a job, where nothing is said; a tenth of them is the first pause
T = TypeVar("T")


class HubRefused(ToolError):
    """The token is not accepted: nothing can be known or done until there is another."""


class Vanished(ToolError):
    """The Hub does not know what was asked for."""


class Unreachable(ToolError):
    """The Hub cannot be reached now, or is too busy."""


class Link:
    """One run at the Hub. `hub`: endpoint, namespace, flavor, label, timeout and, of a second attempt, attempt."""

    def __init__(self, token: str, hub: Mapping[str, Any]) -> None:
        from huggingface_hub import HfApi

        self.token, self.hub = token, hub
        self.api = HfApi(endpoint=str(hub["endpoint"]), token=token)
        self._namespace = str(hub.get("namespace", ""))
        self._first = float(hub.get("look", LOOK)) / 10

    @property
    def namespace(self) -> str:
        """Whose repositories and jobs they are: as set, else the token's owner."""
        self._namespace = self._namespace or str(self.ask(self.api.whoami)["name"])
        return self._namespace

    @property
    def repo(self) -> str:
        """The name of both private repositories: a dataset with what goes in, a model with what comes out."""
        return f"{self.namespace}/attune-{self.hub['label']}"

    @property
    def labels(self) -> dict[str, str]:
        return {KEY: f"{self.hub['label']}-{self.hub.get('attempt', 1)}"}

    def ask(self, call: Callable[..., T], **arguments: Any) -> T:
        """Ask the Hub, again after a pause where it is busy or gone. Raises Refused, Vanished or Unreachable."""
        for attempt in range(1, TRIES + 1):
            try:
                return call(**arguments)
            except Exception as error:
                pause = self._pause(error, attempt)
                if pause is None or attempt == TRIES:
                    raise told(error, self.token) from None
                time.sleep(pause)
        raise AssertionError("unreachable")

    def job(self) -> Any | None:
        """The job of this run's label, whatever became of it; None when the Hub has none."""
        found = self.ask(lambda: list(self.api.list_jobs(labels=self.labels, namespace=self.namespace)))
        return next((job for job in found if (job.labels or {}).get(KEY) == self.labels[KEY]), None)

    def unfetched(self) -> bool:
        """Whether the run's job still goes on, or has pushed a model: both are paid for, and neither may be lost."""
        found = self.job()
        if found is None or stage_of(found) not in ENDED:
            return found is not None
        with tempfile.TemporaryDirectory() as folder:
            try:
                self.ask(self.api.hf_hub_download, repo_id=self.repo, filename=jobdir.RESULT, local_dir=folder)
            except Vanished:
                return False
            return (jobdir.read_json(Path(folder) / jobdir.RESULT) or {}).get("state") == "succeeded"

    def create(self, script: str) -> Any:
        """Start the job, once. Raises Unsure where the answer was lost and the Hub does not list it (yet)."""
        import httpx
        from huggingface_hub.errors import HfHubHTTPError

        try:
            return self.api.run_uv_job(
                script,
                script_args=[self.repo, self.repo],
                flavor=self.hub["flavor"],
                timeout=int(self.hub["timeout"]),
                secrets={"HF_TOKEN": self.token},
                env=self._environment(),
                labels=self.labels,
                namespace=self.namespace,
                name=f"attune-{self.hub['label']}",
            )
        except HfHubHTTPError as error:
            if error.response is not None and error.response.status_code < 500:
                raise told(error, self.token) from None
        except (httpx.HTTPError, OSError):
            pass
        for attempt in range(1, TRIES + 1):  # it may have been started: look, never start a second one
            with contextlib.suppress(ToolError):  # that it cannot be looked for does not mean that it was not started
                if found := self.job():
                    return found
            time.sleep(self._first * 2**attempt)
        raise Unsure(
            "Whether the Hub started the job is not known: its answer was lost.",
            "Attune looks for it by its label, and starts no second one.",
        )

    def _environment(self) -> dict[str, str]:
        default = "https://huggingface.co"
        return {} if self.hub["endpoint"] == default else {"HF_ENDPOINT": str(self.hub["endpoint"])}

    def _pause(self, error: Exception, attempt: int) -> float | None:
        """Seconds until the next try; None where trying again is of no use."""
        response = getattr(error, "response", None)
        status = getattr(response, "status_code", None)
        if status == 429 and response is not None:
            asked = str(response.headers.get("retry-after", ""))
            return min(float(asked), LONGEST) if asked.replace(".", "").isdigit() else self._first * 2**attempt
        if status is not None and status < 500:
            return None
        return self._first * 2**attempt if status or _network(error) else None


def stage_of(job: Any) -> str:
    """The Hub's own word for where a job stands."""
    return str(getattr(job.status.stage, "value", job.status.stage))


def told(error: Exception, token: str) -> ToolError:
    """The fault as a sentence and a remedy, without the token."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    said = " ".join(str(error).replace(token or "\0", "***").split())[:200]
    if status in (401, 403):
        return HubRefused(
            f"The Hub does not accept the token (HTTP {status}). A job that runs goes on, and costs.",
            "Set HF_TOKEN to one that may write repositories and run jobs; restart Attune.",
        )
    if status == 402:
        return ToolError("The Hub asks for payment: the account has no credit.", "Add credit in its billing settings.")
    if status == 404:
        return Vanished("The Hub knows no such job or repository (HTTP 404).", "Look at the jobs page of your account.")
    if status == 429 or (status is not None and status >= 500):
        return Unreachable(f"The Hub is too busy (HTTP {status}).", "Attune asks again by itself.")
    if _network(error):
        return Unreachable(f"The Hub cannot be reached: {said}.", "Check the network; Attune asks again by itself.")
    if isinstance(error, OSError):
        return ToolError(
            f"This machine cannot do its part: {said}.",
            "Check that its disk is not full and that it can be written to.",
        )
    return ToolError(f"The Hub refused: {said}", "Fix that and start again.")


def note(directory: Path, **values: Any) -> None:
    """Keep what the Hub said where the app finds it."""
    import json

    jobdir.write_atomically(directory / NOTE, json.dumps(values, ensure_ascii=False))


def resting(directory: Path) -> bool:
    """Whether the last courier gave up so lately that another would meet the same."""
    try:
        noted = (directory / NOTE).stat().st_mtime
    except FileNotFoundError:
        return False
    return "trouble" in (jobdir.read_json(directory / NOTE) or {}) and time.time() - noted < REST_SECONDS


def _network(error: BaseException | None) -> bool:
    """Whether the network is to blame: of the error itself, or of what it says that it came from."""
    import httpx
    from huggingface_hub.errors import LocalEntryNotFoundError

    while error is not None:
        if isinstance(error, (httpx.HTTPError, ConnectionError, TimeoutError, LocalEntryNotFoundError)):
            return True  # of LocalEntryNotFoundError: a download that met no server looks for the file here, in vain
        if "Offline" in type(error).__name__:
            return True
        error = error.__cause__
    return False
