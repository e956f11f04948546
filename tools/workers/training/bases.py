"""The base model of a run: brought here where it is not, and refused before anything else when it cannot be tuned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools import jobdir
from tools.engine import hub
from tools.engine.gguf import convert
from tools.local import base_model
from tools.trainer import ToolError
from tools.workers.job import JobFolder

NOTED = "base.json"  # size and time of the base's weights
HELLO = [{"role": "user", "content": "Hello"}]


def ready(base: str, job: JobFolder) -> Path:
    """The base's folder, downloaded where it is a name of the hub; progress is told as events.

    Its template's hash is noted in the job directory: what is served can be compared with it where the folder is not.
    Raises ToolError for one that cannot be loaded or tuned, before its weights are fetched.
    """
    folder = Path(base)
    if folder.is_dir() or folder.is_absolute():
        base_model.check_tunable(folder)
        convert.check_packable(folder)
    else:
        folder = hub.fetched(base, lambda done, total: job.event("download", done=done, total=total))
        base_model.check_tunable(folder)
    _check_loadable(folder)
    jobdir.write_atomically(job.directory / jobdir.TEMPLATE, base_model.template_hash(folder))
    return folder


def unchanged(folder: Path, job_directory: Path, first: bool = True) -> None:
    """An adapter fits only the weights it was trained on: refuse a base that changed since the run began."""
    files = base_model.weights(folder)
    now = {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in files}
    noted = jobdir.read_json(job_directory / NOTED)
    if noted is None and first:
        jobdir.write_atomically(job_directory / NOTED, json.dumps(now))
    elif noted is not None and noted != now:
        raise ToolError("The base model's files changed while it was trained on.", "Start a new run.")


def _check_loadable(folder: Path) -> None:
    """Whether the installed transformers knows this architecture and its template can hold a conversation."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    config = AutoConfig.from_pretrained(folder)
    if type(config) not in AutoModelForCausalLM._model_mapping:
        raise ToolError(f"{folder.name} is not a chat model: {config.model_type} cannot write text.", "Choose another.")
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    try:
        tokenizer.apply_chat_template(HELLO, tokenize=False, add_generation_prompt=True)
    except Exception as error:  # a template is a program of the model's author: it may raise anything
        raise ToolError(f"The chat template of {folder.name} is broken: {error}.", "Choose another model.") from error
