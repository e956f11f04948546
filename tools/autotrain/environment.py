"""AutoTrain's own virtual environment: made on first use, reused, fixed when half made, removed by a command.

Its pins (transformers 4.48, trl 0.13, pydantic 2.10) would pull the app's libraries years back, so it never shares
theirs, but for torch, most of its bytes: where the interpreter has the very version, it is linked. Of AutoTrain's 60
requirements only those of a language model's training are installed: the rest is for images, tables and its web page,
and two of them (timm, torchvision) do not even import beside a CPU build of torch.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools import jobdir
from tools.children import Child
from tools.trainer import ToolError

VERSION = "0.8.36"
NEWEST_PYTHON = (3, 13)  # the last that its pinned libraries have files for
TRANSFORMERS = "4.48"
TORCH = "2.13.0"
NEEDED = (
    f"torch=={TORCH}",
    "transformers==4.48.0",
    "trl==0.13.0",
    "peft==0.14.0",
    "accelerate==1.2.1",
    "datasets==3.2.0",
    "huggingface-hub==0.27.0",
    "pydantic==2.10.4",
    "pandas==2.2.3",
    "numpy<2.5",
    "scikit-learn==1.6.0",
    "loguru==0.7.3",
    "requests",
    "pillow",
    "nvidia-ml-py==12.535.161",
    "rich",
    "psutil",
)
PACKAGE = f"autotrain-advanced=={VERSION}"
READY = "ready.json"  # written last: an environment without it is half made
SHARED = ("torch", "triton", "nvidia")  # what is linked: torch, and what it brings along for a GPU
# Run by the interpreter: the folders and files of torch of that version, one a line.
FIND = """import importlib.metadata as m, pathlib, sys
try:
    torch = m.distribution("torch")
except m.PackageNotFoundError:
    sys.exit()
if torch.version.split("+")[0] == sys.argv[1]:
    names = {str(f).split("/")[0] for f in torch.files or () if not str(f).startswith("..")}
    root = pathlib.Path(str(torch.locate_file("")))
    found = [p for p in root.iterdir() if p.name in names or p.name.split("-")[0].split("_")[0] in sys.argv[2:]]
    print(*sorted(map(str, found)), sep="\\n")
"""
FREE_GB = 3.0  # the environment and what pip unpacks beside it, with a CPU build of torch
TOLD = re.compile(r"^(Collecting|Downloading|Installing collected packages|Successfully installed)\b")
# Its modules are compiled when they are first imported, not all when they are installed: that has to be kept.
_NOT_PASSED = ("PYTHONPATH", "HF_TOKEN", "PYTHONDONTWRITEBYTECODE")
Say = Callable[[str], None]


class Environment:
    """The virtual environment in `folder`, made with the Python `interpreter`."""

    def __init__(self, folder: Path, interpreter: str | None = None) -> None:
        self.folder = folder.resolve()  # its programs name it in their first line
        self.interpreter = interpreter or sys.executable

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def ready(self) -> bool:
        """Whether it was made to its end, here, with this version's packages, and its torch is still there.

        One that was moved along with its folder cannot run: it is made anew.
        """
        noted = jobdir.read_json(self.folder / READY) or {}
        whole = all(path.exists() for path in self.folder.glob("lib/python*/site-packages/torch*"))
        here = noted == {"packages": _fingerprint(), "folder": str(self.folder)}
        return here and (self.bin / "autotrain").is_file() and whole

    @property
    def size(self) -> int:
        """Bytes on the disk; 0 when there is none."""
        return sum(path.lstat().st_size for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())

    def make(self, environment: Mapping[str, str], say: Say) -> None:
        """Make it, unless it is there; a half-made one is thrown away first. `say` is told what happens.

        Takes minutes and about 2 GB. Raises ToolError when a package cannot be had or the disk is too full.
        """
        with self._alone(say):
            if self.ready:
                return
            if self.folder.exists():
                say("The last attempt was broken off: making it anew")
                shutil.rmtree(self.folder)
            _check_disk(self.folder)
            self.folder.mkdir(parents=True)
            self._run([self.interpreter, "-m", "venv", str(self.folder)], environment, say, _NO_VENV)
            self.link_torch(environment, say)
            pip = [
                str(self.bin / "python"),
                "-m",
                "pip",
                "install",
                "--no-input",
                "--disable-pip-version-check",
                "--progress-bar",
                "off",
                "--no-compile",
            ]
            self._run([*pip, *NEEDED], environment, say, _NO_PACKAGES)
            self._run([*pip, "--no-deps", PACKAGE], environment, say, _NO_PACKAGES)
            self._run([str(self.bin / "autotrain"), "--version"], self.variables(environment), say, _BROKEN)
            noted = {"packages": _fingerprint(), "folder": str(self.folder)}
            jobdir.write_atomically(self.folder / READY, json.dumps(noted))

    def link_torch(self, environment: Mapping[str, str], say: Say, version: str = TORCH) -> None:
        """Link the interpreter's torch into the environment, where it is the version that is needed."""
        asked = [self.interpreter, "-c", FIND, version, *SHARED]
        found = subprocess.run(asked, env=dict(environment), capture_output=True, text=True)
        places = list(self.folder.glob("lib/python*/site-packages"))
        for path in map(Path, found.stdout.split("\n") if found.returncode == 0 and places else ()):
            if path.is_absolute() and not (places[0] / path.name).exists():
                (places[0] / path.name).symlink_to(path)
        if places and (places[0] / "torch").is_symlink():
            say(f"Using torch {version} of {self.interpreter}")

    def remove(self) -> int:
        """Delete it and return the bytes that became free. Raises ToolError while a run makes it."""
        with self._alone(None):
            size = self.size
            shutil.rmtree(self.folder, ignore_errors=True)
        return size

    def variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        """`environment` for programs of this one: its own first on the PATH, no code of strangers, no token."""
        kept = {name: value for name, value in environment.items() if name not in _NOT_PASSED}
        path = os.pathsep.join((str(self.bin), environment.get("PATH", os.defpath)))
        return kept | {
            "PATH": path,
            "VIRTUAL_ENV": str(self.folder),
            "ALLOW_REMOTE_CODE": "false",
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "OMP_WAIT_POLICY": "PASSIVE",
        }

    def _run(self, command: list[str], environment: Mapping[str, str], say: Say, remedy: str) -> None:
        child, last = Child(command, self.folder.parent, environment), ""
        for line in child:
            print(line, flush=True)  # the job's log
            last = line if "ERROR" in line or not last else last
            if TOLD.match(line):
                say(_short(line))
        if child.code:
            name = Path(command[2] if command[1] == "-m" else command[0]).name
            raise ToolError(f"AutoTrain's environment could not be made: {name} failed. {last[:300]}", remedy)

    @contextmanager
    def _alone(self, say: Say | None) -> Iterator[None]:
        """Hold the environment's lock: two runs must not make it at once."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder.with_name(f"{self.folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if say is None:
                    raise ToolError("AutoTrain's environment is being made by a run.", "Wait, or cancel it.") from None
                say("Another run is making it: waiting")
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _short(line: str) -> str:
    """What pip is about, without where it gets it from."""
    if line.startswith("Installing"):
        return f"Installing {line.count(',') + 1} packages"
    if line.startswith("Successfully"):
        return f"Installed {len(line.split()) - 2} packages"
    return re.sub(r"\s+\(from .*|https?://\S*/", " ", line).strip()[:120]


def _fingerprint() -> str:
    return hashlib.sha256("\n".join((*NEEDED, PACKAGE)).encode()).hexdigest()[:16]


def _check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder.parent).free / 1e9
    if free < FREE_GB:
        raise ToolError(
            f"The disk is too full for AutoTrain's environment: {free:.1f} GB are free, {FREE_GB:.0f} GB are needed.",
            "Free some space.",
        )


_NO_VENV = "On Debian or Ubuntu install the package python3-venv, then start again."
_NO_PACKAGES = "Check the network, then start again: what was downloaded is kept by pip. The whole log is worker.log."
_BROKEN = "Remove it with `attune trainers --remove autotrain`, then start again."
