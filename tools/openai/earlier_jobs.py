"""An earlier fine-tuning at an OpenAI-compatible vendor, brought home: its files and their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.openai import training_files
from tools.openai.account import Account, listed
from tools.openai.job_start import MOST_LISTED
from tools.trainer import ToolError

if TYPE_CHECKING:
    import openai
    from openai.types.fine_tuning import FineTuningJob


@dataclass(frozen=True)
class Earlier:
    """The rows of a job as JSON lines. `model` and `base` are empty for a bare file; `test` where it had none."""

    source: str
    train: bytes
    test: bytes = b""
    model: str = ""
    base: str = ""


def fetch(account: Account, source: str) -> Earlier:
    """What was trained on: `source` is a job (ftjob-...), a tuned model (ft:...) or a file (file-...).

    Raises ToolError when the vendor has it no more: files outlive neither their expiry nor the account.
    """
    if not account.key:
        raise ToolError("No key is set.", f"Set {account.settings}.")
    with account.client(300.0) as client:
        if source.startswith("file-"):
            return Earlier(source, training_files.download(account, client, source))
        job = _job(account, client, source)
        test = training_files.download(account, client, job.validation_file) if job.validation_file else b""
        train = training_files.download(account, client, job.training_file)
        return Earlier(source, train, test, job.fine_tuned_model or "", job.model)


def _job(account: Account, client: openai.OpenAI, source: str) -> FineTuningJob:
    if source.startswith("ftjob-"):
        return account.patiently(lambda: client.fine_tuning.jobs.retrieve(source))

    def look() -> FineTuningJob | None:
        jobs = listed(client.fine_tuning.jobs.list(limit=100), MOST_LISTED)
        return next((job for job in jobs if job.fine_tuned_model == source), None)

    if found := account.patiently(look):
        return found
    raise ToolError(
        f"{account.vendor} lists no job that made '{source}'.",
        "Name the job (ftjob-...) or its training file (file-...), or import the file with `attune import`.",
    )
