"""What a hosted run may be, what it chooses itself, and how many tokens it is likely to bill."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.openai import training_files
from tools.options import OPTIONS
from tools.trainer import Range, ToolError, TrainRequest

LEAST_ROWS = 10
MOST_EPOCHS, MOST_BATCH, MOST_BETA = (OPTIONS[name].hosted_high for name in ("epochs", "batch_size", "beta"))
FILE_BYTES = 512_000_000
AUTO_EPOCHS, FEW_ROWS, MOST_AUTO, MANY_ROWS = 3, 100, 25, 25_000
BYTES_PER_TOKEN = Range(2.5, 5.0)  # JSON around it not counted; other scripts take fewer bytes a token than English
TOKENS_PER_MESSAGE = Range(3.0, 8.0)
METHODS = ("sft", "dpo")


@dataclass(frozen=True)
class JobLimits:
    """What one vendor allows, where it differs."""

    vendor: str
    suffix: int = 64
    bases: str = ""  # what to say when a base is not theirs


def check(request: TrainRequest, limits: JobLimits) -> None:
    """Raises ToolError for a request that the vendor would refuse after the upload."""
    vendor = limits.vendor
    if request.method not in METHODS:
        raise ToolError(f"{vendor} cannot tune by {request.method.upper()}.", "Choose sft or dpo.")
    if not request.base or Path(request.base).is_dir():
        named = f"'{Path(request.base).name}' is a model of this machine" if request.base else "No base is named"
        raise ToolError(f"{named}: {vendor} tunes its own only.", f"Name a base: {limits.bases}.".replace(" .", "."))
    if request.tuning != "lora":
        raise ToolError(f"{vendor} does not offer {request.tuning} tuning.", "Leave the kind of tuning to it.")
    count = len(request.preferences if request.method == "dpo" else request.train)
    kind = "pairs of a chosen and a rejected answer" if request.method == "dpo" else "conversations"
    if count < LEAST_ROWS:
        raise ToolError(f"{vendor} asks for at least {LEAST_ROWS} {kind}; there are {count}.", "Approve more answers.")
    if not 0 <= request.epochs <= MOST_EPOCHS:
        raise ToolError(f"{request.epochs:g} epochs are more than {MOST_EPOCHS:g}.", "Choose fewer.")
    if not 0 <= request.batch_size <= MOST_BATCH:
        raise ToolError(f"{request.batch_size} rows a step are more than {MOST_BATCH:g}.", "Choose fewer.")
    if not 0 <= request.beta <= MOST_BETA:
        raise ToolError(f"A beta of {request.beta:g} is not between 0 and {MOST_BETA:g}.", "Choose 0.1, for example.")
    _check_rows(request, limits)


def epochs(request: TrainRequest) -> int:
    """Times over the rows: what was asked for, else the vendor's published rule for `auto`."""
    if request.epochs:
        return math.ceil(request.epochs)
    count = len(request.preferences if request.method == "dpo" else request.train)
    if count * AUTO_EPOCHS < FEW_ROWS:
        return min(MOST_AUTO, FEW_ROWS // count)
    return max(1, MANY_ROWS // count) if count * AUTO_EPOCHS > MANY_ROWS else AUTO_EPOCHS


def hyperparameters(request: TrainRequest) -> dict[str, Any]:
    """Those that were chosen; the vendor decides the rest."""
    theirs = [o for o in OPTIONS.values() if o.openai and o.hosted_high]  # the seed stands beside them
    found = {o.openai: getattr(request, o.name) for o in theirs if request.method in (o.methods or METHODS)}
    return {name: math.ceil(value) if name == "n_epochs" else value for name, value in found.items() if value}


def suffix(request: TrainRequest, limits: JobLimits) -> str:
    """The request's suffix as it may stand in a model's name: letters, digits, hyphens, within the vendor's limit."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in request.suffix.lower())
    return kept[: limits.suffix].strip("-")


def tokens(request: TrainRequest) -> Range:
    """Tokens billed for training, every epoch counted, from the bytes of the rows."""
    messages = _texts(request)
    size = sum(len(text.encode()) for text in messages)
    low = size / BYTES_PER_TOKEN.high + TOKENS_PER_MESSAGE.low * len(messages)
    high = size / BYTES_PER_TOKEN.low + TOKENS_PER_MESSAGE.high * len(messages)
    times = epochs(request)
    return Range(low * times, high * times)


def left_to(request: TrainRequest, limits: JobLimits) -> str:
    """A sentence on what was chosen in vain: the vendor decides it. Empty when nothing was."""
    ignored = [o.left_to for o in OPTIONS.values() if o.left_to and getattr(request, o.name) != o.plain]
    ignored += ["the window"] * bool(request.max_length)
    return f" {limits.vendor} itself decides {', '.join(ignored)}." if ignored else ""


def _texts(request: TrainRequest) -> list[str]:
    if request.method == "dpo":
        pairs = request.preferences
        return [str(m["content"]) for p in pairs for m in p.prompt] + [t for p in pairs for t in (p.chosen, p.rejected)]
    return [str(message["content"]) for row in request.train for message in row]


def _check_rows(request: TrainRequest, limits: JobLimits) -> None:
    if request.method == "dpo" and any(not (p.chosen and p.rejected) for p in request.preferences):
        raise ToolError("A preference lacks one of its two answers.", "DPO reads both; leave those out.")
    learned = [m for row in request.train for m in row if m["role"] == "assistant" and m.get("weight", 1)]
    if request.method == "sft" and not learned:
        raise ToolError("No conversation holds an answer to learn from.", "Approve at least one answer.")
    size = sum(len(json.dumps(row, ensure_ascii=False).encode()) + 1 for row in training_files.rows(request)[0])
    if size > FILE_BYTES:
        raise ToolError(
            f"The rows are {size / 1e6:.0f} MB; {limits.vendor} takes {FILE_BYTES // 1_000_000} MB.",
            "Train on fewer conversations.",
        )
