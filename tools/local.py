"""What the trainers on this machine share: they start one worker program and differ in the engine it uses."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from tools import jobdir, process, recipe
from tools.trainer import Estimate, JobStatus, Message, Range, ToolError, TrainRequest

WORKER = "tools.workers.finetune"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
CHARS_PER_TOKEN = 3.5
TOKENS_PER_MESSAGE = 5  # what a chat template adds
CPU_FLOPS = Range(20e9, 80e9)  # a core, training in 32 bits; measured: 50e9 with 6 million parameters on 2 cores
GPU_FLOPS = Range(15e12, 200e12)  # from data sheets, a third of the peak; not measured
START_SECONDS = Range(6.0, 20.0)  # imports, loading, merging
HUB_PARAMETERS = Range(1e8, 8e9)  # of a model that is not here yet
PROBE = "import importlib.util as u, json, sys; print(json.dumps([n for n in sys.argv[1:] if not u.find_spec(n)]))"


class LocalTrainer:
    """Fine-tunes with LoRA in a child process on this machine. The handle is the job's directory.

    `root` holds one directory a job; `interpreter` is the Python to run, this one when None.
    """

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    remedy: ClassVar[str]

    def __init__(self, root: Path, interpreter: str | None = None) -> None:
        self.root = root
        self.interpreter = interpreter

    def unavailable(self) -> str | None:
        """One sentence and a remedy; None when ready. Imports nothing heavy."""
        try:
            missing = self._missing()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return f"The interpreter {self.interpreter} does not run: {error}. Name a Python 3.11 or newer."
        if missing:
            return f"{', '.join(missing)} is not installed. {self.remedy}"
        if self.interpreter is None and importlib.metadata.version("trl") == "1.15.0" and not _has_gpu():
            return 'TRL 1.15.0 cannot train on a CPU. Install it with `pip install "trl==1.14.0"`.'
        return None

    def estimate(self, request: TrainRequest) -> Estimate:
        """Forecast from the rows, their characters, and the model's parameters. Raises ToolError as `start` does."""
        request = _checked(request)
        folder = Path(request.base)
        local = folder.is_dir()
        parameters = float(recipe.parameters(folder)) if local else HUB_PARAMETERS.high
        chosen = recipe.choose(request, int(parameters))
        window = request.max_length or (recipe.window(folder) if local else recipe.WINDOW)
        lengths = [_tokens(row) for row in request.train]
        own = [_tokens(row) for row in recipe.replay(folder, request, chosen)]
        steps = recipe.steps(request, chosen, replayed=len(own))
        tokens = (steps * chosen.batch_size - len(own)) * sum(min(n, window) for n in lengths) / len(lengths)
        tokens += sum(min(n, window) for n in own)
        tokens += (chosen.epochs + 2) / 3 * sum(map(_tokens, request.test))  # a forward pass is a third of a step
        at_once = chosen.batch_size * min(max(lengths), window)
        return Estimate(
            seconds=_seconds(tokens, parameters),
            memory_gb=_memory(at_once, parameters),
            money_usd=Range(0.0, 0.0),
            source=_source(local),
            steps=steps,
            rows_cut=sum(n > window for n in lengths),
        )

    def start(self, request: TrainRequest) -> str:
        """Start the worker and return its directory. Raises ToolError for a request that cannot run."""
        request = _checked(request)
        unavailable = self.unavailable()
        if unavailable:
            raise ToolError(unavailable)
        self.root.mkdir(parents=True, exist_ok=True)
        _check_disk(self.root, Path(request.base))
        directory = self.root.resolve() / f"{self.name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        process.start(directory, WORKER, {**request.to_json(), "engine": self.name}, self.interpreter)
        return str(directory)

    def find(self, key: str) -> str | None:
        """The directory of the run that was started for this key, where the app died before it noted it."""
        found = [path for path in self.root.glob(f"{self.name}-*") if key and _key(path) == key]
        return str(found[0]) if found else None

    def poll(self, handle: str, after: int = 0) -> JobStatus:
        """The run's true state, read from its directory."""
        return process.status(Path(handle), after)

    def cancel(self, handle: str) -> None:
        """Ask the run to end after its step; harmless when it has ended."""
        process.cancel(Path(handle))

    def pause(self, handle: str) -> None:  # noqa: ARG002
        """A run on this machine is cancelled and resumed instead: its checkpoint is kept."""
        raise ToolError("A run on this machine cannot be paused.", "Cancel it; `resume` goes on from its checkpoint.")

    def resume(self, handle: str) -> None:
        """Go on from the last checkpoint. Raises ToolError when there is none or the run still lives."""
        process.resume(Path(handle), WORKER, self.interpreter)

    def _missing(self) -> list[str]:
        if self.interpreter is None:
            return [name for name in self.packages if importlib.util.find_spec(name) is None]
        command = [self.interpreter, "-c", PROBE, *self.packages]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        return [str(name) for name in json.loads(done.stdout)]


def _checked(request: TrainRequest) -> TrainRequest:
    """The request with an absolute base folder. Raises ToolError for what no worker could train on."""
    if not request.train:
        raise ToolError("There is nothing to train on.", "Approve at least one conversation.")
    if not any(_learned(message) for row in request.train for message in row):
        raise ToolError("No conversation holds an answer to learn from.", "Approve at least one answer.")
    folder = Path(request.base).expanduser()
    if not folder.is_dir() and HUB_ID.fullmatch(request.base):
        return request
    recipe.check_folder(folder)
    return replace(request, base=str(folder.resolve()))


def _key(directory: Path) -> str:
    return str((jobdir.read_json(directory / jobdir.REQUEST) or {}).get("key", ""))


def _learned(message: Message) -> bool:
    return message.get("role") == "assistant" and message.get("weight", 1) != 0


def _tokens(row: Iterable[Message]) -> int:
    """Tokens of one conversation, as far as its characters tell."""
    return sum(round(len(str(m.get("content") or "")) / CHARS_PER_TOKEN) + TOKENS_PER_MESSAGE for m in row)


def _seconds(tokens: float, parameters: float) -> Range:
    """Six floating-point operations a parameter and token: two forward, four back."""
    work = 6.0 * parameters * tokens
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    useful = min(cores, 4) if parameters < recipe.SMALL else cores
    low, high = (GPU_FLOPS.low, GPU_FLOPS.high) if _has_gpu() else (CPU_FLOPS.low * useful, CPU_FLOPS.high * useful)
    return Range(round(START_SECONDS.low + work / high, 1), round(START_SECONDS.high + work / low, 1))


def _memory(at_once: int, parameters: float) -> Range:
    """Libraries (0.6 to 1 GB), weights once or twice (merging), activations of the tokens that go through at once."""
    weights = parameters * 4 / 1e9
    activations = at_once * (parameters**0.5) * 400 / 1e9
    return Range(round(0.6 + weights, 2), round(1.0 + 2 * weights + activations, 2))


def _source(local: bool) -> str:
    size = "the model's size" if local else "an assumed size of 8 billion parameters"
    speed = "data sheets of GPUs" if _has_gpu() else "runs of a 6-million-parameter model on 2 idle cores"
    return f"Reckoned from the rows' characters, {size}, and the speed of {speed}."


def _has_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/dev/kfd").exists()


def _check_disk(root: Path, base: Path) -> None:
    """The merged model is as large as its base; checkpoints and caches need a little more."""
    size = sum(path.stat().st_size for path in recipe.weights(base)) if base.is_dir() else 0
    needed = 1.5 * size + 100e6
    free = shutil.disk_usage(root).free
    if free < needed:
        raise ToolError(
            f"The disk is too full to train: {free / 1e9:.1f} GB are free, {needed / 1e9:.1f} GB are needed.",
            "Free some space.",
        )
