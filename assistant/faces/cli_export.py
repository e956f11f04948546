"""Taking things elsewhere: a frozen dataset as JSON lines, a trained model as a folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli_common import AsJson, CaseId, open_bench, pick, show

if TYPE_CHECKING:
    from assistant.record.store import Store
    from assistant.record.types import Case, Job
    from assistant.workbench import Workbench


def export(
    case: CaseId = "",
    dataset: Annotated[str, typer.Option(metavar="FOLDER", help="Write train.jsonl and test.jsonl here.")] = "",
    model: Annotated[str, typer.Option(metavar="FOLDER", help="Copy the trained model here.")] = "",
    job: Annotated[int, typer.Option(help="The job whose model it is.", show_default="the latest")] = 0,
    as_json: AsJson = False,
) -> None:
    """Take the dataset or the trained model elsewhere."""
    if not dataset and not model:
        raise AttuneError("Nothing was asked for.", "Say --dataset FOLDER, --model FOLDER, or both.")
    with open_bench() as bench:
        chosen = pick(bench.store, case)
        done: dict[str, Any] = {"case": chosen.id}
        if dataset:
            done["dataset"] = _export_dataset(bench, chosen, Path(dataset))
        if model:
            done["model"] = _export_model(bench, chosen, job, Path(model))
        show(done, "\n".join(f"Wrote the {kind} to {done[kind]['folder']}" for kind in done if kind != "case"), as_json)


def _export_dataset(bench: Workbench, case: Case, folder: Path) -> dict[str, Any]:
    from assistant.conversations import formats

    known = bench.store.datasets(case.id)
    if not known:
        raise AttuneError(f"'{case.id}' has no dataset yet.", "Freeze one with `attune dataset`.")
    _make_folder(folder)
    written = {
        split: formats.write(folder / f"{split}.jsonl", (i.messages for i in bench.store.items(known[-1].id, split)))
        for split in ("train", "test")
    }
    return {"folder": str(folder), "sha256": known[-1].id, **written}


def _export_model(bench: Workbench, case: Case, number: int, folder: Path) -> dict[str, Any]:
    """Copy a merged model, whole or not at all."""
    job = _finished_job(bench.store, case, number)
    source = Path(bench.settings.model_path(job.model))
    if not source.is_dir():
        sentence = f"The model of job {job.id} is not a folder on this machine ({job.model})."
        raise AttuneError(sentence, "Only local models can be copied.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AttuneError(f"{folder} is not empty.", "Name a new folder.")
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(source, part)
        if folder.is_dir():
            folder.rmdir()
        part.rename(folder)
    except OSError as error:
        sentence = f"The model cannot be copied to {folder}: {error.strerror or error}."
        raise AttuneError(sentence, "Check the path and the free disk space.") from error
    return {"folder": str(folder), "job": job.id, "files": sorted(p.name for p in folder.iterdir())}


def _finished_job(store: Store, case: Case, number: int) -> Job:
    done = [j for j in store.jobs(case.id) if j.state == "succeeded" and number in (0, j.id)]
    if not done:
        which = f"Job {number} of '{case.id}' has made no model" if number else f"'{case.id}' has no trained model yet"
        raise AttuneError(f"{which}.", "See `attune jobs`.")
    return done[-1]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AttuneError(f"{folder} cannot be made: {error.strerror}.", "Name another folder.") from error
