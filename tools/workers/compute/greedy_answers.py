"""Looking at a model that is being trained: its greedy answers, and how often it would choose the right token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tools.workers.training import token_rows


@dataclass(frozen=True)
class Answer:
    """What the model said to `messages`, and how many tokens it was fed."""

    messages: list[token_rows.Message]
    answer: str
    prompt_tokens: int


def greedy(
    model: Any,
    tokenizer: Any,
    prompts: list[list[token_rows.Message]],
    most: int,
    seconds: float | None = None,
    bf16: bool = False,
) -> list[Answer]:
    """Answers of at most `most` tokens, cut where `seconds` are over. The model is left in the mode it came in."""
    import torch

    asked = [token_rows.prompt(tokenizer, prompt) for prompt in prompts]
    batch = tokenizer.pad({"input_ids": asked}, padding_side="left", return_tensors="pt").to(model.device)
    narrow = torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=bf16)
    with resting(model), torch.no_grad(), narrow:
        said = model.generate(**batch, max_new_tokens=most, do_sample=False, use_cache=True, max_time=seconds)
    texts = tokenizer.batch_decode(said[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return [Answer(prompt, text.strip(), len(ids)) for prompt, text, ids in zip(prompts, texts, asked, strict=True)]


def accuracy(model: Any, built: Sequence[token_rows.Row]) -> float:
    """The share of learned tokens that the model holds for the likeliest, over all rows, one at a time."""
    import torch

    right, learned = 0, 0
    with resting(model), torch.no_grad():
        for row in built:
            ids, labels = (torch.tensor([row[name]], device=model.device) for name in ("input_ids", "labels"))
            guessed = model(input_ids=ids).logits[:, :-1].argmax(-1)
            counted = labels[:, 1:] != token_rows.IGNORED
            right += int(((guessed == labels[:, 1:]) & counted).sum())
            learned += int(counted.sum())
    return right / max(learned, 1)


@contextmanager
def resting(model: Any) -> Iterator[None]:
    """The model not in training; afterwards it is left in the mode it came in."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
        if training and hasattr(model, "for_training"):
            model.for_training()  # unsloth switches to inference by itself, but not back
