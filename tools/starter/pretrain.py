"""Pretrain the starter model: `python -m tools.starter.pretrain --steps 5000 --out DIR --seed 1`.

The same seed, steps, workers and threads give the same weights. A run that was stopped goes on with --resume; a model
that was finished is trained further with --base DIR and another seed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import socket
import time
from dataclasses import fields, replace
from pathlib import Path
from random import Random
from typing import Any

import torch
import torch.distributed
from transformers import GenerationConfig, LlamaForCausalLM

from tools.recipe import REPLAY
from tools.starter.batches import batch
from tools.starter.corpus import SKILLS
from tools.starter.model import HOLD, Plan, loss_of, model_for, optimizers_for
from tools.starter.tokenizer import build, save_tokenizer, tokenizer_of
from tools.starter.words import Words

REPLAYED, REPLAY_CHARACTERS = 1500, 900  # conversations, and what each may have


class Run:
    """A pretraining run with its checkpoint folder."""

    def __init__(self, plan: Plan, out: Path, device: str = "cpu", compiled: bool = True) -> None:
        self.plan, self.out, self.device = plan, out, device
        out.mkdir(parents=True, exist_ok=True)
        self.tokenizer = (
            tokenizer_of(plan.base)
            if plan.base and not plan.retokenized
            else build(plan.seed, plan.vocabulary, plan.tokenizer_texts)
        )
        self.model = model_for(plan, self.tokenizer).to(device)
        self.half = device != "cpu" or _half_pays()  # else bfloat16 is slower than 32 bits
        self.optimizers = optimizers_for(self.model, plan, self.half)
        self.rates = [float(one.defaults["lr"]) for one in self.optimizers]
        self.body: Any = torch.compile(self.model.model, dynamic=False) if compiled else self.model.model
        self.words, self.step, self.seconds, self.tokens = Words(dense=True), 0, 0.0, 0
        joined = torch.distributed.is_initialized()
        self.rank = torch.distributed.get_rank() if joined else 0
        self.workers = torch.distributed.get_world_size() if joined else 1

    def train_step(self) -> float:
        """One step; returns its loss in nats a token."""
        rows, length = self.plan.shape(self.step)
        share, own = self.plan.rate(self.step), range(rows)[self.rank :: self.workers]
        bpe = self.tokenizer.backend_tokenizer
        ids, weights = batch(bpe, self.words, self.plan.seed, self.step, own, length)
        loss = self._loss(self.body, ids, weights)
        loss.backward()  # type: ignore[no-untyped-call]
        value = self._mean(loss.detach(), weights[:, 1:].sum())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer, full in zip(self.optimizers, self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = full * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.step += 1
        self.tokens += rows * length
        return value

    def _loss(self, body: Any, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.half):
            return loss_of(self.model, body, ids.to(self.device), weights.to(self.device))

    def _mean(self, loss: torch.Tensor, weight: torch.Tensor) -> float:
        """Loss and gradients, over the whole weight of a step; the workers add theirs up in one message."""
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        flat = torch.cat([torch.stack([loss, weight.to(loss.device)]), *(one.flatten() for one in gradients)])
        if self.workers > 1:
            torch.distributed.all_reduce(flat)
        flat /= flat[1].clamp_min(1.0)
        for gradient, part in zip(gradients, torch.split(flat[2:], [one.numel() for one in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))
        return float(flat[0])

    def checkpoint(self) -> None:
        """Write the state that `resume` reads, in one rename."""
        state = {
            "model": self.model.state_dict(),
            "optimizers": [one.state_dict() for one in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "plan": self.plan,
        }
        torch.save(state, self.out / "state.tmp")
        os.replace(self.out / "state.tmp", self.out / "state.pt")

    def resume(self) -> None:
        """Go on from a checkpoint of the same plan; before the decay the number of steps may still change."""
        state = torch.load(self.out / "state.pt", weights_only=False)
        plan: Plan = state["plan"]
        level = state["step"] <= HOLD * min(plan.steps, self.plan.steps)
        if plan != (replace(self.plan, steps=plan.steps) if level else self.plan):
            raise SystemExit(f"The checkpoint in {self.out} is of another plan: {plan}. Use another folder.")
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds, self.tokens = state["step"], state["seconds"], state["tokens"]

    def go(self, every: int = 50, save_s: float = 120.0) -> None:
        """Train to the last step; prints a line every so many steps, saves every so many seconds."""
        began, mean, saved = time.monotonic() - self.seconds, 0.0, time.monotonic()
        first, first_seconds, parent = self.step, self.seconds, os.getppid()
        while self.step < self.plan.steps:
            if self.workers > 1 and os.getppid() != parent:
                raise SystemExit("The process that started this worker has ended.")  # it must not train on alone
            mean += self.train_step() / every
            self.seconds = time.monotonic() - began
            if self.rank:
                continue
            if self.step % every == 0:
                pace = (self.seconds - first_seconds) / (self.step - first)
                speed = self.plan.rows * self.plan.window // 4 / pace
                print(
                    f"step {self.step}/{self.plan.steps} loss {mean:.3f} {speed:.0f} tokens/s, "
                    f"{self.seconds / 60:.1f} min, {pace * (self.plan.steps - self.step) / 60:.1f} min left",
                    flush=True,
                )
                mean = 0.0
            if time.monotonic() - saved > save_s:
                self.checkpoint()
                saved = time.monotonic()
        if not self.rank:
            self.checkpoint()

    def heldout_loss(self, rows: int = 24) -> float:
        """Nats for each byte that the assistant writes, on names and phrases that training never sees."""
        length = self.plan.window // 4
        words = Words(heldout_entities=True, heldout_templates=True)
        bpe = self.tokenizer.backend_tokenizer
        total, written = 0.0, 0
        with torch.no_grad():
            for number in range(rows // 8):
                ids, weights = batch(bpe, words, self.plan.seed, -1 - number, range(8), length)
                own = (weights == 1).float()
                total += float(self._loss(self.model.model, ids, own))
                written += len(bpe.decode(ids[own.bool()].tolist(), skip_special_tokens=True).encode())
        return total / written

    def export(self, folder: Path) -> None:
        """Write model and tokenizer in bfloat16 as transformers loads them; files are renamed into place."""
        temporary = folder.with_name(folder.name + ".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        model = LlamaForCausalLM(self.model.config)
        model.load_state_dict(self.model.state_dict())
        model.to(torch.bfloat16)
        eos, pad = self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        model.generation_config = GenerationConfig(
            do_sample=False, eos_token_id=eos, pad_token_id=pad, max_new_tokens=256
        )
        model.save_pretrained(temporary)
        save_tokenizer(self.tokenizer, temporary)
        _write_replay(temporary / REPLAY, self.plan.seed)
        record = {
            "steps": self.step,
            "tokens": self.tokens,
            "minutes": round(self.seconds / 60, 1),
            "seed": self.plan.seed,
            "torch": torch.__version__,
            "workers": self.workers,
            "threads": torch.get_num_threads(),
            "device": self.device,
            "heldout_nats_a_byte": round(self.heldout_loss(), 4),
        }
        if self.plan.base:
            record["base"] = json.loads((Path(self.plan.base) / "training.json").read_text())
        (temporary / "training.json").write_text(json.dumps(record, indent=2) + "\n")
        folder.mkdir(parents=True, exist_ok=True)
        for file in temporary.iterdir():
            file.chmod(0o644)
            os.replace(file, folder / file.name)
        temporary.rmdir()


def _half_pays() -> bool:
    """Whether the processor multiplies bfloat16 itself; without, the kernels convert to 32 bits and back."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def _write_replay(file: Path, seed: int) -> None:
    """Conversations of the corpus that a trainer mixes in: every skill alike, in turn, and none of them long."""
    r, words = Random(f"{seed}-replay"), Words()
    lines: list[str] = []
    for maker, _ in itertools.islice(itertools.cycle(SKILLS.values()), REPLAYED):
        messages = maker(r, words).messages
        while sum(len(message["content"]) for message in messages) >= REPLAY_CHARACTERS:
            messages = maker(r, words).messages
        lines.append(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    file.write_text("".join(lines), encoding="utf-8")


def steps_for(minutes: float, run: Run, probe: int = 20) -> int:
    """How many steps take about so many minutes here; measured on a throw-away run."""
    for _ in range(5):
        run.train_step()
    began = time.monotonic()
    for _ in range(probe):
        run.train_step()
    steps = torch.tensor(max(probe, int(minutes * 60 * probe / (time.monotonic() - began))))
    if run.workers > 1:
        torch.distributed.broadcast(steps, 0)
    return int(steps)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the checkpoint; the model goes to OUT/model"
    )
    parser.add_argument("--steps", type=int, help="number of steps: this and the seed decide the weights")
    parser.add_argument("--minutes", type=float, help="choose the number of steps from the speed measured here")
    parser.add_argument("--seed", type=int, default=1)
    for name in ("rows", "width", "layers", "heads", "forward", "vocabulary"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan, name))
    for name in ("muon", "adam"):
        parser.add_argument(f"--{name}", type=float, default=getattr(Plan, name), help="learning rate")
    parser.add_argument("--wired", default=Plan.wired, help="layers that start with heads for going on after a match")
    parser.add_argument("--base", default="", help="folder of a finished starter to train further")
    parser.add_argument("--retokenized", action="store_true", help="give the base a tokenizer made anew")
    parser.add_argument("--workers", type=int, default=2, help="processes that share the rows of a batch")
    parser.add_argument("--threads", type=int, default=1, help="threads of each worker")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--eager", action="store_true", help="do not compile")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in OUT")
    parser.add_argument("--export", action="store_true", help="only write the checkpoint's model to OUT/model")
    args = parser.parse_args()
    if args.workers > 1:
        _spawn(args)
    else:
        work(0, args, 0)


def _spawn(args: argparse.Namespace) -> None:
    from torch.multiprocessing.spawn import spawn

    spawn(work, (args, _free_port()), nprocs=args.workers)  # type: ignore[no-untyped-call]


def work(rank: int, args: argparse.Namespace, port: int) -> None:
    """One of the workers: each takes its share of the rows, all hold the same weights; rank 0 writes."""
    torch.set_num_threads(args.threads)
    if args.workers > 1:
        address = f"tcp://127.0.0.1:{port}"
        torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=args.workers)
    given = {one.name: getattr(args, one.name) for one in fields(Plan) if hasattr(args, one.name)}
    plan = Plan(**given | {"steps": 10**6})
    steps = args.steps or steps_for(args.minutes or 80, Run(plan, args.out, args.device))
    run = Run(replace(plan, steps=steps), args.out, args.device, compiled=not args.eager)
    if args.resume or args.export:
        run.resume()
    if not rank:
        print(
            f"{sum(p.numel() for p in run.model.parameters()):,} parameters, {steps} steps, seed {args.seed}",
            flush=True,
        )
    if not args.export:
        run.go()
    if not rank:
        run.export(args.out / "model")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
