"""What no worker could train on, refused before anything is prepared: a sentence for each. Loads nothing heavy."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from tools import options
from tools.engine.gguf import convert
from tools.local import base_model, machine, recipe
from tools.trainer import Message, ToolError, TrainRequest

HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
ADAPTER, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def checked(request: TrainRequest) -> TrainRequest:
    """The request with absolute folders. Raises ToolError for what no worker could train on."""
    _check_choices(request)
    _check_rows(request)
    folder = Path(request.base).expanduser()
    if folder.is_dir() or not HUB_ID.fullmatch(request.base):
        base_model.check_tunable(folder)
        convert.check_packable(folder)
        request = replace(request, base=str(folder.resolve()))
    if request.adapter:
        adapter = Path(request.adapter).expanduser()
        check_adapter(adapter, Path(request.base), request.tuning)
        request = replace(request, adapter=str(adapter.resolve()))
    return request


def check_adapter(adapter: Path, base: Path, tuning: str) -> None:
    """Raise ToolError unless the folder holds a LoRA whose matrices fit the base's layers."""
    if tuning == "full":
        raise ToolError(
            "Full tuning cannot continue from an adapter.",
            "Take the earlier run's whole model as the base, or tune with LoRA.",
        )
    if not (adapter / ADAPTER).is_file() or not (adapter / ADAPTER_WEIGHTS).is_file():
        raise ToolError(
            f"{adapter} is not an adapter: it has no {ADAPTER} with {ADAPTER_WEIGHTS}.",
            "Name the adapter folder of an earlier run.",
        )
    kind = settings(adapter).get("peft_type")
    if kind != "LORA":
        raise ToolError(f"{adapter} is not a LoRA adapter but {kind}.", "Start again from the base.")
    if base.is_dir():
        _check_shapes(adapter, base)


def settings(adapter: Path) -> dict[str, object]:
    """The adapter's own configuration: rank, alpha, which layers."""
    try:
        found = json.loads((adapter / ADAPTER).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ToolError(f"{adapter / ADAPTER} is damaged: it is not JSON.", "Name another adapter.") from error
    return found if isinstance(found, dict) else {}


def _check_choices(request: TrainRequest) -> None:
    options.check_request(request)
    if request.tuning == "qlora" and not machine.has_gpu():
        raise ToolError("QLoRA needs a GPU, and there is none here.", "Choose LoRA instead.")
    if request.patience and not (request.test or request.test_preferences):
        raise ToolError("Early stopping needs rows to evaluate on, and there are none.", "Leave patience at 0.")
    batch = request.batch_size or recipe.BATCH
    if batch % request.processes:
        raise ToolError(
            f"A batch of {batch} rows cannot be shared evenly by {request.processes} processes.",
            f"Make the batch a multiple of {request.processes}.",
        )
    cards = len(machine.gpu_gb())
    if cards and request.processes > cards:
        raise ToolError(f"{request.processes} processes were asked for, but {cards} GPUs are here.", "Ask for fewer.")


def _check_rows(request: TrainRequest) -> None:
    if request.method == "sft":
        if not request.train:
            raise ToolError("There is nothing to train on.", "Approve at least one conversation.")
        if not any(_learned(message) for row in request.train for message in row):
            raise ToolError("No conversation holds an answer to learn from.", "Approve at least one answer.")
        return
    if not recipe.rows(request):
        what = "pair of a better and a worse answer" if request.method == "dpo" else "judged answer"
        raise ToolError(
            f"{request.method.upper()} needs at least one {what}, and there is none.",
            "Edit or regenerate an answer and approve the better one.",
        )
    if request.method == "kto":
        good, bad = (any(getattr(one, name) for one in request.preferences) for name in ("chosen", "rejected"))
        if not (good and bad):
            raise ToolError(
                f"KTO needs good and bad answers, and there are no {'bad' if good else 'good'} ones.",
                "Approve some answers and reject others.",
            )
        if (request.batch_size or recipe.BATCH) // request.processes < 2:
            raise ToolError(
                "KTO compares the answers of a batch: it needs at least 2 in each process.", "Raise the batch."
            )


def _learned(message: Message) -> bool:
    return message.get("role") == "assistant" and message.get("weight", 1) != 0


def _check_shapes(adapter: Path, base: Path) -> None:
    """LoRA's two matrices take a layer's inputs and give its outputs: they show whether it was made for this base."""
    layers = {name: shape for path in base.glob("*.safetensors") for name, shape in base_model.shapes(path).items()}
    for name, shape in base_model.shapes(adapter / ADAPTER_WEIGHTS).items():
        stem, _, rest = name.removeprefix("base_model.model.").partition(".lora_")
        layer = layers.get(f"{stem}.weight")
        if not rest or not layers or len(shape) != 2:
            continue
        side = 1 if rest.startswith("A") else 0
        if layer is None or layer[side] != shape[side]:
            raise ToolError(
                f"The adapter {adapter} does not fit {base.name}: it was trained on another model.",
                "Name the base that it was made from.",
            )
