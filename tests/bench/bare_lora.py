"""What training is compared with: `python -m tests.bench.bare_lora KIND BASE ROWS.jsonl OUT EPOCHS RATE RANK STEPS`.

KIND "peft": a loop of peft and torch with nothing around it: bf16 autocast, batches of 8 sorted by length, the head
only at learned positions, linear decay. "trl": TRL's SFTTrainer with its defaults. "unsloth": the settings of Unsloth's
notebooks. STEPS of 0: as many as the epochs take. OUT gets the merged model.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
BATCH = 8


def peft_loop(base: str, rows: list[Any], out: str, epochs: float, rate: float, rank: int, steps: int) -> None:
    """The bare loop."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(3407)
    shuffle = random.Random(3407)
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=MODULES)
    model: Any = get_peft_model(AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16), config)
    learning = [weights for weights in model.parameters() if weights.requires_grad]
    for weights in learning:
        weights.data = weights.data.float()
    data = sorted((encoded(tokenizer, row) for row in rows), key=lambda row: len(row[0]))
    batches = [data[start : start + BATCH] for start in range(0, len(data), BATCH)]
    total = steps or round(epochs * len(batches))
    warm = max(1, round(0.05 * total))
    optimizer = torch.optim.AdamW(learning, lr=rate, weight_decay=0, fused=True)
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: min(n / warm, (total - n) / (total - warm)))
    decoder, head = model.base_model.model.model, model.base_model.model.lm_head
    for step in range(total):
        if step % len(batches) == 0:
            shuffle.shuffle(batches)
        ids, labels, mask = padded(batches[step % len(batches)], tokenizer.pad_token_id)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            states = decoder(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state[:, :-1]
            there = labels[:, 1:] != -100
            loss = torch.nn.functional.cross_entropy(head(states[there]).float(), labels[:, 1:][there])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        decay.step()
        optimizer.zero_grad()
    model.merge_and_unload().save_pretrained(out)
    tokenizer.save_pretrained(out)


def encoded(tokenizer: Any, messages: list[Any]) -> tuple[list[int], list[int]]:
    """Tokens and labels; the answers are learned, up to the token that ends them."""
    ids = tokenizer.apply_chat_template(messages, return_dict=True)["input_ids"]
    labels = [-100] * len(ids)
    for i, message in enumerate(messages):
        if message["role"] == "assistant":
            before, after = messages[:i], messages[: i + 1]
            asked = tokenizer.apply_chat_template(before, add_generation_prompt=True, return_dict=True)["input_ids"]
            end = len(tokenizer.apply_chat_template(after, return_dict=True)["input_ids"]) - 1
            labels[len(asked) : end] = ids[len(asked) : end]
    return ids, labels


def padded(batch: list[tuple[list[int], list[int]]], fill: int) -> tuple[Any, Any, Any]:
    import torch

    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [fill] * (longest - len(ids)) for ids, _ in batch])
    labels = torch.tensor([labels + [-100] * (longest - len(labels)) for _, labels in batch])
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in batch])
    return ids, labels, mask


def trl_defaults(base: str, rows: list[Any], out: str, epochs: float, steps: int) -> None:
    """As TRL's quick start has it: rows of messages, a LoraConfig, everything else left alone."""
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    trainer: Any = SFTTrainer(
        model=base,
        args=SFTConfig(output_dir=f"{out}-run", num_train_epochs=epochs, max_steps=steps or -1, report_to="none"),
        train_dataset=Dataset.from_list([{"messages": row} for row in rows]),
        peft_config=LoraConfig(),
    )
    trainer.train()
    trainer.model.merge_and_unload().save_pretrained(out)
    trainer.processing_class.save_pretrained(out)


def unsloth_notebook(base: str, rows: list[Any], out: str, epochs: float, steps: int) -> None:
    """As Unsloth's notebooks have it: r 16, rate 2e-4, 2 rows at once and 4 times a step, answers only."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer
    from unsloth import FastLanguageModel
    from unsloth.chat_templates import train_on_responses_only

    model: Any
    tokenizer: Any
    model, tokenizer = FastLanguageModel.from_pretrained(base, max_seq_length=2048, load_in_4bit=False)
    model = FastLanguageModel.get_peft_model(
        model,
        r=16,
        lora_alpha=16,
        lora_dropout=0,
        bias="none",
        target_modules=MODULES,
        random_state=3407,
        use_gradient_checkpointing="unsloth",
    )
    texts = [{"text": tokenizer.apply_chat_template(row, tokenize=False)} for row in rows]
    args = SFTConfig(
        output_dir=f"{out}-run",
        per_device_train_batch_size=2,
        gradient_accumulation_steps=4,
        warmup_steps=5,
        num_train_epochs=epochs,
        max_steps=steps or -1,
        learning_rate=2e-4,
        logging_steps=1,
        optim="adamw_8bit",
        weight_decay=0.001,
        lr_scheduler_type="linear",
        seed=3407,
        report_to="none",
        dataset_text_field="text",
    )
    trainer: Any = SFTTrainer(
        model=model, processing_class=tokenizer, train_dataset=Dataset.from_list(texts), args=args
    )
    asked, answered = "<|im_start|>user\n", "<|im_start|>assistant\n"
    trainer = train_on_responses_only(trainer, instruction_part=asked, response_part=answered)
    trainer.train()
    model.merge_and_unload().save_pretrained(out)
    tokenizer.save_pretrained(out)


def main(kind: str, base: str, file: str, out: str, epochs: str, rate: str, rank: str, steps: str) -> None:
    rows = [json.loads(line)["messages"] for line in Path(file).read_text(encoding="utf-8").splitlines()]
    if kind == "peft":
        return peft_loop(base, rows, out, float(epochs), float(rate), int(rank), int(steps))
    other = unsloth_notebook if kind == "unsloth" else trl_defaults
    return other(base, rows, out, float(epochs), int(steps))


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main(*sys.argv[1:])
