"""What exactly is served: sha256 of every part of a tuned model, of its base, and the settings that it answers with."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.evidence.certificate.proof import Proof
from assistant.record.types import Job, Variant
from assistant.settings import Settings
from tools.engine import model_files
from tools.engine.hashes import FileHashes
from tools.local.second_look import SecondLook, TunedModel

Identity = dict[str, Any]
SERVED = "served file"


def of(settings: Settings, job: Job, variant: Variant, at: TunedModel) -> Identity:
    """Every file is read anew. {"files": {part: {path: sha256}}, "served", "base", "answers", "bytes", "seconds"}.

    Paths are relative to the data folder where they lie in it. `served`: the sha256 of the file that answers.
    """
    began, hashes = time.monotonic(), FileHashes(settings.hashes)
    parts = model_files.parts(at.model) | {SERVED: [at.served]}
    if at.adapter is not None:
        parts["adapter"] = model_files.parts(at.adapter).get("adapter", [])
    files = {
        part: {settings.portable(str(path)): hashes.of(path, fresh=True) for path in paths}
        for part, paths in parts.items()
    }
    base = {path.name: hashes.of(path) for paths in _base(at) for path in paths}
    system = hashlib.sha256(variant.system.encode()).hexdigest()
    return {
        "files": files,
        "served": files[SERVED][settings.portable(str(at.served))],
        "base": {"name": str(job.request.get("base_name", "")), "files": base},
        "answers": {
            "variant": variant.id,
            "system_sha256": system,
            "temperature": variant.temperature,
            "max_tokens": variant.max_tokens,
            "passages": variant.passages,
        },
        "bytes": sum(path.stat().st_size for paths in parts.values() for path in paths),
        "seconds": round(time.monotonic() - began, 2),
    }


def served_files(identity: Mapping[str, Any]) -> dict[str, str]:
    """path -> sha256 of what answers depend on, the served file first; the adapter is in the weights by now."""
    files = identity.get("files", {})
    kept = {SERVED: files.get(SERVED, {})} | {part: found for part, found in files.items() if part != "adapter"}
    return {path: digest for found in kept.values() for path, digest in found.items()}


def proofs(job: Job, found: Identity, look: SecondLook) -> list[Proof]:
    """Against what the trainer noted when it ended, and against what the parts were made of."""
    return [_files(job, found, look), _merge(job, found, look), _engine(look), _ends(look)]


def _files(job: Job, found: Identity, look: SecondLook) -> Proof:
    """The files are those that the run left. A served file that was made anew is right where its tensors are."""
    noted = job.metrics.get("made", {})
    if not noted.get("model"):
        return Proof("files", True, f"the run noted no hashes to compare with; {_read(found)}")
    for part, files in found["files"].items():
        before = noted.get("adapter" if part == "adapter" else "model", {})
        anew = part == SERVED and look.packed == ""
        for path, digest in files.items():
            name = Path(path).name
            if name in before and before[name] != digest and not anew:
                return Proof("files", False, f"{name} has the sha256 {digest[:12]}, the run left {before[name][:12]}")
            if name not in before and part != SERVED:
                return Proof("files", False, f"{name} is there, and the run left no such file")
    gone = [name for name in noted["model"] if name not in _names(found) and not name.endswith(".gguf")]
    if gone:
        return Proof("files", False, f"{gone[0]} is gone")
    return Proof("files", True, f"as the run left them; {_read(found)}")


def _merge(job: Job, found: Identity, look: SecondLook) -> Proof:
    noted, now = job.metrics.get("made", {}).get("base", {}), found["base"]["files"]
    other = next((name for name, digest in now.items() if noted.get(name, digest) != digest), "")
    if other:
        return Proof("merge", True, f"not computed anew: {other} of the base is not what it was trained on any more")
    if look.merged is None:
        return Proof("merge", True, "not computed anew: there is no plain adapter and base here")
    return Proof("merge", not look.merged, look.merged or "every weight is the base's plus the adapter")


def _engine(look: SecondLook) -> Proof:
    if look.packed is None:
        return Proof("served file", True, "not compared tensor by tensor: the engine's converter made it")
    return Proof("served file", not look.packed, look.packed or "every tensor is the model's")


def _ends(look: SecondLook) -> Proof:
    """The engine ends an answer where the model was taught to."""
    right = bool(look.engine_ends) and look.engine_ends[0] in look.ends
    told = f"token {look.engine_ends[0]}" if look.engine_ends else "no token"
    taught = ", ".join(map(str, look.ends))
    return Proof("end of an answer", right, told if right else f"the engine ends at {told}, it was taught {taught}")


def _base(at: TunedModel) -> list[list[Path]]:
    return list(model_files.parts(at.base).values()) if at.base is not None else []


def _names(found: Identity) -> set[str]:
    return {Path(path).name for files in found["files"].values() for path in files}


def _read(found: Identity) -> str:
    return f"{found['bytes'] / 1e6:,.0f} MB hashed in {found['seconds']:.1f} s"
