"""`attune.lock.json`: everything that one tuned model came from and how it was measured, to be repeated from.

It is derived from the record whenever it is asked for, so it cannot disagree with it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assistant.record.store import Store
from assistant.record.types import Evaluation, Job, Score
from tools.options import OPTIONS
from tools.trainer import TrainRequest

NAME, FORMAT = "attune.lock.json", 1
CONTENT = ("train", "test", "samples", "probes", "preferences", "test_preferences")  # the dataset holds it
DECIDED = ("epochs", "learning_rate", "batch_size", "lora_rank", "lora_alpha", "beta", "method", "tuning")
COMPUTED = ("engine", "threads", "processes", "rows_at_once", "steps")
Lock = dict[str, Any]


def of(store: Store, job: Job) -> Lock:
    """The lock of a job that succeeded. What its trainer did not note, or nobody measured yet, is empty."""
    data, metrics = store.dataset(job.dataset), job.metrics
    split: dict[str, list[int]] = {"train": [], "test": []}
    for item in store.items(job.dataset):
        split[item.split].append(item.conversation)
    measured = [e for e in store.evaluations(job.case) if e.job == job.id and e.finished]
    return {
        "format": FORMAT,
        "attune": importlib.metadata.version("attune"),
        "case": job.case,
        "job": job.id,
        "trainer": job.trainer,
        "seed": job.request.get("seed"),
        "dataset": {"sha256": data.id, "split_seed": data.seed, "conversations": split},
        "rows_sha256": job.request.get("rows_sha256", ""),
        "system": job.request.get("system", ""),
        "options": {name: job.request[name] for name in OPTIONS if name in job.request},
        "decided": {name: metrics[name] for name in DECIDED if name in metrics},
        "computed": {name: metrics[name] for name in COMPUTED if name in metrics},
        "base": {"name": job.request.get("base_name", ""), "files": metrics.get("made", {}).get("base", {})},
        "model": metrics.get("made", {}).get("model", {}),
        "adapter": metrics.get("made", {}).get("adapter", {}),
        "conditions": metrics.get("conditions", {}),
        "evaluation": _evaluation(measured[-1]) if measured else {},
    }


def text(store: Store, job: Job) -> str:
    """The lock as a file's text."""
    return json.dumps(of(store, job), ensure_ascii=False, indent=2) + "\n"


def measured(evaluation: Evaluation, answers: Sequence[Score]) -> dict[str, str]:
    """How the candidate was measured, noted with the certificate: scorer, its library's version, its raw answers."""
    return {
        "scorer": evaluation.scorer,
        "sacrebleu": importlib.metadata.version("sacrebleu"),
        "answers_sha256": answers_sha256((one.item, one.turn, one.answer) for one in answers),
    }


def answers_sha256(answers: Iterable[tuple[int, int, str]]) -> str:
    """sha256 of answers as (conversation, turn, text), in the order of the first two."""
    return _sha256(sorted(answers))


def rows_sha256(request: TrainRequest) -> str:
    """sha256 of all that a run learns from and is asked while it trains."""
    return content_sha256(asdict(request))


def content_sha256(values: Mapping[str, Any]) -> str:
    """The same of a request as it stands in a job's folder."""
    return _sha256({name: values.get(name) or [] for name in CONTENT})


def _evaluation(found: Evaluation) -> dict[str, Any]:
    kept = {
        "id": found.id,
        "variant": found.verdict.get("candidate", ""),
        "decision": found.verdict.get("decision", ""),
    }
    return kept | {"scorer": found.scorer} | dict(found.parity.get("measured", {}))


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
