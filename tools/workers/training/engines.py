"""The two engines behind one program: plain TRL with PEFT, or Unsloth. Import one, get a model that can be trained."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.local import checks, machine
from tools.local.recipe import MODULES, SMALL, Recipe
from tools.trainer import ToolError
from tools.workers.compute import attention


@dataclass
class Loaded:
    """A model with its trainable weights (an adapter's, or all), its tokenizer, and where it runs."""

    model: Any
    tokenizer: Any
    accelerated: bool  # a GPU or the like is there
    bf16: bool  # products are computed in it


@dataclass(frozen=True)
class Wanted:
    """What to load: `base` is a folder, `adapter` one to go on from or "", `tuning` lora, qlora or full."""

    base: str
    tuning: str
    adapter: str
    max_length: int
    seed: int
    parameters: int


def warm(engine: str, alone: bool) -> None:
    """The slow imports, in the order that they need: unsloth changes the others as it is imported."""
    # Threads that spin while they wait make a busy machine ten times slower (17 s became 110 s); asleep, they don't.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if alone:  # transformers would spread one process over every GPU that it sees, in a way that nobody recommends
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    if engine == "unsloth":
        import unsloth  # noqa: F401
    import trl  # noqa: F401


def limit_threads(most: int) -> None:
    """Use this many threads to compute with."""
    import torch

    torch.set_num_threads(most)


def threads() -> int:
    """Threads that compute."""
    import torch

    return int(torch.get_num_threads())


def load(engine: str, wanted: Wanted, recipe: Recipe) -> Loaded:
    """The base model, ready to be tuned. Products are computed in bf16 where that is fast; what learns has 32 bits.

    On a CPU the frozen weights stay as they are stored, since merging adds to those.
    """
    import torch

    accelerated = torch.accelerator.is_available()
    if accelerated:
        bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    else:
        attention.install()
        bf16 = wanted.parameters >= SMALL and machine.has_bf16()  # a tiny model's layers cost less than the casts
    narrow = bf16 and wanted.tuning != "full"  # a full tuning adds steps too small for bf16
    narrow = narrow and (accelerated or _stored(wanted.base) == torch.bfloat16)
    loader = _unsloth if engine == "unsloth" else _trl
    model, tokenizer = loader(wanted, torch.bfloat16 if narrow else torch.float32, recipe)
    if wanted.adapter:
        _go_on_from(model, wanted.adapter)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return Loaded(model, tokenizer, accelerated, bf16)


def _stored(base: str) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(base).dtype


def _trl(wanted: Wanted, dtype: Any, recipe: Recipe) -> tuple[Any, Any]:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(wanted.base)
    packed = {"quantization_config": _four_bits(), "device_map": {"": _device()}} if wanted.tuning == "qlora" else {}
    model = AutoModelForCausalLM.from_pretrained(wanted.base, dtype=dtype, **packed)
    torch.manual_seed(wanted.seed)
    model.config.use_cache = False  # a cache is of no use to training, only to the samples
    if wanted.tuning == "full":
        return model, tokenizer
    if wanted.tuning == "qlora":
        from peft import prepare_model_for_kbit_training

        model = prepare_model_for_kbit_training(model)
    config = LoraConfig(lora_dropout=0.0, task_type="CAUSAL_LM", **_shape(wanted, recipe, model))
    return get_peft_model(model, config), tokenizer


def _unsloth(wanted: Wanted, dtype: Any, recipe: Recipe) -> tuple[Any, Any]:
    import torch
    from unsloth import FastLanguageModel

    checkpointing = "unsloth" if torch.accelerator.is_available() else False  # saves GPU memory, costs a CPU time
    model, tokenizer = FastLanguageModel.from_pretrained(
        model_name=wanted.base,
        max_seq_length=wanted.max_length,
        dtype=dtype,
        load_in_4bit=wanted.tuning == "qlora",
        full_finetuning=wanted.tuning == "full",
        use_gradient_checkpointing=checkpointing,
    )
    if wanted.tuning == "full":
        return model, tokenizer
    adapted = FastLanguageModel.get_peft_model(
        model,
        lora_dropout=0.0,
        bias="none",
        use_gradient_checkpointing=checkpointing,
        random_state=wanted.seed,
        **_shape(wanted, recipe, model),
    )
    return adapted, tokenizer


def _shape(wanted: Wanted, recipe: Recipe, model: Any) -> dict[str, Any]:
    """Rank, alpha and layers of the adapter: the recipe's, or those of the one that is gone on from."""
    if not wanted.adapter:
        return {"r": recipe.lora_rank, "lora_alpha": recipe.lora_alpha, "target_modules": _targets(model)}
    known = checks.settings(Path(wanted.adapter))
    names = ("r", "lora_alpha", "target_modules", "use_rslora")
    return {name: known[name] for name in names if known.get(name) is not None}


def _go_on_from(model: Any, adapter: str) -> None:
    """Put an earlier adapter's weights into the fresh one of the same shape."""
    from peft import load_peft_weights, set_peft_model_state_dict

    try:
        found = set_peft_model_state_dict(model, load_peft_weights(adapter, device="cpu"))
    except RuntimeError as error:
        raise ToolError(f"The adapter {adapter} does not fit this base.", "Name the base it was made from.") from error
    unknown = list(getattr(found, "unexpected_keys", []) or [])
    lacking = [name for name in getattr(found, "missing_keys", []) or [] if ".lora_" in name]
    if unknown or lacking:
        raise ToolError(
            f"The adapter {adapter} does not fit this base: {(unknown + lacking)[0]}.",
            "Name the base that it was made from.",
        )


def _four_bits() -> Any:
    """The base's weights in 4 bits, as QLoRA's authors chose them. Runs on a GPU only; not run by our tests."""
    import importlib.util

    import torch
    from transformers import BitsAndBytesConfig

    if importlib.util.find_spec("bitsandbytes") is None:
        raise ToolError("QLoRA needs bitsandbytes, which is not installed.", "`pip install bitsandbytes`.")
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16,
    )


def _device() -> int:
    """The GPU of this process."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def _targets(model: Any) -> list[str] | str:
    """The seven linear layers of the usual decoders; every linear layer where a model names them otherwise."""
    names = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    return list(MODULES) if names.issuperset(MODULES) else "all-linear"
