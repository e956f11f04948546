"""What this machine has to train with: processors, accelerators, memory. Asks the system, imports nothing heavy."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
BF16 = {"avx512_bf16", "amx_bf16", "bf16"}  # of x86 and of Arm
ARITHMETIC = BF16 | {"avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_fp16", "amx_tile", "asimd", "sve", "sve2"}


@dataclass(frozen=True)
class Hardware:
    """What a forecast needs to know of a machine. `cores`: that one process may use; `bf16`: they multiply in it."""

    gpu: bool
    cores: int
    bf16: bool = False


def hardware() -> Hardware:
    """This machine's."""
    return Hardware(has_gpu(), cores(), has_bf16())


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_bf16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether the processors multiply bf16 by instructions of their own; emulated, it is several times slower.

    Linux tells by its flags. Elsewhere it counts as absent: 32 bits are right everywhere.
    """
    return not BF16.isdisjoint(_flags(cpuinfo))


def arithmetic(cpuinfo: Path = CPUINFO) -> list[str]:
    """The instructions of the processors that decide in which order and width sums are made, sorted.

    Two machines that differ in them may train to other last digits. Empty where the system does not tell.
    """
    return sorted(ARITHMETIC & _flags(cpuinfo))


def _flags(cpuinfo: Path) -> set[str]:
    if not cpuinfo.is_file():
        return set()
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    return set(next((line for line in lines if line.startswith(("flags", "Features"))), "").split())


def has_gpu() -> bool:
    """Whether a GPU of NVIDIA or AMD is there, as far as its driver's files tell."""
    return shutil.which("nvidia-smi") is not None or Path("/dev/kfd").exists()


def gpu_gb() -> list[float]:
    """Memory of each NVIDIA GPU in GB; empty where there is none or its driver does not answer."""
    if shutil.which("nvidia-smi") is None:
        return []
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
        return [float(line) * 1024**2 / 1e9 for line in done.stdout.split("\n") if line.strip()]
    except (OSError, ValueError, subprocess.SubprocessError):
        return []


def memory_gb() -> float:
    """Memory that one process can train in, in GB: of the smallest GPU, else the machine's. 0 = not known."""
    if has_gpu():
        return min(gpu_gb(), default=0.0)
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (ValueError, OSError):
        return 0.0
