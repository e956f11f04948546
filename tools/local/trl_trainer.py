"""TRL on this machine: the reference implementation of supervised fine-tuning, on any CPU or GPU."""

from __future__ import annotations

from typing import ClassVar

from tools.local.local_trainer import LocalTrainer


class TrlTrainer(LocalTrainer):
    """LoRA with TRL's SFTTrainer and PEFT."""

    name: ClassVar[str] = "trl"
    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers", "datasets", "peft", "trl")
    remedy: ClassVar[str] = 'Install it with `pip install "torch==2.13.0" "trl==1.14.0" peft`.'
