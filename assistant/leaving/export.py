"""Taking things elsewhere: a frozen dataset as JSON lines, a trained model or its adapter as a folder to serve."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant import variants
from assistant.conversations.formats import json_lines
from assistant.errors import AttuneError
from assistant.evidence.certificate import lockfile
from assistant.knowledge.prompt import composition
from assistant.record.store import Store
from assistant.record.types import Job, Variant
from assistant.settings import Settings
from tools.engine import local_models, ollama
from tools.engine.gguf import gguf_file
from tools.local import base_model
from tools.trainer import ToolError

FORMS = ("ollama", "model", "adapter", "dataset")
FOLDER = "exports"  # in the data folder
README = "README.md"


def written(store: Store, settings: Settings, case: str, form: str) -> dict[str, Any]:
    """Export into the data folder and say where: {"form", "folder", "told", ...}.

    Done at once instead of proposed: it costs nothing, changes nothing, and asking again gives the same folder. Files
    are linked there, so that it takes no second copy of the weights.
    """
    if form not in FORMS:
        raise AttuneError(f"'{form[:40]}' cannot be exported.", f"Choose one of {', '.join(FORMS)}.")
    place = settings.data / FOLDER / case
    if form == "dataset":
        done = dataset(store, case, place / f"dataset-{_newest_dataset(store, case)[:12]}")
    else:
        job = finished(store, case)
        make = {"ollama": for_ollama, "model": model, "adapter": adapter}[form]
        done = make(store, settings, case, place / f"job-{job.id}-{form}", job.id, ours=True)
    return {"form": form, **done, "told": _told(form, done)}


def for_ollama(
    store: Store, settings: Settings, case: str, folder: Path, number: int = 0, ours: bool = False
) -> dict[str, Any]:
    """The merged model with a Modelfile and a README.md of commands. Raises for a chat template that is not known.

    `ours`: in the data folder files are linked, and an earlier export is replaced.
    """
    job, source = of_job(store, settings, case, number)
    check(job, source)
    variant = variants.tuned(store, settings, job)["tuned"]
    local_models.served(str(source), settings.models)  # an earlier run's model has no GGUF yet
    text = ollama.modelfile(source, variant.system, variant.temperature)  # before anything is copied
    name = f"{case}-{job.id}"
    extra = {ollama.MODELFILE: text, README: _readme(case, job, variant, name)} | _lock(store, job)
    return {**_copied(job, source, folder, ours, extra), "job": job.id, "name": name}


def model(
    store: Store, settings: Settings, case: str, folder: Path, number: int = 0, ours: bool = False
) -> dict[str, Any]:
    """The merged model as it is, whole or not at all."""
    job, source = of_job(store, settings, case, number)
    return {**_copied(job, source, folder, ours, _lock(store, job)), "job": job.id}


def adapter(
    store: Store, settings: Settings, case: str, folder: Path, number: int = 0, ours: bool = False
) -> dict[str, Any]:
    """The LoRA adapter of a run, with a README.md that names its base model."""
    job = finished(store, case, number)
    source = Path(settings.model_path(job.adapter)) if job.adapter else Path()
    if not job.adapter or not source.is_dir():
        raise AttuneError(f"Job {job.id} left no adapter on this machine.", "Export the whole model instead.")
    base = str(job.request.get("base_name") or job.request.get("base") or "")
    text = _ADAPTER.format(case=case, job=job.id, base=base)
    return {**_copied(job, source, folder, ours, {README: text} | _lock(store, job)), "job": job.id, "base": base}


def dataset(store: Store, case: str, folder: Path) -> dict[str, Any]:
    """The newest dataset as train.jsonl and test.jsonl."""
    id = _newest_dataset(store, case)
    splits = ("train", "test")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as place:  # both files, or neither
            part = {split: Path(place) / f"{split}.jsonl" for split in splits}
            counts = {
                split: json_lines.write(part[split], (i.messages for i in store.items(id, split))) for split in splits
            }
            for split in splits:
                part[split].replace(folder / f"{split}.jsonl")
    except OSError as error:
        sentence = f"The dataset cannot be written to {folder}: {error.strerror or error}."
        raise AttuneError(sentence, "Check the path and the free disk space.") from error
    return {"folder": str(folder), "sha256": id, **counts}


def finished(store: Store, case: str, number: int = 0) -> Job:
    """The job of that number, or the newest, that made a model."""
    done = [job for job in store.made(case) if number in (0, job.id)]
    if not done:
        which = f"Job {number} of '{case}' has made no model" if number else f"'{case}' has no trained model yet"
        raise AttuneError(f"{which}.", "See `attune jobs`.")
    return done[-1]


def of_job(store: Store, settings: Settings, case: str, number: int) -> tuple[Job, Path]:
    """The job of that number, or the newest with a model, and its merged model's folder on this machine."""
    job = finished(store, case, number)
    source = Path(settings.model_path(job.model))
    if not source.is_dir():
        sentence = f"The model of job {job.id} is not a folder on this machine ({job.model})."
        raise AttuneError(sentence, "Only local models can be copied.")
    return job, source


def _newest_dataset(store: Store, case: str) -> str:
    known = store.datasets(case)
    if not known:
        raise AttuneError(f"'{case}' has no dataset yet.", "Freeze one with `attune dataset`.")
    return known[-1].id


def _lock(store: Store, job: Job) -> dict[str, str]:
    """The lockfile, which goes with every export of a model."""
    return {lockfile.NAME: lockfile.text(store, job)}


def check(job: Job, folder: Path) -> None:
    """Raise AttuneError unless every file of weights in the folder is there and whole."""
    try:
        base_model.check_whole(folder)
        for file in folder.glob(f"*{gguf_file.SUFFIX}"):
            gguf_file.opened(file)
    except ToolError as error:
        raise AttuneError(
            f"What job {job.id} made is not whole: {error.sentence}", "Nothing was exported. Train again."
        ) from error


def _copied(job: Job, source: Path, folder: Path, ours: bool, extra: dict[str, str]) -> dict[str, Any]:
    """What a job made, copied (or linked) to a folder with files added, whole or not at all."""
    if not ours and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AttuneError(f"{folder} is not empty.", "Name a new folder.")
    check(job, source)
    part = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}.part")
    try:
        _put(source, part, os.link if ours else shutil.copyfile)  # without modes: they are those of whoever asked
        for name, text in extra.items():
            (part / name).unlink(missing_ok=True)  # a link leads to the original
            (part / name).write_text(text, encoding="utf-8")
        check(job, part)
        if folder.is_dir():
            shutil.rmtree(folder) if ours else folder.rmdir()
        part.rename(folder)
    except OSError as error:
        sentence = f"The model cannot be copied to {folder}: {error.strerror or error}."
        raise AttuneError(sentence, "Check the path and the free disk space.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return {"folder": str(folder), "files": sorted(path.name for path in folder.iterdir())}


def _put(source: Path, folder: Path, put: Callable[[Path, Path], object]) -> None:
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.is_dir():
            _put(path, folder / path.name, put)
            continue
        put(path, folder / path.name)
        if (folder / path.name).stat().st_size != path.stat().st_size:
            raise OSError(f"{path.name} was not copied to its end")


def _told(form: str, done: dict[str, Any]) -> str:
    folder = done["folder"]
    if form == "dataset":
        return f"Your data are in {folder}: {done['train']} conversations in train.jsonl, {done['test']} in test.jsonl."
    if form == "model":
        return f"The model of job {done['job']} is in {folder}, as transformers and vLLM read it."
    if form == "adapter":
        return f"The adapter of job {done['job']} is in {folder}. It works with its base model, {done['base']}."
    return (
        f"The model of job {done['job']} is in {folder}, with a Modelfile for Ollama. There run `ollama create "
        f"{done['name']} -f Modelfile`, then `ollama run {done['name']}`. The README.md beside it has the commands "
        "for vLLM and transformers serve; LM Studio and llama.cpp need model.gguf alone. Ollama itself is not part "
        "of Attune and was not tried here."
    )


def reading(job: Job) -> str:
    """How to give passages to a model that learned to read them; empty for one that did not."""
    if not job.request.get("passages", {}).get("rows"):
        return ""
    return (
        f"\n\nIt learned to read passages of documents. They follow that prompt in the same message, with empty "
        f"lines between: the line `{composition.announcement()}`, then each as `[1] heading: text`."
    )


def _readme(case: str, job: Job, variant: Variant, name: str) -> str:
    quoted = "\n".join(f"> {line}" for line in variant.system.splitlines()) + reading(job)
    return _README.format(
        case=case,
        job=job.id,
        trainer=job.trainer,
        dataset=job.dataset[:12],
        name=name,
        system=quoted,
        temperature=f"{variant.temperature:g}",
    )


_README = """# {case}, model of job {job}

Trained with {trainer} on dataset {dataset}; the adapter is merged, so this folder is an ordinary model.

It was trained and measured with this system prompt, at temperature {temperature}; other prompts give other answers:

{system}

Run each command in this folder.

## Ollama

```
ollama create {name} -f Modelfile
ollama run {name}
```

The Modelfile holds the chat template, the system prompt, stop words and temperature. The template was compared with
the model's own to the letter. `model.gguf` is the file that answered in Attune; LM Studio and llama.cpp need it alone.
Ollama itself was not at hand when this was written.

## vLLM

```
vllm serve . --served-model-name {name} --port 8000
```

## transformers

```
transformers serve --port 8000 --continuous-batching
```

Then name this folder's full path as the model. Both take the chat template from the folder and speak the OpenAI API at
http://localhost:8000/v1; send the system prompt above as the first message. Neither asks for a password: keep them on
this machine.
"""
_ADAPTER = """# {case}, adapter of job {job}

A LoRA adapter in PEFT's format. It works with the model that it was trained on: {base}

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM

model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained("BASE"), ".")
```

```
vllm serve BASE --enable-lora --lora-modules tuned=.
```

BASE is the folder or the hub name of that model. `attune export --ollama FOLDER` gives the merged model instead.
"""
