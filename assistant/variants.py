"""What a variant is made of: the untrained ones of a case, and those of a model that was trained."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

from assistant import endpoints
from assistant.knowledge.prompt import composition
from assistant.record.store import Store
from assistant.record.types import QUOTE, Job, Variant
from assistant.settings import EMBEDDED, Settings

SHOTS, PASSAGES = 3, 3
UNTRAINED = {  # name -> shots, passages
    "prompt": (0, 0),
    "few-shot": (SHOTS, 0),
    "rag": (0, PASSAGES),
    "rag+few-shot": (SHOTS, PASSAGES),
    QUOTE: (0, 1),
}
UNMEASURED = "the baseline: it uses everything there is and is not measured yet"
QUOTES = "the baseline: it quotes the documents, because the embedded model reads them badly"
TUNED, READER = "tuned", "tuned+rag"  # the variants of a tuned model: alone, and with passages


def untrained(store: Store, settings: Settings, case: str, dataset: str = "") -> dict[str, Variant]:
    """The untrained variants by name, recorded; their examples come from the train split of `dataset`."""
    system = composition.instruction(store.case(case))
    return {name: _untrained(store, settings, case, name, system, dataset) for name in UNTRAINED}


def _untrained(store: Store, settings: Settings, case: str, name: str, system: str, dataset: str = "") -> Variant:
    shots, passages = UNTRAINED[name]
    if name == QUOTE:
        made = Variant(case, QUOTE, QUOTE, "", "", passages=passages)
    else:
        longest, kept = settings.longest_answer, dataset if shots else ""
        made = Variant(case, name, *chat_endpoint(settings), system, shots, passages, kept, max_tokens=longest)
    return store.add_variant(identified(made))


def usual(store: Store, settings: Settings, case: str) -> tuple[str, str]:
    """The variant that answers while none was chosen, and why."""
    papers = bool(store.documents(case))
    if papers and chat_endpoint(settings) == ("local", EMBEDDED):
        return QUOTE, QUOTES
    shots = bool(store.turns_of_case(case, ["chat", "import"]))
    names = {(True, True): "rag+few-shot", (True, False): "rag", (False, True): "few-shot", (False, False): "prompt"}
    return names[papers, shots], UNMEASURED


def plain(store: Store, settings: Settings, case: str) -> Variant:
    """What answers before there is a baseline: with documents they do, else the chat model with the brief so far."""
    name = usual(store, settings, case)[0] if store.documents(case) else "prompt"
    return _untrained(store, settings, case, name, composition.instruction(store.case(case)))


def chat_endpoint(settings: Settings) -> tuple[str, str]:
    """Where untrained answers come from: (endpoint, model)."""
    return ("chat" if settings.chat_base_url else "local"), settings.chat_model


def identified(variant: Variant) -> Variant:
    """The variant with its id: a hash of everything that makes its answers what they are."""
    content = asdict(variant) | {"id": ""}
    return replace(variant, id=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16])


def tuned(store: Store, settings: Settings, job: Job) -> dict[str, Variant]:
    """The tuned variants of a job that succeeded, recorded."""
    local = Path(settings.model_path(job.model)).is_dir()
    endpoint = "local" if local else job.trainer if job.trainer in endpoints.HOSTED else "chat"
    system, longest = str(job.request["system"]), settings.longest_answer
    made = {
        name: Variant(job.case, name, endpoint, job.model, system, 0, passages, "", job.id, max_tokens=longest)
        for name, passages in ((TUNED, 0), (READER, PASSAGES))
        if not passages or store.documents(job.case)
    }
    return {name: store.add_variant(identified(variant)) for name, variant in made.items()}


def candidate(store: Store, job: Job) -> str:
    """The variant of a job that is judged, told by how it was tuned alone: with passages where its rows carried some.

    So it is named before anything is measured: choosing the better of the two afterwards would flatter.
    """
    reads = job.request.get("passages", {}).get("rows") and store.documents(job.case)
    return READER if reads else TUNED


def at_checkpoints(store: Store, settings: Settings, job: Job) -> list[Variant]:
    """The models of earlier steps that a vendor kept, as candidates `tuned@STEP`, recorded but not measured.

    A local checkpoint is no model that could answer: it is there to go on from.
    """
    found = tuned(store, settings, job)[candidate(store, job)]
    if found.endpoint not in endpoints.HOSTED:
        return []
    return [
        store.add_variant(identified(replace(found, name=f"tuned@{kept['step']}", model=str(kept["model"]))))
        for kept in job.metrics.get("checkpoints", [])
        if kept["model"] != job.model
    ]
