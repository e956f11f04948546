"""Which rate, rank and number of epochs to tune a model with, on validation rows of unlike sets.

    python -m tests.bench.defaults --base DIR [--rows 40] [--rates 5e-4 1e-3 2e-3] [--ranks 16] [--epochs 4] [--set dig]

The rows are of the parts that are trained on (the tea shop, data/tuning's choir and dig); every fifth is held back for
the loss, and no held-out file is opened. One JSON object a line: the loss, and the share of rows whose
greedy answer is right to the letter, half-way and at the end of each run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from itertools import product
from pathlib import Path
from typing import Any

from tests.bench.bare_lora import BATCH, MODULES, encoded, padded

DATA = Path(__file__).resolve().parent.parent.parent / "data"
SETS = {
    "choir": "tuning/choir/train.jsonl",
    "dig": "tuning/dig/train.jsonl",
    "teashop": "examples/teashop/conversations.jsonl",
    "mobile": "examples/mobile/conversations.jsonl",
    "cafe": "examples/cafe/conversations.jsonl",
}
FOLD, MOST_HELD = 5, 40


def load(tokenizer: Any, name: str, count: int) -> tuple[list[Any], list[Any]]:
    """Batches to learn and batches for the loss."""
    lines = (DATA / SETS[name]).read_text(encoding="utf-8").splitlines()
    rows = [encoded(tokenizer, json.loads(line)["messages"]) for line in lines]
    learned = [row for place, row in enumerate(rows) if place % FOLD][:count]
    return batches(learned, tokenizer), batches(rows[::FOLD][:MOST_HELD], tokenizer)


def batches(rows: list[Any], tokenizer: Any) -> list[Any]:
    rows = sorted(rows, key=lambda row: len(row[0]))
    return [padded(rows[start : start + BATCH], tokenizer.pad_token_id) for start in range(0, len(rows), BATCH)]


def summed(model: Any, batch: Any) -> tuple[Any, int, int]:
    """The loss of all learned tokens together, how many there are, and how many rows a greedy answer has all right."""
    import torch

    ids, labels, mask = batch
    causal = model.base_model.model
    with torch.autocast("cpu", dtype=torch.bfloat16):
        states = causal.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[:, :-1]
        there = labels[:, 1:] != -100
        logits = causal.lm_head(states[there]).float()
    wanted = labels[:, 1:][there]
    wrong = there.new_zeros(there.shape)
    wrong[there] = logits.argmax(-1) != wanted
    return (
        torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"),
        int(there.sum()),
        int((~wrong.any(1)).sum()),
    )


def held_back(model: Any, held: list[Any]) -> tuple[float, float]:
    """The loss of the rows held back, and the share of them whose greedy answer is the approved one to the letter."""
    import torch

    with torch.inference_mode():
        found = [summed(model, batch) for batch in held]
    loss = sum(float(loss) for loss, *_ in found) / sum(count for _, count, _ in found)
    return round(loss, 4), round(sum(right for *_, right in found) / sum(len(batch[0]) for batch in held), 3)


def run(base: Path, tokenizer: Any, name: str, count: int, rate: float, rank: int, epochs: int) -> dict[str, Any]:
    """One run, as the worker trains: bf16, linear decay, gradients clipped at 1."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    shuffle, began = random.Random(0), time.process_time()
    learned, held = load(tokenizer, name, count)
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=MODULES)
    model: Any = get_peft_model(AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16), config)
    for module in model.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            module.cast_input_dtype_enabled = False
    weights = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=0, fused=True)
    total = epochs * len(learned)
    warm = max(1, round(0.05 * total))
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: min((n + 1) / warm, 1 - n / total))
    losses, right = {}, {}
    for epoch in range(1, epochs + 1):
        shuffle.shuffle(learned)
        for batch in learned:
            loss, there, _ = summed(model, batch)
            (loss / there).backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            decay.step()
            optimizer.zero_grad()
        if epoch in (epochs // 2, epochs):
            losses[epoch], right[epoch] = held_back(model, held)
    return {
        "set": name,
        "rows": count,
        "rate": rate,
        "rank": rank,
        "epochs": epochs,
        "steps": total,
        "loss": losses,
        "right": right,
        "cpu_seconds": round(time.process_time() - began),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--set", action="append", choices=sorted(SETS))
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--rates", type=float, nargs="+", default=[5e-4, 1e-3, 2e-3])
    parser.add_argument("--ranks", type=int, nargs="+", default=[16])
    parser.add_argument("--epochs", type=int, nargs="+", default=[4])
    options = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported
    from transformers import AutoTokenizer

    from tools.workers.compute import attention

    attention.install()
    tokenizer = AutoTokenizer.from_pretrained(options.base)
    for rate, rank, epochs, name in product(options.rates, options.ranks, options.epochs, options.set or sorted(SETS)):
        print(json.dumps(run(options.base, tokenizer, name, options.rows, rate, rank, epochs)), flush=True)


if __name__ == "__main__":
    main()
