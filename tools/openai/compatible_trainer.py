"""Any provider with OpenAI's fine-tuning API, by its address: Nebius, another Attune, a server of your own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from tools.azure.azure_trainer import reachable
from tools.openai import job_limits, statuses
from tools.openai.openai_trainer import OpenAITrainer
from tools.prices import Prices
from tools.trainer import JobState, TrainRequest

NOWHERE = "https://unset.invalid/v1"


class CompatibleTrainer(OpenAITrainer):
    """Fine-tuning by a provider that speaks OpenAI's API, at the address of ATTUNE_TUNE_BASE_URL."""

    name: ClassVar[str] = "compatible"
    states: ClassVar[Mapping[str, JobState]] = statuses.COMPATIBLE
    settings: ClassVar[str] = "ATTUNE_TUNE_BASE_URL and ATTUNE_TUNE_API_KEY"

    def __init__(self, key: str, url: str, prices: Prices | None = None, every: float = 5.0) -> None:
        self.vendor = f"The provider {urlsplit(url).netloc}" if url else "The provider"
        super().__init__(key if url else "", url or NOWHERE, prices, every)

    def unset(self) -> str:
        return f"No provider is named. Set {self.settings}."

    def probe(self) -> str | None:
        return reachable(self)

    def caution(self, request: TrainRequest) -> str:
        ends = self.shutdown(request.base)
        return f" {request.base} shuts down on {ends}." if ends else ""

    def wanted(self, request: TrainRequest) -> dict[str, Any]:
        """Supervised runs in the older form, which every provider reads."""
        found = super().wanted(request)
        if request.method == "sft":
            found.pop("method")
            found |= {"hyperparameters": chosen} if (chosen := job_limits.hyperparameters(request)) else {}
        return found
