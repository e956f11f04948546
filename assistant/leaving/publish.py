"""Leaving with a tuned model: as GGUF, or on the Hub with a model card that is filled from the record."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Any

from assistant import variants
from assistant.errors import AttuneError
from assistant.evidence.certificate import lockfile
from assistant.leaving import export
from assistant.leaving.report import card, contents
from assistant.record.store import Store
from assistant.record.types import Job
from assistant.settings import Settings
from tools.engine import local_models
from tools.engine.gguf import gguf_file
from tools.huggingface import push as hf_push


def as_gguf(
    store: Store, settings: Settings, case: str, file: Path, number: int = 0, ours: bool = False
) -> dict[str, Any]:
    """The very file that is served: Ollama, LM Studio and llama.cpp need nothing else. `ours`: an earlier one goes."""
    job, source = export.of_job(store, settings, case, number)
    made = file.expanduser().resolve()
    if made.exists() and not ours:
        raise AttuneError(f"{file} exists.", "Name a new file.")
    export.check(job, source)
    part = made.with_name(f".{made.name}-{secrets.token_hex(4)}.part")
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(local_models.served(str(source), settings.models), part)
        gguf_file.opened(part)
        os.replace(part, made)
    except OSError as error:
        sentence = f"The model cannot be copied to {file}: {error.strerror or error}."
        raise AttuneError(sentence, "Check the path and the free disk space.") from error
    finally:
        part.unlink(missing_ok=True)
    return {"file": str(file), "job": job.id}


def push(
    store: Store, settings: Settings, case: str, name: str, number: int = 0, public: bool = False
) -> dict[str, Any]:
    """The merged model on the Hub, with a card; private unless `public`."""
    job, source = export.of_job(store, settings, case, number)
    export.check(job, source)
    with tempfile.TemporaryDirectory(dir=settings.data) as place:
        folder = Path(place)
        for path in source.iterdir():
            if path.is_file() and path.name != export.README:
                (folder / path.name).symlink_to(path.resolve())
        (folder / export.README).write_text(model_card(store, settings, job), encoding="utf-8")
        (folder / lockfile.NAME).write_text(lockfile.text(store, job), encoding="utf-8")
        url = hf_push.push(folder, name, settings.hf_token.get_secret_value(), settings.hf_endpoint, public)
    return {"url": url, "job": job.id, "private": not public}


def model_card(store: Store, settings: Settings, job: Job) -> str:
    """The model card: what it is, from which data by which hash, how it scored, and what it is not good for."""
    dataset = store.dataset(job.dataset)
    measured = [e for e in store.evaluations(job.case) if e.job == job.id and e.finished]
    said = variants.tuned(store, settings, job)["tuned"].system
    system = "\n".join(f"> {line}" for line in said.splitlines()) + export.reading(job)
    base = str(job.request.get("base_name") or job.request.get("base") or "unknown")
    loss = job.metrics.get("eval_loss")
    return _CARD.format(
        title=store.case(job.case).title,
        base=base,
        trainer=job.trainer,
        job=job.id,
        sha=dataset.id,
        train=dataset.train,
        test=dataset.test,
        seed=dataset.seed,
        loss="not measured" if loss is None else f"{loss:.4f}",
        system=system,
        scores=card.scores(contents.read(store, job.case, measured[-1].id))
        if measured
        else "It has not been measured against the untrained variants.",
    )


_CARD = """---
library_name: transformers
pipeline_tag: text-generation
tags:
- attune
- fine-tuned
---

# {title}

A chat model tuned by Attune with {trainer} (job {job}); the adapter is merged.

- Base: {base}
- Data: {train} conversations for training and {test} held out, split by conversation with seed {seed}; SHA-256 {sha}
- Eval loss, on a part of the training conversations that was set aside: {loss}

It was trained and measured with this system prompt; other prompts give other answers:

{system}

## Scores

On the held-out conversations, against the approved answers, with 95 % intervals. Form: the format is kept; facts: what
is said.

{scores}

## Limits

It was tuned for one use case and measured on it alone. Tuning teaches form and habits well and facts badly: what it
says may be wrong. The scores are likeness to approved answers, not truth. The training conversations may hold what
their users wrote: think before you make this repository public. The licence is that of the base model.
"""
