"""The model to pretrain: its size, its learning rates, its loss; a plan decides the weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WARMUP, HOLD = 100, 0.5  # steps; share of the steps before the decay begins
SHORT_SHARE = 0.3  # of the steps, at the start, with rows of a quarter of the window only


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
    vocabulary: int = 4096
    tokenizer_texts: int = 20_000
    muon: float = 3e-3
    adam: float = 3e-3

    def shape(self, step: int) -> tuple[int, int]:
        """Rows and tokens a row at a step: after the start, in turn a quarter, a half and all of the window."""
        late = step >= self.steps * SHORT_SHARE
        parts = (4, 4, 2, 4, 4, 2, 4, 1)[step % 8] if late else 4
        return max(1, self.rows * parts // 4), self.window // parts

    def rate(self, step: int) -> float:
        """The share of the full learning rate: up over the warmup, level, then straight down to zero."""
        left = (self.steps - step) / (self.steps * (1 - HOLD))
        return min(1.0, (step + 1) / WARMUP, left)


def model_for(plan: Plan, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained model in float32."""
    torch.manual_seed(plan.seed)
    config = LlamaConfig(
        vocab_size=plan.vocabulary,
        hidden_size=plan.width,
        intermediate_size=plan.width * 3,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.heads,
        max_position_embeddings=plan.window,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config).float()


def optimizers_for(model: LlamaForCausalLM, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings and norms."""
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(hidden, lr=plan.muon, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=plan.adam, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def loss_of(model: LlamaForCausalLM, ids: torch.Tensor, weights: torch.Tensor, total: torch.Tensor) -> torch.Tensor:
    """Weighted cross-entropy over a total weight, in nats a token; shapes (rows, length + 1)."""
    logits = model(input_ids=ids[:, :-1], use_cache=False).logits.float()
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
    return (losses * weights[:, 1:].flatten()).sum() / total
