"""Is what answers in the chat what was trained? Template, prompt tokens and greedy answers, compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assistant.chat import Chat
from assistant.record.types import Variant
from tools import jobdir
from tools.local import base_model
from tools.trainer import PROBE_TOKENS

AGREEMENT = 0.9  # share of greedy answers that must be the same: merging rounds weights, so ties may fall otherwise


@dataclass(frozen=True)
class Probe:
    """A prompt with the answer and the prompt tokens that the trainer saw, before the adapter was merged."""

    messages: list[dict[str, Any]]
    answer: str
    prompt_tokens: int


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    detail: str


def read_probes(path: Path) -> list[Probe]:
    """Probes written by a local trainer; empty when there are none (a hosted model serves what it trained)."""
    if not path.is_file():
        return []
    return [Probe(**probe) for probe in json.loads(path.read_text(encoding="utf-8"))]


def compare(chat: Chat, variant: Variant, base: Path, tuned: Path) -> dict[str, Any]:
    """{"ok", "checks": [{"name", "ok", "detail"}]}; a check that fails blocks the switch.

    `tuned` is the model's folder in its job directory. A base that is no folder here, a name of the hub for one, is
    known by what the trainer noted of it there.
    """
    job = tuned.parent
    before = base_model.template_hash(base) if base.is_dir() else jobdir.read_text(job / jobdir.TEMPLATE)
    checks = [_template(before, tuned), *_answers(chat, variant, read_probes(job / jobdir.PROBES))]
    return {"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]}


def _template(before: str, tuned: Path) -> Check:
    if not before:
        return Check("chat template", False, "The base's template is not known: train again on a base that has one.")
    after = base_model.template_hash(tuned)
    return Check("chat template", before == after, f"sha256 {after[:12]}, the base's {before[:12]}")


def _answers(chat: Chat, variant: Variant, probes: Sequence[Probe]) -> list[Check]:
    if not probes:
        return [Check("greedy answers", False, "The trainer left no answers to compare with: train again.")]
    same_tokens = same_text = 0
    for probe in probes:
        reply = chat.send(variant, probe.messages, PROBE_TOKENS, exact=True)
        text = "".join(reply)
        same_tokens += reply.prompt_tokens == probe.prompt_tokens
        same_text += text.strip() == probe.answer.strip()
    n = len(probes)
    return [
        Check("prompt tokens", same_tokens == n, f"{same_tokens} of {n} prompts have the same number of tokens"),
        Check("greedy answers", same_text >= AGREEMENT * n, f"{same_text} of {n} answers are the same to the letter"),
    ]
