"""What a training run tells while it goes on: a transformers callback that writes the job's events."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tools import jobdir
from tools.workers.compute.ranks import Ranks
from tools.workers.job import JobFolder

Speak = Callable[[float], list[dict[str, str]]]  # within so many seconds
Look = Callable[[], float]
MEASURED = {  # sft: tokens that the model would have chosen; dpo and kto: pairs told apart, and by how much
    "mean_token_accuracy": "token_accuracy",
    "rewards/accuracies": "accuracy",
    "rewards/margins": "margin",
}
SPOKEN = 0.025  # of a run's time may go into sample answers
LEAST_SECONDS, ROUNDS = 0.5, 3  # of a round of them, and how many there are at most
SMOOTHED = 5  # logged steps that the final loss is the mean of


class NotANumber(Exception):
    """The loss or its gradient stopped being a number."""


# The methods have the signatures that transformers calls, used or not.
# ruff: noqa: ARG002
class ProgressCallback(TrainerCallback):  # type: ignore[misc]
    """Steps, evaluations, checkpoints and sample answers as events; a cancelled job ends after its step."""

    def __init__(
        self,
        job: JobFolder,
        speak: Speak | None,
        resumed: bool,
        ranks: Ranks = Ranks(),  # noqa: B008
        look: Look | None = None,
        expected: float = 0.0,
    ) -> None:
        self.job = job
        self.ranks = ranks
        self.speak = speak
        self.look = look  # measures the token accuracy at a checkpoint, where the trainer does not at each step
        self.resumed = resumed
        self.expected = expected  # seconds of the run, by the forecast
        self.losses: list[float] = []
        self.evaluations: dict[int, float] = {}
        self.margins: dict[int, float] = {}  # how much more the model favours the better answers than it did
        self.tokens = 0
        self._began = 0.0
        self._first = 0
        self._spoken: dict[int, float] = {}  # step -> seconds

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._began, self._first = time.monotonic(), state.global_step
        if not self.resumed:
            self._samples(state)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.ranks.any(self.job.asked_to_end()):  # one process asks the others: they have to end after the same step
            self.job.cancelled = True
            control.should_training_stop = control.should_save = True
            control.should_evaluate = False
            return
        if state.global_step in (state.max_steps // 2, state.max_steps):
            self._samples(state)
        if self._due(args, state):
            control.should_log = True  # the steps with a checkpoint are always told, the last one too

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if logs is None or "loss" not in logs:
            return
        loss, norm = float(logs["loss"]), float(logs.get("grad_norm", 0.0))
        self.tokens = int(logs.get("num_tokens", self.tokens))
        if self.look and "mean_token_accuracy" not in logs and self._due(args, state):
            logs = logs | {"mean_token_accuracy": self.look()}
        self._step(state, logs, loss, norm)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise NotANumber(f"The loss stopped being a number at step {state.global_step}")
        self.losses.append(loss)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if metrics and "eval_loss" in metrics:
            self.evaluations[state.global_step] = float(metrics["eval_loss"])
            found = measured(metrics, "eval_")
            self.margins |= {state.global_step: found["margin"]} if "margin" in found else {}
            self.job.event("eval", step=state.global_step, eval_loss=float(metrics["eval_loss"]), **found)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if not self.ranks.first:
            return
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        (folder / jobdir.COMPLETE).touch()  # only now may a resumed run trust it
        self.job.event("checkpoint", step=state.global_step)

    @property
    def final_loss(self) -> float | None:
        """Mean of the last few logged steps: a single step's loss says little."""
        last = self.losses[-SMOOTHED:]
        return sum(last) / len(last) if last else None

    def _due(self, args: TrainingArguments, state: TrainerState) -> bool:
        return bool(state.global_step % max(int(args.save_steps), 1) == 0 or state.global_step == state.max_steps)

    def _step(self, state: TrainerState, logs: dict[str, Any], loss: float, norm: float) -> None:
        done = state.global_step - self._first
        each = (time.monotonic() - self._began) / max(done, 1)
        self.job.event(
            "step",
            step=state.global_step,
            steps=state.max_steps,
            loss=round(loss, 5),
            lr=float(logs.get("learning_rate", 0.0)),
            grad_norm=round(norm, 5),
            tokens=self.tokens,
            epoch=round(float(state.epoch or 0.0), 4),
            eta_seconds=round(each * (state.max_steps - state.global_step), 1),
            **measured(logs),
        )

    def _samples(self, state: TrainerState) -> None:
        """Sample answers, in as many seconds as are left for them; none where those before took them all."""
        step = state.global_step
        if self.speak is None or step in self._spoken or not self.ranks.first:
            return
        spent, began = sum(self._spoken.values()), time.monotonic()
        if done := step - self._first:
            self.expected = (began - self._began - spent) / done * (state.max_steps - self._first)
        left = SPOKEN * self.expected - spent
        if left < 0 and spent > ROUNDS * LEAST_SECONDS:
            return
        answers = self.speak(max(LEAST_SECONDS, left / max(1, ROUNDS - len(self._spoken))))
        self._spoken[step] = time.monotonic() - began
        self.job.event("samples", step=step, answers=answers)


def measured(logs: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """What the trainer measured beside the loss, by our names. Accuracies are shares of 1."""
    return {name: round(float(logs[prefix + key]), 5) for key, name in MEASURED.items() if prefix + key in logs}
