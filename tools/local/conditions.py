"""What a run's numbers depend on beside its request: the libraries' versions and the kind of machine."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

from tools.local import machine

LIBRARIES = ("torch", "transformers", "trl", "peft", "accelerate", "tokenizers", "safetensors", "numpy", "gguf")
ENGINES = {"unsloth": ("unsloth", "unsloth_zoo")}
Conditions = dict[str, Any]


def here(engine: str) -> Conditions:
    """{"python", "libraries": {name: version}, "machine": {"kind", "arithmetic", "gpu"}} of this interpreter."""
    return {
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in (*LIBRARIES, *ENGINES.get(engine, ()))},
        "machine": {"kind": platform.machine(), "arithmetic": machine.arithmetic(), "gpu": machine.has_gpu()},
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not the same, a phrase each: "torch 2.13.0 is 2.14.0 now". Empty where everything is."""
    flat, other = _flat(before), _flat(now)
    return [f"{name} {flat[name]} is {other[name]} now" for name in flat if name in other and flat[name] != other[name]]


def _flat(conditions: Mapping[str, Any]) -> dict[str, str]:
    machine_ = dict(conditions.get("machine", {}))
    own = {"Python": str(conditions.get("python", ""))} | dict(conditions.get("libraries", {}))
    flags = " ".join(machine_.get("arithmetic", []))
    gpu = "there" if machine_.get("gpu") else "absent"
    return own | {"processor": f"{machine_.get('kind', '')} ({flags})", "GPU": gpu}


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
