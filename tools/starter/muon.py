"""Muon for several workers: each makes orthogonal its share of the updates, and hands them on.

torch.optim.Muon does all of them on every worker, and in bfloat16 also where that is slow.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed

MOMENTUM, DECAY, STEPS = 0.95, 0.01, 5
A, B, C = 3.4445, -4.7750, 2.0315  # Keller Jordan's quintic


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal by Newton-Schulz, with steps as large as AdamW's (0.2 of the rate a number)."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float, half: bool = False) -> None:
        super().__init__(parameters, {"lr": lr})
        self.half = half

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """One update of every matrix; gradients are the same on all workers."""
        joined = torch.distributed.is_initialized()
        rank, workers = (torch.distributed.get_rank(), torch.distributed.get_world_size()) if joined else (0, 1)
        for group in self.param_groups:
            own = [p for i, p in enumerate(group["params"]) if i % workers == rank]
            for p in own:
                self._update(p, group["lr"])
            if workers > 1:
                self._share(group["params"], workers)

    def _update(self, p: torch.nn.Parameter, rate: float) -> None:
        state, gradient = self.state[p], p.grad
        assert gradient is not None
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(p)
        state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        update = orthogonal(gradient.lerp(state["momentum"], MOMENTUM), self.half)
        p.mul_(1 - rate * DECAY).add_(update, alpha=-rate * 0.2 * max(p.shape) ** 0.5)

    def _share(self, parameters: list[torch.nn.Parameter], workers: int) -> None:
        for rank in range(workers):
            part = parameters[rank::workers]
            flat = torch.cat([p.flatten() for p in part])
            torch.distributed.broadcast(flat, rank)
            for p, new in zip(part, torch.split(flat, [p.numel() for p in part]), strict=True):
                p.copy_(new.view_as(p))


def orthogonal(matrix: torch.Tensor, half: bool = False) -> torch.Tensor:
    """The matrix with all singular values near 1 (0.7 to 1.2), by five Newton-Schulz steps, in bfloat16 if wished."""
    tall = matrix.size(0) > matrix.size(1)
    x = matrix.T if tall else matrix
    x = x / x.norm().clamp_min(1e-7)
    if half:
        x = x.bfloat16()
    for _ in range(STEPS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=B, alpha=C), x, beta=A)
    return (x.T if tall else x).to(matrix.dtype)
