"""A fine-tuning job from an uploaded file: its rows frozen as they are, as a dataset of a case of the file's owner."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant import models
from assistant.conversations import split
from assistant.conversations.formats import openai_rows
from assistant.errors import AttuneError
from assistant.jobs import launch, material
from assistant.jobs.launch import Trainers
from assistant.record import spending
from assistant.record.connection import now
from assistant.record.judged_rows import Judgement
from assistant.record.store import Store
from assistant.record.types import Dataset, Item, Job, Message
from assistant.record.uploads import File
from assistant.settings import EMBEDDED, Settings
from assistant.stages import interview
from assistant.uploads import public_names, uploaded_files
from assistant.uploads import tuned_models as tuned
from assistant.uploads.refusals import Refused, missing
from assistant.workbench import Workbench
from tools import chat_rows
from tools.local import base_model, recipe
from tools.local.checks import HUB_ID
from tools.local.local_trainer import LocalTrainer
from tools.options import OPTIONS
from tools.trainer import Preference, TrainRequest

SEED = 42  # where none is given
SHOWN = 8  # questions that the model is asked while it trains, and before it is merged
TARGET_EPOCHS, FEW_ROWS, MANY_ROWS, MOST_EPOCHS = 3, 100, 25_000, 25  # OpenAI's published rule for `auto`


@dataclass(frozen=True)
class JobOrder:
    """What a program asked for. None = auto. `key`: its own name for this request; asking twice starts one job."""

    model: str
    training_file: str
    validation_file: str = ""
    method: str = "supervised"  # or dpo
    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    beta: float | None = None
    suffix: str = ""
    seed: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    trainer: str = ""
    key: str = ""


@dataclass(frozen=True)
class FileRows:
    """The rows of both files, as they are frozen and as they are trained on."""

    train: list[Any]
    valid: list[Any]

    def items(self) -> list[Item]:
        both = [("train", row) for row in self.train] + [("test", row) for row in self.valid]
        return [Item(number, side, _frozen(row)) for number, (side, row) in enumerate(both)]


def auto_epochs(rows: int) -> int:
    """3, more where that makes fewer than 100 examples in all, fewer where it makes more than 25,000."""
    if rows * TARGET_EPOCHS < FEW_ROWS:
        return min(MOST_EPOCHS, FEW_ROWS // rows)
    if rows * TARGET_EPOCHS > MANY_ROWS:
        return max(1, MANY_ROWS // rows)
    return TARGET_EPOCHS


def create(bench: Workbench, owner: str, order: JobOrder) -> Job:
    """The order as a job of the record that waits for its turn, its rows frozen.

    Raises AttuneError (Refused) where the order, its files, its trainer or the cap do not allow it; nothing is kept.
    """
    store, settings = bench.store, bench.settings
    key = job_key(owner, order.key)
    if order.key and (known := store.job_of_key(key)):
        return same_order(known, order)
    name = order.trainer or _first(bench.trainers)
    if name not in bench.trainers:
        raise Refused(f"There is no trainer '{name[:40]}'.", f"Choose one of {', '.join(bench.trainers)}.", "trainer")
    file = _file(store, owner, order.training_file, "training_file")
    other = _file(store, owner, order.validation_file, "validation_file") if order.validation_file else None
    base, path = resolve_base(bench, owner, order.model, isinstance(bench.trainers[name], LocalTrainer))
    rows = FileRows(
        read_rows(settings, file, order.method, "training_file"),
        read_rows(settings, other, order.method, "validation_file") if other else [],
    )
    made = train_request(order, path, rows, key)
    if order.learning_rate_multiplier:
        made = replace(made, learning_rate=scaled_rate(made, order.learning_rate_multiplier, bench.trainers[name]))
    takes = launch.estimate(bench.trainers, name, made)
    spending.allow(store, settings, takes.money_usd.high)  # before a case and a dataset are made
    kept = {"system": "", "api": _noted(order, base, made), "waits_since": now()}
    with store.atomic():
        case = case_of(store, owner, file)
        dataset = freeze(store, case, rows)
        job, new = launch.record(store, settings, takes, case, dataset, name, made, kept)
        return job if new else same_order(job, order)


def request(store: Store, settings: Settings, job: Job) -> TrainRequest:
    """What a recorded job's trainer is asked for: the request that was noted, and the rows that were frozen."""
    noted = {name: job.request[name] for name in TrainRequest.__dataclass_fields__ if name in job.request}
    sides: list[list[Any]] = [[item.messages for item in store.items(job.dataset, side)] for side in ("train", "test")]
    if noted["method"] == "dpo":
        sides = [
            [openai_rows.PreferenceRow(row[:-1], row[-1]["content"], row[-1]["rejected"]) for row in side]
            for side in sides
        ]
    noted["base"] = settings.model_path(str(job.request["base_name"]))
    return TrainRequest(**noted, **_content(str(noted["method"]), FileRows(*sides)))


def train_request(order: JobOrder, base: str, rows: FileRows, key: str) -> TrainRequest:
    method = "dpo" if order.method == "dpo" else "sft"
    usual = {"epochs": float(auto_epochs(len(rows.train))), "seed": SEED}
    asked = {o.name: getattr(order, o.openai) for o in OPTIONS.values() if o.openai}
    chosen = usual | {name: OPTIONS[name].check(value) for name, value in asked.items() if value is not None}
    name = public_names.slug(order.suffix)
    return TrainRequest(base, suffix=name, key=key, method=method, **chosen, **_content(method, rows))


def _content(method: str, rows: FileRows) -> dict[str, Any]:
    """The rows as a request's content."""
    if method == "dpo":
        judged = [
            [Preference(pair.prompt, pair.chosen, pair.rejected) for pair in side] for side in (rows.train, rows.valid)
        ]
        return {"train": [], "preferences": judged[0], "test_preferences": judged[1]}
    asked = [question for row in rows.valid or rows.train if (question := _question(row))][:SHOWN]
    return {"train": rows.train, "test": rows.valid, "samples": asked[: material.SAMPLES], "probes": asked}


def _noted(order: JobOrder, base: str, request: TrainRequest) -> dict[str, Any]:
    """What is told of the order when the job is asked for, and what the same order is known by."""
    return {
        "base": base,
        "training_file": order.training_file,
        "validation_file": order.validation_file,
        "method": order.method,
        "n_epochs": int(request.epochs),
        "batch_size": order.batch_size,
        "learning_rate_multiplier": order.learning_rate_multiplier,
        "beta": order.beta,
        "suffix": request.suffix,
        "metadata": order.metadata,
        "order": fingerprint(order),
    }


def fingerprint(order: JobOrder) -> str:
    return hashlib.sha256(repr(replace(order, key="")).encode()).hexdigest()[:16]


def job_key(owner: str, key: str) -> str:
    """What the job is known by, here and at a vendor; one of its own where the program gives none."""
    return f"v1-{hashlib.sha256(f'{owner} {key}'.encode()).hexdigest()[:32]}" if key else f"v1-{secrets.token_hex(16)}"


def same_order(known: Job, order: JobOrder) -> Job:
    if known.request.get("api", {}).get("order") != fingerprint(order):
        raise Refused(
            f"This Idempotency-Key began {public_names.job_id(known)} with another request.",
            "Use a new key for a new job.",
            "Idempotency-Key",
            "idempotency_error",
            409,
        )
    return known


def _first(trainers: Trainers) -> str:
    """The first trainer of this machine that is ready; the first of all where none is, so that it says why not."""
    local = (name for name, trainer in trainers.items() if isinstance(trainer, LocalTrainer))
    return next((name for name in local if trainers[name].unavailable() is None), next(iter(trainers)))


def _file(store: Store, owner: str, id: str, param: str) -> File:
    file = uploaded_files.get(store, owner, id)
    if file is None:
        raise missing("file", id, param, "file_not_found")
    if file.purpose != "fine-tune":
        raise Refused(f"{id} was uploaded for '{file.purpose}'.", "Upload it with the purpose 'fine-tune'.", param)
    return file


def read_rows(settings: Settings, file: File, method: str, param: str) -> list[Any]:
    read = openai_rows.pairs if method == "dpo" else openai_rows.conversations
    least = 1 if param == "validation_file" else openai_rows.LEAST
    try:
        return list(read(uploaded_files.read(settings, file), file.filename, least))
    except AttuneError as error:
        raise Refused(error.sentence, error.remedy, param, f"invalid_{param}") from error


def resolve_base(bench: Workbench, owner: str, model: str, local: bool) -> tuple[str, str]:
    """What the base is called, and what the trainer is given: a folder, a hub id or a vendor's name."""
    store, settings = bench.store, bench.settings
    if model in (EMBEDDED, settings.chat_model) and (model == EMBEDDED or not settings.chat_base_url):
        return public_names.base_name(model), models.folder(settings, model)
    if found := public_names.model(store, owner, model):
        job, step = found
        made = tuned.at_step(bench, job, step) if step else public_names.folder(settings, job)
        return public_names.root(store, job), str(made)
    if not local or (HUB_ID.fullmatch(model) and not Path(model).exists()):
        return model, model
    raise Refused(
        f"There is no model '{model[:80]}' to fine-tune.",
        f"Use '{EMBEDDED}', a model of yours (ft:...), or a Hugging Face id such as ORG/MODEL.",
        "model",
        "model_not_found",
        404,
    )


def scaled_rate(request: TrainRequest, multiplier: float, trainer: object) -> float:
    if not isinstance(trainer, LocalTrainer):
        raise Refused(
            "This trainer chooses its learning rate itself.",
            "Leave out learning_rate_multiplier.",
            "hyperparameters.learning_rate_multiplier",
        )
    folder = Path(request.base)
    size = base_model.parameters(folder) if folder.is_dir() else int(recipe.MIDDLE)
    return recipe.choose(request, size).learning_rate * multiplier


def case_of(store: Store, owner: str, file: File) -> str:
    """The case of the file: made for its first job, found again for the next one."""
    known = store.file(file.id)
    if known and known.case:
        return known.case
    case = interview.new(store, Path(file.filename).stem or file.id, owner=owner)
    store.set_file(file.id, case=case.id)
    return case.id


def freeze(store: Store, case: str, rows: FileRows) -> str:
    """The same rows are one dataset of the case, however often they are trained on."""
    items = rows.items()
    id = split.content_hash(items, 0, case)
    judged = [
        Judgement(number, row.prompt, row.chosen, row.rejected)
        for number, row in enumerate(rows.train)
        if isinstance(row, openai_rows.PreferenceRow)
    ]
    return store.add_dataset(Dataset(id, case, 0, len(rows.train), len(rows.valid)), items, judged).id


def _frozen(row: Any) -> list[Message]:
    if isinstance(row, openai_rows.PreferenceRow):
        return [*row.prompt, {"role": "assistant", "content": row.chosen, "rejected": row.rejected}]
    return list(row)


def _question(row: list[Message]) -> list[Message]:
    """The row up to its first question; empty where nobody asks."""
    return next(
        (chat_rows.asked(row[: number + 1]) for number, message in enumerate(row) if message["role"] == "user"), []
    )
