"""Every kind that can be proposed, in one place."""

from __future__ import annotations

from assistant.guide.proposals import approve, baseline, brief, deploy, evaluate, measure, remove, switch, train, undo
from assistant.guide.proposals.kind import Kind

KINDS: dict[str, Kind] = {
    "brief": brief.KIND,
    "baseline": baseline.KIND,
    "measure": measure.KIND,
    "approve": approve.KIND,
    "train": train.KIND,
    "evaluate": evaluate.KIND,
    "switch": switch.KIND,
    "undo": undo.KIND,
    "deploy": deploy.KIND,
    "undeploy": remove.KIND,
}
