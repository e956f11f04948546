"""What was trained -> one model that plain transformers can load: an adapter with its base, or all of the weights.

As a program, `python -m tools.workers.compute.merge BASE ADAPTER FOLDER`, it merges as a run on a CPU does at its end.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tools.engine.embedded import SERVED
from tools.engine.gguf import convert
from tools.local import base_model, recipe
from tools.trainer import ToolError

FULL_PRECISION = 2e9  # parameters up to which the sum is made in 32 bits, before it is rounded once


def merge(base: str, adapter: Path, folder: Path, parameters: int, exact: bool) -> None:
    """Write the merged model, tokenizer, chat template and generation config into `folder`.

    The adapter is read back from the disk, so what is merged is what was saved. Tied embeddings stay tied. Weights
    are rounded to the base's dtype, or kept in 32 bits when `exact`: rounding to bf16 changes greedy answers.
    A half-written folder of an earlier try is overwritten.
    """
    import torch
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    stored = torch.float32 if exact else AutoConfig.from_pretrained(base).dtype or torch.float32
    wide = exact or parameters <= FULL_PRECISION
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32 if wide else stored)
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    merged.to(stored)
    merged.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)


def whole(model: Any, base: str, folder: Path, exact: bool) -> None:
    """Write a model that was tuned in full, with the base's tokenizer, in the base's dtype or 32 bits when `exact`."""
    import torch
    from transformers import AutoConfig, AutoTokenizer

    model.to(torch.float32 if exact else AutoConfig.from_pretrained(base).dtype or torch.float32)
    model.config.use_cache = True
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)


def served(folder: Path, base: Path) -> str:
    """Write the GGUF that is served beside the weights. Why that could not be, in a sentence; "" where it was.

    The weights are good all the same: the engine tries again when it is asked for the model, and tells the user.
    """
    like = base / SERVED
    try:
        convert.pack(folder, folder / SERVED, "bf16", like if like.is_file() else None)
    except ToolError as error:
        return str(error)
    return ""


def saved(folder: Path) -> Any:
    """The model in the folder, in the dtype that it was saved in, where it computes fastest."""
    import torch
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


if __name__ == "__main__":
    own, adapted, made = sys.argv[1:]
    count = base_model.parameters(Path(own))
    merge(own, Path(adapted), Path(made), count, exact=count <= recipe.MIDDLE)
    print(served(Path(made), Path(own)))
