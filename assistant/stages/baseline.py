"""Stage 2 of 6: a chat that works today, from the brief and the documents, without training."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

from assistant.knowledge import prompt
from assistant.record.store import Store
from assistant.record.types import Variant
from assistant.settings import Settings

SHOTS, PASSAGES = 3, 3
UNTRAINED = {"prompt": (0, 0), "few-shot": (SHOTS, 0), "rag": (0, PASSAGES), "rag+few-shot": (SHOTS, PASSAGES)}


def blocked(store: Store, case: str) -> str | None:
    gaps = store.case(case).brief.missing
    return f"The brief still lacks: {', '.join(gap.replace('_', ' ') for gap in gaps)}." if gaps else None


def done(store: Store, case: str) -> bool:
    return any(switch.by == "baseline" for switch in store.switches(case))


def run(store: Store, settings: Settings, case: str) -> list[Variant]:
    """Make the four untrained variants and put the one that uses all there is into service."""
    found = variants(store, settings, case, latest_dataset(store, case))
    shots = bool(store.turns_of_case(case, ["chat", "import"]))
    name = {(True, True): "rag+few-shot", (True, False): "rag", (False, True): "few-shot"}.get(
        (bool(store.documents(case)), shots), "prompt"
    )
    store.add_switch(case, found[name].id, "switch", "the baseline: everything there is, not measured yet", "baseline")
    return list(found.values())


def variants(store: Store, settings: Settings, case: str, dataset: str = "") -> dict[str, Variant]:
    """The untrained variants by name, recorded; their examples come from the train split of `dataset`."""
    system = prompt.instruction(store.case(case))
    endpoint, model = chat_endpoint(settings)
    made = {
        name: Variant(case, name, endpoint, model, system, shots, passages, dataset if shots else "")
        for name, (shots, passages) in UNTRAINED.items()
    }
    return {name: store.add_variant(identified(variant)) for name, variant in made.items()}


def plain(store: Store, settings: Settings, case: str) -> Variant:
    """What answers before there is a baseline: the chat model with what is known of the brief."""
    endpoint, model = chat_endpoint(settings)
    variant = Variant(case, "prompt", endpoint, model, prompt.instruction(store.case(case)))
    return store.add_variant(identified(variant))


def chat_endpoint(settings: Settings) -> tuple[str, str]:
    """Where untrained answers come from: (endpoint, model)."""
    return ("chat" if settings.chat_base_url else "local"), settings.chat_model


def identified(variant: Variant) -> Variant:
    """The variant with its id: a hash of everything that makes its answers what they are."""
    content = asdict(variant) | {"id": ""}
    return replace(variant, id=hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16])


def latest_dataset(store: Store, case: str) -> str:
    datasets = store.datasets(case)
    return datasets[-1].id if datasets else ""
