"""The model to pretrain: its size, its learning rates, its loss; a plan decides the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tools.starter.muon import Muon
from tools.starter.tokenizer import carried, tokenizer_of
from tools.starter.wiring import wire

WARMUP, HOLD = 50, 0.5  # steps; share of the steps before the decay begins
NORMS = 0.2  # the norms' rate, in the embeddings'
SHORTEST, SHORT = 0.15, 0.4  # of the steps: until then rows of an eighth of the window, then of a quarter
AGAIN = 0.4  # of the steps of a model that is trained further: until then mostly rows of an eighth


@dataclass(frozen=True)
class Plan:
    """Everything that decides the weights, apart from the corpus itself."""

    steps: int
    seed: int = 1
    rows: int = 8  # of a quarter of the window; longer rows are fewer, so every step has as many tokens
    window: int = 2048
    width: int = 256
    layers: int = 6
    heads: int = 4
    forward: int = 2  # width of the feed-forward layers, in widths of the model
    theta: float = 500_000.0  # rotary base: half of each head then hardly turns within the window
    wired: str = "1,3,5"  # layers that start with heads for going on after a match; empty = start from noise
    vocabulary: int = 4096
    tokenizer_texts: int = 20_000
    muon: float = 3e-3
    adam: float = 1e-2
    base: str = ""  # folder of a model to go on from, with its tokenizer and shape; empty = start from nothing
    retokenized: bool = False  # the base gets a tokenizer made anew, and its embeddings are carried over

    def shape(self, step: int) -> tuple[int, int]:
        """Rows and tokens a row: short ones at the start, later in turn a quarter, a half and all of the window."""
        parts = (4, 4, 2, 4, 4, 2, 4, 1)[step % 8]
        if self.base and step < self.steps * AGAIN:
            parts = (8, 8, 4, 8, 8, 4, 8, 2)[step % 8]
        elif not self.base and step < self.steps * SHORT:
            parts = 8 if step < self.steps * SHORTEST else 4
        return max(1, self.rows * parts // 4), self.window // parts

    def rate(self, step: int) -> float:
        """The share of the full learning rate: up over the warmup, level, then straight down to zero."""
        left = (self.steps - step) / (self.steps * (1 - HOLD))
        return min(1.0, (step + 1) / WARMUP, left)


def model_for(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained model in float32, or the plan's base."""
    if plan.base:
        base = LlamaForCausalLM.from_pretrained(plan.base, dtype=torch.float32, local_files_only=True)
        if plan.retokenized:
            old, embeddings = tokenizer_of(plan.base), base.get_input_embeddings().weight
            with torch.no_grad():
                embeddings.copy_(carried(old, tokenizer, embeddings))
        return base
    torch.manual_seed(plan.seed)
    config = LlamaConfig(
        vocab_size=plan.vocabulary,
        hidden_size=plan.width,
        intermediate_size=plan.width * plan.forward,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.heads,
        max_position_embeddings=plan.window,
        rope_parameters={"rope_type": "default", "rope_theta": plan.theta},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config).float()
    if plan.wired:
        layers = tuple(int(layer) for layer in plan.wired.split(","))
        wire(model, layers, torch.Generator().manual_seed(plan.seed))
    return model


def optimizers_for(model: LlamaForCausalLM, plan: Plan, half: bool = False) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings and norms."""
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    embedding = [p for name, p in model.named_parameters() if "embed" in name]
    norms = [p for p in model.parameters() if p.ndim == 1]
    return [
        Muon(hidden, lr=plan.muon, half=half),
        torch.optim.AdamW(embedding, lr=plan.adam, betas=(0.9, 0.95), weight_decay=0.0),
        torch.optim.AdamW(norms, lr=plan.adam * NORMS, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def loss_of(model: LlamaForCausalLM, body: Any, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy, summed, in nats; shapes (rows, length + 1).

    `body` is the model without its head, compiled or not; logits are made only for tokens that count.
    """
    hidden = body(input_ids=ids[:, :-1], use_cache=False).last_hidden_state.flatten(0, 1)
    weight = weights[:, 1:].flatten()
    counted = weight.nonzero().squeeze(1)
    logits = model.lm_head(hidden[counted]).float()
    losses = torch.nn.functional.cross_entropy(logits, ids[:, 1:].flatten()[counted], reduction="none")
    return (losses * weight[counted]).sum()
