"""Does the engine answer the probes as the trainer's own model did? Template and greedy answers, compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.chat import Chat
from assistant.evidence.certificate.proof import Proof
from assistant.record.types import Variant
from tools import jobdir
from tools.engine import templates
from tools.local import base_model
from tools.trainer import PROBE_TOKENS

AGREEMENT = 0.9  # share of greedy answers that must be the same: merging rounds weights, so ties may fall otherwise


@dataclass(frozen=True)
class Probe:
    """A prompt with the answer and the prompt tokens that the trainer saw of the model that it saved."""

    messages: list[dict[str, Any]]
    answer: str
    prompt_tokens: int


def read_probes(path: Path) -> list[Probe]:
    """Probes written by a local trainer; empty when there are none (a hosted model serves what it trained)."""
    if not path.is_file():
        return []
    return [Probe(**probe) for probe in json.loads(path.read_text(encoding="utf-8"))]


def template(base: Path, tuned: Path, served: Path) -> Proof:
    """The base's chat template, the tuned model's and the served file's are one.

    A base that is no folder here, a name of the hub for one, is known by what the trainer noted of it.
    """
    before = base_model.template_hash(base) if base.is_dir() else jobdir.read_text(tuned.parent / jobdir.TEMPLATE)
    if not before:
        return Proof("chat template", False, "The base's template is not known: train again on a base that has one.")
    after = base_model.template_hash(tuned)
    if before != after:
        return Proof("chat template", False, f"sha256 {after[:12]}, the base's {before[:12]}")
    if templates.of_file(served).strip() != templates.of_folder(tuned).strip():
        return Proof("chat template", False, f"{served.name} has another one than the model that it was made of")
    return Proof("chat template", True, f"sha256 {after[:12]}, the base's {before[:12]}")


def answers(chat: Chat, variant: Variant, probes: Sequence[Probe]) -> list[Proof]:
    """Prompt tokens and greedy answers of the probes, by the measured weights in 32 bits where they are few."""
    if not probes:
        return [Proof("greedy answers", False, "The trainer left no answers to compare with: train again.")]
    same_tokens, different = 0, []
    for probe in probes:
        reply = chat.send(variant, probe.messages, PROBE_TOKENS, exact=True)
        text = "".join(reply).strip()
        same_tokens += reply.prompt_tokens == probe.prompt_tokens
        if text != probe.answer.strip():
            different.append(f"'{_short(probe.answer)}' became '{_short(text)}'")
    n, same = len(probes), len(probes) - len(different)
    seen = f"{same} of {n} answers are the same to the letter"
    return [
        Proof("prompt tokens", same_tokens == n, f"{same_tokens} of {n} prompts have the same number of tokens"),
        Proof("greedy answers", same >= AGREEMENT * n, f"{seen}; {different[0]}" if different else seen),
    ]


def _short(text: str, most: int = 40) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
