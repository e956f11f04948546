"""What AutoTrain prints -> events of a job: its losses, its progress bar, and the crash that it does not report."""

from __future__ import annotations

import ast
import math
import re
import time
from typing import Any

from tools.workers.job import JobFolder

LOGS = re.compile(r":on_log:\d+ - (\{.*\})$")
BAR = re.compile(r"\b(\d+)/(\d+) \[")
FAILED = re.compile(r"has failed due to an exception")
ERROR = re.compile(r"^ERROR\s.*? - (.*)$")
RAISED = re.compile(r"^[\w.]*(Error|Exception|Interrupt|Killed)\b.*")
NUMBERS = re.compile(r"\b(nan|-?inf)\b")
SMOOTHED = 5  # logged steps that the final loss is the mean of


class Log:
    """Reads AutoTrain's output line by line. `each`: steps between two losses."""

    def __init__(self, job: JobFolder, steps: int, each: int) -> None:
        self.job = job
        self.steps, self.each = steps, each
        self.step = 0
        self.losses: list[float] = []
        self.error = ""  # why its trainer crashed, in its own words
        self.last = ""  # the last line that looked like an exception
        self._crashed = False
        self._began = 0.0

    def read(self, line: str) -> None:
        """Take in one line."""
        if "Starting to train" in line:
            self._began = time.monotonic()
        if self._began and (bar := BAR.search(line)):
            self.steps = int(bar[2])
        if found := LOGS.search(line):
            self._log(found[1])
        elif FAILED.search(line):
            self._crashed = True
        elif RAISED.match(line):
            self.last = line
            self.error = line if self._crashed else self.error
        elif self._crashed and not self.error and (found := ERROR.match(line)):
            self.error = found[1]
        if self._crashed and not self.error:
            self.error = self.last

    @property
    def final_loss(self) -> float | None:
        """Mean of the last few logged steps."""
        last = self.losses[-SMOOTHED:]
        return sum(last) / len(last) if last else None

    def _log(self, text: str) -> None:
        try:
            values: dict[str, Any] = ast.literal_eval(NUMBERS.sub(r"'\1'", text))
        except (ValueError, SyntaxError):
            return
        if "loss" not in values or self.step >= self.steps:
            return
        loss = float(values["loss"])
        self.step = min(self.step + self.each, self.steps)
        elapsed = time.monotonic() - self._began
        self.job.event(
            "step",
            step=self.step,
            steps=self.steps,
            loss=round(loss, 5),
            lr=float(values.get("learning_rate", 0.0)),
            grad_norm=round(float(values.get("grad_norm", 0.0)), 5),
            tokens=0,
            epoch=round(float(values["epoch"]), 4),
            eta_seconds=round(elapsed / self.step * (self.steps - self.step), 1),
        )
        if not math.isfinite(loss):
            self.error = f"the loss stopped being a number at step {self.step}"
        self.losses.append(loss)
