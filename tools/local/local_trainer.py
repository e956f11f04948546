"""What the trainers on this machine share: they start one worker program and differ in the engine it uses."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from tools import jobdir, process
from tools.local import base_model, catalogue, checks, forecast, machine, recipe
from tools.trainer import Estimate, JobStatus, Range, ToolError, TrainRequest

WORKER = "tools.workers.finetune"
LAUNCH = (
    "-m",
    "tools.workers.training.multi_process",
    "--multi_gpu",
    "--num_machines",
    "1",
    "--mixed_precision",
    "no",
    "--dynamo_backend",
    "no",
    "--main_process_port",
    "0",
)
HUB_PARAMETERS = 8e9  # of a model that is neither here nor in the catalogue
PROBE = "import importlib.util as u, json, sys; print(json.dumps([n for n in sys.argv[1:] if not u.find_spec(n)]))"


class LocalTrainer:
    """Fine-tunes in a child process on this machine, or in several. The handle is the job's directory.

    `root` holds one directory a job; `interpreter` is the Python to run, this one when None. `hub` is how a worker
    reaches the Hugging Face Hub, as environment variables; it gets them only where the base is no folder here.
    """

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    here: ClassVar[bool] = True  # False where only the forecast is wanted, for a run on another machine
    remedy: ClassVar[str]

    def __init__(self, root: Path, interpreter: str | None = None, hub: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.interpreter = interpreter
        self.hub = dict(hub or {})

    def unavailable(self) -> str | None:
        """One sentence and a remedy; None when ready. Imports nothing heavy."""
        try:
            missing = self._missing()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return f"The interpreter {self.interpreter} does not run: {error}. Name a Python 3.11 or newer."
        if missing:
            return f"{', '.join(missing)} is not installed. {self.remedy}"
        if self.interpreter is None and importlib.metadata.version("trl") == "1.15.0" and not machine.has_gpu():
            return 'TRL 1.15.0 cannot train on a CPU. Install it with `pip install "trl==1.14.0"`.'
        return None

    def estimate(self, request: TrainRequest) -> Estimate:
        """Forecast from the rows, their characters, and the model's parameters. Raises ToolError as `start` does."""
        return self._forecast(request)

    def _forecast(self, request: TrainRequest) -> Estimate:
        request = checks.checked(request)
        folder = Path(request.base)
        known = folder.is_dir() or catalogue.find(request.base) is not None
        parameters, window, vocabulary = _shape(request.base)
        chosen = recipe.choose(request, int(parameters))
        window = min(request.max_length or window, window)
        trained, tested = forecast.lengths(request)
        steps = recipe.steps(request, chosen)
        work = steps * chosen.batch_size * sum(min(n, window) for n in trained) / len(trained)
        work += (chosen.epochs + 2) / 3 * sum(tested)  # a forward pass is a third of a step
        at_once = chosen.batch_size // request.processes * min(max(trained), window)
        at_once = min(at_once, forecast.through(request.method, vocabulary, parameters, self.hardware.gpu))
        memory = forecast.memory(at_once, parameters, vocabulary, request, self.hardware)
        if self.here:
            _check_memory(memory, known)
        return Estimate(
            seconds=forecast.seconds(work, parameters, self.hardware, request.processes),
            memory_gb=memory,
            money_usd=Range(0.0, 0.0),
            source=forecast.source(known, self.hardware),
            steps=steps,
            rows_cut=sum(n > window for n in trained),
        )

    def start(self, request: TrainRequest) -> str:
        """Start the worker and return its directory. Raises ToolError for a request that cannot run."""
        self._forecast(request)  # refuses what has no room
        request = checks.checked(request)
        unavailable = self.unavailable()
        if unavailable:
            raise ToolError(unavailable)
        self.root.mkdir(parents=True, exist_ok=True)
        _check_disk(self.root, Path(request.base))
        directory = self.root.resolve() / f"{self.name}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        values = {**request.to_json(), "engine": self.name}
        reach = self._reach(request.base)
        process.start(directory, WORKER, values, self.interpreter, launcher(request.processes), reach)
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

    def pause(self, handle: str) -> None:
        """Let the run end after its step and a checkpoint; it is running until then."""
        process.pause(Path(handle))

    def resume(self, handle: str) -> None:
        """Go on from the last checkpoint. Raises ToolError when there is none or the run still lives."""
        asked = jobdir.read_request(Path(handle))
        several, reach = launcher(int(asked.get("processes", 1))), self._reach(str(asked.get("base", "")))
        process.resume(Path(handle), WORKER, self.interpreter, several, reach)

    def _reach(self, base: str) -> dict[str, str]:
        """What a worker on this base needs of `hub`: nothing where the base is here."""
        return {} if Path(base).is_dir() else self.hub

    @property
    def hardware(self) -> machine.Hardware:
        """What it trains on."""
        return machine.hardware()

    def _missing(self) -> list[str]:
        if self.interpreter is None:
            return [name for name in self.packages if importlib.util.find_spec(name) is None]
        command = [self.interpreter, "-c", PROBE, *self.packages]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        return [str(name) for name in json.loads(done.stdout)]


def launcher(processes: int) -> tuple[str, ...]:
    """What stands between the interpreter and the worker: `accelerate launch` where several processes train."""
    return (*LAUNCH, "--num_processes", str(processes)) if processes > 1 else ()


def _shape(base: str) -> tuple[float, int, int]:
    """Parameters, window and vocabulary of a folder, of a model in the catalogue, or of one assumed to be large."""
    folder = Path(base)
    if folder.is_dir():
        return float(base_model.parameters(folder)), base_model.window(folder), base_model.vocabulary(folder)
    found = catalogue.find(base)
    if found is None:
        return HUB_PARAMETERS, base_model.WINDOW, catalogue.VOCABULARY
    return float(found.parameters), min(found.window, base_model.WINDOW), found.vocabulary


def _key(directory: Path) -> str:
    return str((jobdir.read_json(directory / jobdir.REQUEST) or {}).get("key", ""))


def _check_memory(needed: Range, known: bool) -> None:
    """Refuse what cannot fit even by the lower end of its forecast; a model of unknown size is tried."""
    room = machine.memory_gb()
    if known and room and needed.low > room:
        where = "GPU" if machine.has_gpu() else "machine"
        raise ToolError(
            f"This run needs at least {needed.low:.1f} GB of memory; this {where} has {room:.1f} GB.",
            "Choose a smaller model, or LoRA instead of full tuning.",
        )


def _check_disk(root: Path, base: Path) -> None:
    """The merged model is as large as its base; checkpoints and caches need a little more."""
    size = sum(path.stat().st_size for path in base_model.weights(base)) if base.is_dir() else 0
    needed = 1.5 * size + 100e6
    free = shutil.disk_usage(root).free
    if free < needed:
        raise ToolError(
            f"The disk is too full to train: {free / 1e9:.1f} GB are free, {needed / 1e9:.1f} GB are needed.",
            "Free some space.",
        )
