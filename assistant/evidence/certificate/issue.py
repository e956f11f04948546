"""The certificate of a tuned variant, issued when it was measured: every proof that can be had on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.chat import Chat
from assistant.evidence.certificate import identity, probes, prompt_ids, proof
from assistant.evidence.certificate.prompt_ids import HeldOutPrompt
from assistant.evidence.certificate.proof import Proof
from assistant.record.types import Job, Score, Variant
from assistant.settings import Settings
from assistant.workbench import Workbench
from tools import jobdir
from tools.engine import local_models
from tools.local import base_model, second_look
from tools.local.second_look import TunedModel
from tools.trainer import ToolError

ELSEWHERE = "the model is served by the one who trained it"


def issue(
    bench: Workbench, job: Job, variant: Variant, prompts: Sequence[HeldOutPrompt], measured: Sequence[Score]
) -> dict[str, Any]:
    """{"ok", "checked", "checks", "identity"}. Takes some seconds for a small model; its server is started.

    `measured`: the variant's answers, asked a moment ago. A part that cannot be looked at is a proof that failed.
    """
    if not here(bench.settings, job):
        return proof.unchecked(ELSEWHERE)
    try:
        with bench.chat.models.measuring(job.case):
            return _issue(bench, job, variant, prompts, measured)
    except ToolError as error:
        return proof.certificate([Proof("certificate", False, str(error))], {})


def here(settings: Settings, job: Job) -> bool:
    """Whether the job's model is a folder on this machine."""
    return Path(settings.model_path(job.model)).is_dir()


def tuned_model(settings: Settings, job: Job) -> TunedModel:
    """Where the parts of a job's model are. The served file is made where it is missing. Raises ToolError."""
    model, base = Path(settings.model_path(job.model)), Path(settings.model_path(str(job.request["base_name"])))
    adapter = Path(settings.model_path(job.adapter)) if job.adapter else None
    adapter = adapter if adapter is not None and (adapter / "adapter_config.json").is_file() else None
    own = adapter is not None and (adapter / "tokenizer_config.json").is_file()
    served = local_models.served(str(model), settings.models)
    tokenizer = adapter if own and adapter is not None else model
    return TunedModel(model, served, tokenizer, base if base.is_dir() else None, adapter)


def _issue(
    bench: Workbench, job: Job, variant: Variant, prompts: Sequence[HeldOutPrompt], measured: Sequence[Score]
) -> dict[str, Any]:
    chat, settings = bench.chat, bench.settings
    at = tuned_model(settings, job)
    folder = at.model
    look = second_look.look(at, [prompt.trained for prompt in prompts], settings.train_python or None)
    found = identity.of(settings, job, variant, at)
    longest = min(int(job.request.get("max_length") or 0) or base_model.window(folder), _room(chat, variant))
    ids = prompt_ids.compare(chat, variant, prompts, look.ids, look.texts, longest, measured)
    base = Path(settings.model_path(str(job.request["base_name"])))
    seen = [
        probes.template(base, folder, at.served),
        *identity.proofs(job, found, look),
        ids,
        *probes.answers(chat, variant, probes.read_probes(folder.parent / jobdir.PROBES)),
    ]
    return proof.certificate(seen, found)


def _room(chat: Chat, variant: Variant) -> int:
    """Tokens of a prompt that the chat sends whole: the window without the answer."""
    window = chat.counter(variant).window
    return window - min(variant.max_tokens, window // 2)
