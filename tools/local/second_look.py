"""A tuned model looked at once more as its trainer does, in a child process: tokens, the merge, the served file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools import process
from tools.trainer import Message, ToolError

WORKER = "tools.workers.certify"
SECONDS = 900.0  # in which it has to end: weights of some GB are read twice


@dataclass(frozen=True)
class TunedModel:
    """Where its parts are. `tokenizer`: the folder that the trainer wrote its own into; `base` and `adapter` are None
    where there is none here, or every weight was tuned; `served` is the GGUF file that answers."""

    model: Path
    served: Path
    tokenizer: Path
    base: Path | None = None
    adapter: Path | None = None


@dataclass(frozen=True)
class SecondLook:
    """`ids`: of each prompt; `texts`: of each id; `ends`: where the model was taught to end, and where the engine does.

    `merged` and `packed`: what is wrong in words, "" where nothing is, None where it could not be computed.
    """

    ids: list[list[int]]
    texts: dict[str, str]
    ends: list[int]
    engine_ends: list[int]
    merged: str | None
    packed: str | None


def look(at: TunedModel, prompts: Sequence[list[Message]], interpreter: str | None = None) -> SecondLook:
    """Blocks for some seconds and reads all weights once. Raises ToolError where a part is damaged."""
    order = {
        "model": str(at.model),
        "served": str(at.served),
        "tokenizer": str(at.tokenizer),
        "base": str(at.base or ""),
        "adapter": str(at.adapter or ""),
        "prompts": list(prompts),
    }
    command = [interpreter or sys.executable, "-m", WORKER]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(order, ensure_ascii=False).encode(),
            env=process.environment(str(at.model)),
            capture_output=True,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"The model could not be looked at: {error}.", "Try again.") from error
    if done.returncode:
        said = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
        raise ToolError(f"The model could not be looked at: {said[:300]}", "Train again if it is damaged.")
    return SecondLook(**json.loads(done.stdout))
