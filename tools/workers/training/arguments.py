"""The training arguments that every method shares, from a plan."""

from __future__ import annotations

import math
from typing import Any

from tools import jobdir
from tools.workers.training.engines import Loaded
from tools.workers.training.plan import Plan, Prepared

LOGGED = 400  # step events a run, at most


def common(plan: Plan, loaded: Loaded, prepared: Prepared, at_once: int) -> dict[str, Any]:
    """For transformers' TrainingArguments and what TRL derives from them. `at_once`: rows through the model together.

    The best checkpoint by eval loss is always kept; with a patience it is also what the run ends with.
    """
    evaluate = bool(prepared.test)
    return {
        "output_dir": str(plan.directory / jobdir.CHECKPOINTS),
        "max_steps": prepared.steps,
        "per_device_train_batch_size": at_once,
        "per_device_eval_batch_size": at_once,
        "gradient_accumulation_steps": plan.share // at_once,
        "learning_rate": plan.recipe.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": max(1, round(0.05 * prepared.steps)),
        "weight_decay": 0.0,
        "optim": "adamw_torch_fused",
        "seed": plan.request.seed,
        "data_seed": plan.request.seed,
        "use_cpu": not loaded.accelerated,
        **(_together(loaded) if plan.ranks.count > 1 else {}),
        "bf16": loaded.bf16,
        "fp16": False,
        "gradient_checkpointing": loaded.accelerated and plan.parameters > 1e9,
        "max_length": plan.max_length,
        "remove_unused_columns": False,
        "logging_steps": max(1, math.ceil(prepared.steps / LOGGED)),
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "eval_strategy": "steps" if evaluate else "no",
        "eval_steps": prepared.every,
        "eval_on_start": evaluate and not plan.resumed,
        "prediction_loss_only": True,
        "save_strategy": "steps",
        "save_steps": prepared.every,
        "save_total_limit": 2,
        "metric_for_best_model": "eval_loss" if evaluate else None,
        "greater_is_better": False if evaluate else None,
        "load_best_model_at_end": evaluate and plan.request.patience > 0,
        "restore_callback_states_from_checkpoint": plan.request.patience > 0,
        "dataloader_pin_memory": loaded.accelerated,
        "disable_tqdm": True,
        "report_to": "none",
    }


def _together(loaded: Loaded) -> dict[str, Any]:
    """How several processes talk to each other."""
    return {"ddp_backend": "nccl" if loaded.accelerated else "gloo", "ddp_find_unused_parameters": False}
