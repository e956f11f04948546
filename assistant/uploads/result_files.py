"""What a job left behind, as files that programs fetch: the metrics of its steps, and the rows of a case's dataset."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Sequence
from typing import Any

from assistant.jobs import lifecycle
from assistant.record.types import Job
from assistant.uploads import uploaded_files
from assistant.workbench import Workbench
from tools.trainer import JobState, ToolError

log = logging.getLogger(__name__)
COLUMNS = (
    "step",
    "train_loss",
    "train_accuracy",
    "train_mean_token_accuracy",
    "valid_loss",
    "valid_accuracy",
    "valid_mean_token_accuracy",
    "full_valid_loss",
    "full_valid_mean_token_accuracy",
)


def metrics(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a step, by OpenAI's columns; a column that the trainer does not measure is missing.

    Accuracies are shares: of tokens in supervised tuning, of pairs told apart in preference tuning.
    """
    rows: dict[int, dict[str, Any]] = {}
    for event in events:
        step = int(event.get("step") or 0)
        row = rows.setdefault(step, {"step": step}) if event.get("type") in ("step", "eval") else {}
        if event.get("type") == "step":
            tokens = event.get("token_accuracy")
            row |= {
                "train_loss": event.get("loss"),
                "train_accuracy": event.get("accuracy", tokens),
                "train_mean_token_accuracy": tokens,
            }
        elif event.get("type") == "eval":
            loss, tokens = event.get("eval_loss"), event.get("token_accuracy")
            row |= {
                "valid_loss": loss,
                "full_valid_loss": loss,
                "valid_accuracy": event.get("accuracy", tokens),
                "valid_mean_token_accuracy": tokens,
                "full_valid_mean_token_accuracy": tokens,
            }
    return [{k: v for k, v in rows[step].items() if v is not None} for step in sorted(rows)]


def file_id(job: Job) -> str:
    """The id of the job's result file, kept or not."""
    return f"file-results-{job.id}"


def dataset_file_id(dataset: str) -> str:
    """The id of the training file of a job that was not made from a file: the train split of its case's dataset."""
    return f"file-dataset-{dataset[:24]}"


def keep(bench: Workbench, owner: str) -> None:
    """Keep the files of every job of the owner that has ended and whose files are not kept yet."""
    for job in bench.store.jobs_of_owner(owner):
        keep_of(bench, job)


def keep_of(bench: Workbench, job: Job) -> None:
    """Keep the job's files; harmless when they are kept, and when they were deleted.

    What cannot be kept now, since the job's vendor cannot be asked for one, is kept another time.
    """
    for kept in (_keep_rows, _keep_metrics):
        try:
            kept(bench, job)
        except ToolError as error:
            log.warning("a file of job %s cannot be kept now: %s", job.id, error)


def _keep_rows(bench: Workbench, job: Job) -> None:
    store = bench.store
    owner = store.case(job.case).owner
    if "api" not in job.request and store.file(dataset_file_id(job.dataset)) is None:
        rows = "".join(
            json.dumps({"messages": item.messages}, ensure_ascii=False) + "\n"
            for item in store.items(job.dataset, "train")
        )
        uploaded_files.add(
            store,
            bench.settings,
            owner,
            f"{job.case}.jsonl",
            "fine-tune",
            [rows.encode()],
            id=dataset_file_id(job.dataset),
        )


def _keep_metrics(bench: Workbench, job: Job) -> None:
    store = bench.store
    if job.state != JobState.SUCCEEDED or store.file(file_id(job)) is not None:
        return
    status = lifecycle.follow(bench, job.id)
    if status.state is JobState.SUCCEEDED:  # else its trainer cannot be asked now, and the table would stay empty
        uploaded_files.add(
            store,
            bench.settings,
            store.case(job.case).owner,
            "step_metrics.csv",
            uploaded_files.RESULTS,
            [_table(metrics(status.events)).encode()],
            id=file_id(job),
        )


def _table(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
