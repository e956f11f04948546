"""Pretrain the starter model from nothing: `python -m tools.starter.pretrain --steps 5000 --out DIR --seed 1`.

The same seed, steps and number of threads give the same weights. A run that was stopped goes on with --resume.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tools.starter.batches import batch
from tools.starter.tokenizer import build
from tools.starter.words import Words

MUON_RATE, ADAM_RATE, WARMUP, HOLD = 3e-3, 3e-3, 100, 0.45  # rates; steps; share of the steps before the decay begins
LONG_SHARE = 0.2  # of the steps, at the end, with rows twice as long


@dataclass(frozen=True)
class Plan:
    """Everything that decides the weights, apart from the corpus itself."""

    steps: int
    seed: int = 1
    rows: int = 8
    length: int = 512  # tokens a row, twice that at the end
    width: int = 256
    layers: int = 6
    vocabulary: int = 4096
    tokenizer_texts: int = 20_000

    def shape(self, step: int) -> tuple[int, int]:
        """Rows and tokens a row at a step."""
        late = step >= self.steps * (1 - LONG_SHARE)
        return (max(1, self.rows // 2), self.length * 2) if late else (self.rows, self.length)

    def rate(self, step: int) -> float:
        """The share of the full learning rate: up over the warmup, level, then down to zero in a straight line."""
        left = (self.steps - step) / (self.steps * (1 - HOLD))
        return min(1.0, (step + 1) / WARMUP, left)


def model_for(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained model in float32."""
    torch.manual_seed(plan.seed)
    config = LlamaConfig(
        vocab_size=plan.vocabulary, hidden_size=plan.width, intermediate_size=plan.width * 3, num_hidden_layers=plan.layers,
        num_attention_heads=plan.width // 64 or 1, num_key_value_heads=plan.width // 64 or 1, max_position_embeddings=plan.length * 2,
        tie_word_embeddings=True, bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config).float()


def optimizers_for(model: LlamaForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings and norms."""
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [torch.optim.Muon(hidden, lr=MUON_RATE, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(rest, lr=ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0)]


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted mean cross-entropy in nats a token; shapes (rows, length + 1)."""
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits.float()
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    flat = weights[:, 1:].flatten()
    return (losses * flat).sum() / flat.sum()


class Run:
    """A pretraining run with its checkpoint folder."""

    def __init__(self, plan: Plan, out: Path, device: str = "cpu", compiled: bool = True) -> None:
        self.plan, self.out, self.device = plan, out, device
        out.mkdir(parents=True, exist_ok=True)
        self.tokenizer = build(plan.seed, plan.vocabulary, plan.tokenizer_texts)
        self.model = model_for(plan, self.tokenizer).to(device)
        self.optimizers = optimizers_for(self.model)
        self.loss: Any = torch.compile(loss_of) if compiled else loss_of
        self.words, self.step, self.seconds, self.tokens = Words(), 0, 0.0, 0

    def train_step(self) -> float:
        """One step; returns its loss in nats a token."""
        rows, length = self.plan.shape(self.step)
        ids, weights = batch(self.tokenizer.backend_tokenizer, self.words, self.plan.seed, self.step, rows, length)
        share = self.plan.rate(self.step)
        with torch.autocast(self.device, dtype=torch.bfloat16):
            loss = self.loss(self.model, ids.to(self.device), weights.to(self.device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, full in zip(self.optimizers, (MUON_RATE, ADAM_RATE), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = full * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.tokens += rows * length
        return float(loss.detach())

    def checkpoint(self) -> None:
        """Write the state that `resume` reads, in one rename."""
        state = {"model": self.model.state_dict(), "optimizers": [one.state_dict() for one in self.optimizers],
                 "step": self.step, "seconds": self.seconds, "tokens": self.tokens, "plan": self.plan}
        torch.save(state, self.out / "state.tmp")
        os.replace(self.out / "state.tmp", self.out / "state.pt")

    def resume(self) -> None:
        """Go on from the checkpoint, which must be of the same plan."""
        state = torch.load(self.out / "state.pt", weights_only=False)
        if state["plan"] != self.plan:
            raise SystemExit(f"The checkpoint in {self.out} is of another plan: {state['plan']}. Use another folder.")
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds, self.tokens = state["step"], state["seconds"], state["tokens"]

    def go(self, every: int = 50, save_s: float = 120.0) -> None:
        """Train to the last step; prints a line every so many steps, saves every so many seconds."""
        began, mean, saved = time.monotonic() - self.seconds, 0.0, time.monotonic()
        first, first_seconds = self.step, self.seconds
        while self.step < self.plan.steps:
            mean += self.train_step() / every
            self.seconds = time.monotonic() - began
            if self.step % every == 0:
                pace = (self.seconds - first_seconds) / (self.step - first)
                speed = self.plan.rows * self.plan.length / pace
                print(f"step {self.step}/{self.plan.steps} loss {mean:.3f} {speed:.0f} tokens/s, "
                      f"{self.seconds / 60:.1f} min, {pace * (self.plan.steps - self.step) / 60:.1f} min left", flush=True)
                mean = 0.0
            if time.monotonic() - saved > save_s:
                self.checkpoint()
                saved = time.monotonic()
        self.checkpoint()

    def export(self, folder: Path) -> None:
        """Write model and tokenizer in bfloat16 as transformers loads them; files are renamed into place."""
        temporary = folder.with_name(folder.name + ".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        model = LlamaForCausalLM(self.model.config)
        model.load_state_dict(self.model.state_dict())
        model.to(torch.bfloat16)
        eos, pad = self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        model.generation_config = GenerationConfig(do_sample=False, eos_token_id=eos, pad_token_id=pad, max_new_tokens=256)
        model.save_pretrained(temporary)
        self.tokenizer.save_pretrained(temporary)
        record = {"steps": self.step, "tokens": self.tokens, "minutes": round(self.seconds / 60, 1), "seed": self.plan.seed,
                  "torch": torch.__version__, "threads": torch.get_num_threads(), "device": self.device}
        (temporary / "training.json").write_text(json.dumps(record, indent=2) + "\n")
        folder.mkdir(parents=True, exist_ok=True)
        for file in temporary.iterdir():
            os.replace(file, folder / file.name)
        temporary.rmdir()


def steps_for(minutes: float, run: Run, probe: int = 20) -> int:
    """How many steps take about so many minutes here; measured on a throw-away run."""
    for _ in range(5):
        run.train_step()
    began = time.monotonic()
    for _ in range(probe):
        run.train_step()
    return max(probe, int(minutes * 60 * probe / (time.monotonic() - began)))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint; the model goes to OUT/model")
    parser.add_argument("--steps", type=int, help="number of steps: this and the seed decide the weights")
    parser.add_argument("--minutes", type=float, help="choose the number of steps from the speed measured here")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in OUT")
    parser.add_argument("--export", action="store_true", help="only write the checkpoint's model to OUT/model")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    steps = args.steps or steps_for(args.minutes or 45, Run(Plan(10**6, args.seed), args.out, args.device))
    run = Run(Plan(steps, args.seed), args.out, args.device)
    print(f"{sum(p.numel() for p in run.model.parameters()):,} parameters, {steps} steps, seed {args.seed}", flush=True)
    if args.resume or args.export:
        run.resume()
    if not args.export:
        run.go()
    run.export(args.out / "model")


if __name__ == "__main__":
    main()
