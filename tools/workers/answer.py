"""Greedy answers of a model that is being trained, in one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tools.workers import rows


@dataclass(frozen=True)
class Answer:
    """What the model said to `messages`, and how many tokens it was fed."""

    messages: list[rows.Message]
    answer: str
    prompt_tokens: int


def greedy(model: Any, tokenizer: Any, prompts: list[list[rows.Message]], most: int) -> list[Answer]:
    """Answers of at most `most` tokens. The model is left in the mode it came in."""
    import torch

    asked = [rows.prompt(tokenizer, prompt) for prompt in prompts]
    batch = tokenizer.pad({"input_ids": asked}, padding_side="left", return_tensors="pt").to(model.device)
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            said = model.generate(**batch, max_new_tokens=most, do_sample=False, use_cache=True)
    finally:
        model.train(training)
        if training and hasattr(model, "for_training"):
            model.for_training()  # unsloth switches to inference by itself, but not back
    texts = tokenizer.batch_decode(said[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return [Answer(prompt, text.strip(), len(ids)) for prompt, text, ids in zip(prompts, texts, asked, strict=True)]
