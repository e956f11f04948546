"""AutoTrain Advanced on this machine, in an environment of its own that is made on first use."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from tools import process
from tools.autotrain import input_files
from tools.autotrain.environment import NEWEST_PYTHON, Environment
from tools.local.local_trainer import LocalTrainer
from tools.trainer import Estimate, Range, ToolError, TrainRequest

WORKER = "tools.workers.elsewhere.autotrain_run"
MAKING_SECONDS = Range(60.0, 600.0)  # the environment: measured 135 s with a CPU build of torch on 2 busy cores


class AutoTrainTrainer(LocalTrainer):
    """LoRA with AutoTrain Advanced, for those who know it; it has had no release since January 2025.

    `environment` is the folder of its virtual environment. The trainer's own libraries are not needed here; torch,
    transformers and peft are, to measure and merge what it made.
    """

    name: ClassVar[str] = "autotrain"
    packages: ClassVar[tuple[str, ...]] = ("torch", "transformers", "peft")
    remedy: ClassVar[str] = "Install them with `pip install -c constraints.txt -e '.[train]'`."

    def __init__(
        self, root: Path, environment: Path, interpreter: str | None = None, hub: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(root, interpreter, hub)
        self.environment = Environment(environment.resolve(), interpreter)

    def unavailable(self) -> str | None:
        """One sentence and a remedy; None when ready, also when its environment is still to be made."""
        if self.interpreter is None and sys.version_info[:2] > NEWEST_PYTHON and not self.environment.ready:
            newest = ".".join(map(str, NEWEST_PYTHON))
            return f"AutoTrain's libraries end at Python {newest}. Set ATTUNE_TRAIN_PYTHON to 3.11 or up to {newest}."
        return super().unavailable()

    def _forecast(self, request: TrainRequest) -> Estimate:
        """The local forecast, and the making of the environment where there is none yet."""
        _check(request)
        forecast = super()._forecast(request)
        if self.environment.ready:
            return forecast
        seconds = Range(forecast.seconds.low + MAKING_SECONDS.low, forecast.seconds.high + MAKING_SECONDS.high)
        return replace(
            forecast,
            seconds=seconds,
            source=f"{forecast.source} AutoTrain's own environment (about 2 GB) is made first.",
        )

    def start(self, request: TrainRequest) -> str:
        """Start the worker and return its directory. Raises ToolError for a request that cannot run."""
        self._forecast(request)  # refuses what has no room
        if problem := self.unavailable():
            raise ToolError(problem)
        folder = Path(request.base).expanduser()
        if folder.is_dir():
            request = replace(request, base=str(folder.resolve()))
        directory = self.root.resolve() / f"{self.name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        asked = {**request.to_json(), "environment": str(self.environment.folder), "python": self.interpreter}
        process.start(directory, WORKER, asked, self.interpreter, extra=self._reach(request.base))
        return str(directory)

    def pause(self, handle: str) -> None:  # noqa: ARG002
        """See `resume`."""
        raise ToolError("A run of AutoTrain cannot be paused: it keeps no checkpoints.", "Let it go on, or cancel it.")

    def resume(self, handle: str) -> None:  # noqa: ARG002
        """AutoTrain keeps no checkpoints without a validation split, and with one it drops the split."""
        raise ToolError("A run of AutoTrain cannot be resumed: it keeps no checkpoints.", "Start a new run.")


def _check(request: TrainRequest) -> None:
    """Raise ToolError for what AutoTrain does not do."""
    if request.method != "sft":
        raise ToolError(f"Attune uses AutoTrain for SFT only, not for {request.method.upper()}.", "Use unsloth or trl.")
    if request.tuning != "lora":
        raise ToolError("Attune uses AutoTrain for LoRA only.", "Use unsloth or trl for QLoRA and full tuning.")
    if request.adapter:
        raise ToolError("AutoTrain cannot go on from an earlier adapter.", "Use unsloth or trl.")
    if request.processes > 1:
        raise ToolError("Attune runs AutoTrain as one process.", "Use unsloth or trl for several.")
    if request.patience:
        raise ToolError("AutoTrain cannot stop early: it drops the validation split.", "Use unsloth or trl.")
    folder = Path(request.base).expanduser()
    if (folder / "config.json").is_file():
        input_files.check_base(folder)
