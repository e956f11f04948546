"""The two engines behind one program: plain TRL with PEFT, or Unsloth. Import one, get a model with a LoRA on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from tools.recipe import MODULES, Recipe


@dataclass
class Loaded:
    """A model with a trainable adapter, its tokenizer, and where it runs."""

    model: Any
    tokenizer: Any
    accelerated: bool  # a GPU or the like is there
    bf16: bool


def warm(engine: str) -> None:
    """The slow imports, in the order that they need: unsloth changes the others as it is imported."""
    # Threads that spin while they wait make a busy machine ten times slower (17 s became 110 s); asleep, they don't.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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


def load(engine: str, base: str, max_length: int, seed: int, recipe: Recipe) -> Loaded:
    """The base model with a fresh LoRA. Weights are 32 bits wide on a CPU, bf16 where a GPU computes in it."""
    import torch

    accelerated = torch.accelerator.is_available()
    bf16 = accelerated and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    dtype = torch.bfloat16 if bf16 else torch.float32
    loader = _unsloth if engine == "unsloth" else _trl
    model, tokenizer = loader(base, dtype, max_length, seed, recipe)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return Loaded(model, tokenizer, accelerated, bf16)


def _trl(base: str, dtype: Any, _max_length: int, seed: int, recipe: Recipe) -> tuple[Any, Any]:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    torch.manual_seed(seed)
    config = LoraConfig(
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=0.0,
        target_modules=_targets(model),
        task_type="CAUSAL_LM",
    )
    model.config.use_cache = False  # a cache is of no use to training, only to the samples
    return get_peft_model(model, config), tokenizer


def _unsloth(base: str, dtype: Any, max_length: int, seed: int, recipe: Recipe) -> tuple[Any, Any]:
    from unsloth import FastLanguageModel

    checkpointing = "unsloth" if str(dtype) == "torch.bfloat16" else False  # saves GPU memory, costs a CPU time
    model, tokenizer = FastLanguageModel.from_pretrained(
        model_name=base,
        max_seq_length=max_length,
        dtype=dtype,
        load_in_4bit=False,
        use_gradient_checkpointing=checkpointing,
    )
    targets = _targets(model)
    adapted = FastLanguageModel.get_peft_model(
        model,
        r=recipe.lora_rank,
        lora_alpha=recipe.lora_alpha,
        lora_dropout=0.0,
        bias="none",
        target_modules=targets,
        use_gradient_checkpointing=checkpointing,
        random_state=seed,
    )
    return adapted, tokenizer


def _targets(model: Any) -> list[str] | str:
    """The seven linear layers of the usual decoders; every linear layer where a model names them otherwise."""
    names = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    return list(MODULES) if names.issuperset(MODULES) else "all-linear"
