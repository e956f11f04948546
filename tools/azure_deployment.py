"""A tuned model of Azure OpenAI as a deployment, which answers and costs by the hour: made, listed, taken down."""

from __future__ import annotations

import hashlib


def name_of(model: str) -> str:
    """The name of the deployment of a tuned model: the same whenever it is deployed."""
    return f"attune-{hashlib.sha256(model.encode()).hexdigest()[:16]}"
