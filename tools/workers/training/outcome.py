"""What came of a run, in numbers and, where the model is not that of the last step, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.engine import model_files
from tools.local import conditions
from tools.workers.training import engines
from tools.workers.training.plan import Plan

if TYPE_CHECKING:
    from tools.workers.training.progress import ProgressCallback


def metrics(plan: Plan, trainer: Any, progress: ProgressCallback, tokens: int, seconds: float) -> dict[str, Any]:
    """The job's metrics; the eval loss is that of the weights the model has.

    `tokens`: of the rows that it learns from, each once; `seconds`: of training alone.
    """
    request = plan.request
    kept = best_step(trainer) if request.patience else max(progress.evaluations, default=-1)
    judged = {"margin": progress.margins.get(kept), "margin_before": progress.margins.get(0)}
    return {
        "final_loss": progress.final_loss,
        "eval_loss": progress.evaluations.get(kept),
        "eval_loss_before": progress.evaluations.get(0),
        "train_seconds": round(seconds, 2),
        "steps": trainer.state.global_step,
        "tokens": progress.tokens,
        "trained_tokens": round(tokens * float(trainer.state.epoch or 0)),
        "tokens_per_second": round(progress.tokens / seconds, 1) if seconds else None,
        "parameters": plan.parameters,
        "engine": plan.engine,
        "method": request.method,
        "tuning": request.tuning,
        "threads": engines.threads(),
        "processes": plan.ranks.count,
        "rows_at_once": trainer.args.per_device_train_batch_size,
        **(judged if progress.margins else {}),
        **vars(plan.recipe),
    }


def origin(directory: Path, made: Mapping[str, str], base: Path, engine: str) -> dict[str, Any]:
    """What the run left and what it was made of, by the sha256 of each file, and the conditions it ran under.

    `made`: "model" and "adapter" -> folder under `directory`, as the result names them. Whatever is served later is
    compared with this.
    """
    hashes = {name: model_files.hashed(directory / folder) for name, folder in made.items()}
    return {"made": hashes | {"base": model_files.hashed(base)}, "conditions": conditions.here(engine)}


def best_step(trainer: Any) -> int:
    """The step with the lowest eval loss, the last one where nothing was evaluated."""
    return int(trainer.state.best_global_step or trainer.state.global_step)


def ending(trainer: Any, patience: int, progress: ProgressCallback) -> str:
    """A sentence on where the model comes from when that is not the last step; "" otherwise."""
    best, last = best_step(trainer), trainer.state.global_step
    if not patience:
        return ""
    kept = f"the model is that of step {best}, whose eval loss {progress.evaluations.get(best, 0.0):.4f} was the lowest"
    if last < trainer.state.max_steps:
        times = f"{patience} evaluation{'s' * (patience > 1)}"
        return f"Stopped early at step {last} of {trainer.state.max_steps}, after {times} without progress; {kept}."
    return f"{kept[0].upper()}{kept[1:]}." if best < last else ""
