"""Attention that learns fast on a CPU: torch's own way back takes three times as long there as plain products do.

Measured with 8 rows of 160 tokens in bf16, 9 heads: 81 ms of a processor a layer, this 33 with its second way forward,
which keeps memory from growing with the square of a row's length.
"""

from __future__ import annotations

from typing import Any


def install() -> None:
    """Let every model of this process that uses torch's attention learn by ours. What is not learned stays as it is."""
    from transformers import AttentionInterface
    from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward

    def attend(
        module: Any,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any,
        dropout: float = 0.0,
        scaling: float | None = None,
        is_causal: bool | None = None,
        **others: Any,
    ) -> Any:
        import torch
        from torch.utils.checkpoint import checkpoint

        causal = getattr(module, "is_causal", True) if is_causal is None else is_causal
        plain = not dropout and others.get("position_bias") is None and (attention_mask is not None or causal)
        if not (plain and query.device.type == "cpu" and torch.is_grad_enabled() and query.requires_grad):
            return sdpa_attention_forward(
                module, query, key, value, attention_mask, dropout, scaling, is_causal, **others
            )
        groups = query.shape[1] // key.shape[1]
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        parts = (query, repeat_kv(key, groups), repeat_kv(value, groups), attention_mask, scale)
        found: Any = checkpoint(_attended, *parts, use_reentrant=False, preserve_rng_state=False)
        return found.transpose(1, 2).contiguous(), None

    AttentionInterface.register("sdpa", attend)


def _attended(query: Any, key: Any, value: Any, mask: Any, scale: float) -> Any:
    """Softmax of the scaled products, times the values. `mask`: true or 0 where one may look; None = backwards only."""
    import torch

    scores = torch.matmul(query, key.transpose(2, 3)) * scale
    if mask is None:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    least = torch.finfo(scores.dtype).min
    scores = scores.masked_fill(~mask, least) if mask.dtype == torch.bool else scores + mask
    return torch.matmul(torch.softmax(scores, dim=-1), value)
