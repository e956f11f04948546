"""What supervised training minimises: the model's head computes only the positions that are learned.

The mean negative log-likelihood of the learned tokens, as everywhere; transformers would compute the logits of every
position, and TRL's chunks compute each learned one twice.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from transformers.modeling_outputs import ModelOutput

from tools.local.forecast import PIECE
from tools.workers.training.token_rows import IGNORED


@dataclass
class LossOutput(ModelOutput):  # type: ignore[misc]
    """The loss, how many learned tokens were the likeliest ones, and how many there were."""

    loss: Any = None
    right: Any = None
    learned: Any = None


def fits(model: Any) -> bool:
    """Whether the model's logits are its last states times its head, and nothing more."""
    import torch

    text = model.config.get_text_config()
    scaled = ("final_logit_softcapping", "logit_scale", "output_multiplier", "logits_scaling")
    plain = all(getattr(text, name, None) in (None, 1.0) for name in scaled)
    return plain and type(model.get_output_embeddings()) is torch.nn.Linear and model.base_model is not model


def learn_only(model: Any) -> None:
    """Let the causal model's forward, where it is given labels, compute only the loss of the learned positions."""
    original, head = model.forward, model.get_output_embeddings()

    def forward(
        input_ids: Any = None,
        attention_mask: Any = None,
        labels: Any = None,
        num_items_in_batch: Any = None,
        **others: Any,
    ) -> Any:
        if labels is None:
            return original(input_ids=input_ids, attention_mask=attention_mask, **others)
        others["use_cache"] = False
        states = model.base_model(input_ids=input_ids, attention_mask=attention_mask, **others).last_hidden_state
        wanted = labels[:, 1:]
        there = wanted != IGNORED
        total, right = _summed(head, states[:, :-1][there], wanted[there])
        learned = there.sum()
        return LossOutput(total / (learned if num_items_in_batch is None else num_items_in_batch), right, learned)

    forward.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]  # generation looks at it
    model.forward = forward


def _summed(head: Any, states: Any, wanted: Any) -> tuple[Any, Any]:
    """The summed loss and the number of right tokens; in pieces that are computed twice where there are many."""
    from torch.utils.checkpoint import checkpoint

    size = max(1, PIECE // head.out_features)
    if len(wanted) <= size:
        return _piece(head, states, wanted)
    pieces = zip(states.split(size), wanted.split(size), strict=True)
    found = [checkpoint(_piece, head, part, ids, use_reentrant=False) for part, ids in pieces]
    return sum(loss for loss, _ in found), sum(right for _, right in found)


def _piece(head: Any, states: Any, wanted: Any) -> tuple[Any, Any]:
    import torch

    logits = head(states).float()
    right = (logits.detach().argmax(-1) == wanted).sum()
    return torch.nn.functional.cross_entropy(logits, wanted, reduction="sum"), right
