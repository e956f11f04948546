"""Unsloth on this machine: the same training with less time and memory, on a CPU or a GPU.

Unsloth's CPU files are AGPL: it runs in the worker process only, and nothing of it is copied here.
"""

from __future__ import annotations

from typing import ClassVar

from tools.local.local_trainer import LocalTrainer


class UnslothTrainer(LocalTrainer):
    """LoRA with Unsloth's loader and TRL's SFTTrainer."""

    name: ClassVar[str] = "unsloth"
    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers", "datasets", "peft", "trl", "unsloth", "unsloth_zoo")
    remedy: ClassVar[str] = (
        'Install it with `pip install "torch==2.13.0" "trl==1.14.0" peft`, then '
        "`pip install --no-deps unsloth==2026.10.9 unsloth_zoo==2026.10.9`."
    )
