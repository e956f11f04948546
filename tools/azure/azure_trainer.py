"""Azure OpenAI's fine-tuning: the same API as OpenAI's at a resource of your own, with its differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tools.openai import statuses
from tools.openai.openai_trainer import OpenAITrainer
from tools.prices import Prices
from tools.trainer import JobState, ToolError, TrainRequest

PATH = "/openai/v1/"
KINDS = ("Standard", "GlobalStandard", "Developer")  # of training, as this API spells them


class AzureTrainer(OpenAITrainer):
    """Fine-tuning by Azure OpenAI; a tuned model answers only once it is deployed, which costs by the hour."""

    name: ClassVar[str] = "azure"
    vendor: str = "Azure OpenAI"
    states: ClassVar[Mapping[str, JobState]] = statuses.AZURE
    suffix: ClassVar[int] = 18
    settings: ClassVar[str] = "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY"

    def __init__(
        self, key: str, endpoint: str, kind: str = "GlobalStandard", prices: Prices | None = None, every: float = 5.0
    ) -> None:
        super().__init__(key, base_url(endpoint), prices, every)
        self.endpoint, self.kind = endpoint, kind

    def unset(self) -> str:
        return f"No key is set. Set {self.settings}."

    def unavailable(self) -> str | None:
        if not self.endpoint:
            return f"No resource is named. Set {self.settings}."
        return super().unavailable()

    def probe(self) -> str | None:
        """Whether the resource answers to the key; which bases it tunes is asked before a run."""
        return reachable(self)

    def caution(self, request: TrainRequest) -> str:  # noqa: ARG002
        hour = self.prices.hosting("Standard")
        return (
            f" {self.kind} training. After it the model must be deployed to answer: about ${hour:.2f} an hour, used or "
            f"not (price of {self.prices.date}); a Developer deployment costs nothing by the hour and lives 24 hours."
        )

    def preflight(self, request: TrainRequest) -> None:
        """Azure keeps listing bases that it no longer tunes: what each can do is asked first."""
        wanted = request.adapter or request.base

        def look() -> Any:
            with self.account.client(30.0) as client:
                return [model.to_dict() for model in client.models.list()]

        found = next((model for model in self.account.patiently(look) if model["id"] == wanted), None)
        abilities = (found or {}).get("capabilities")
        if isinstance(abilities, dict) and not abilities.get("fine_tune", True):
            raise _retired(wanted)

    def start(self, request: TrainRequest) -> str:
        try:
            return super().start(request)
        except ToolError as error:
            if "does not support fine-tuning" in error.sentence:
                raise _retired(request.base) from None
            raise

    def wanted(self, request: TrainRequest) -> dict[str, Any]:
        return super().wanted(request) | {"extra_body": {"trainingType": self.kind}}


def base_url(endpoint: str) -> str:
    """The address of the API at a resource; an endpoint that has the path already is kept."""
    bare = endpoint.rstrip("/")
    return bare + "/" if bare.endswith(PATH.rstrip("/")) else bare + PATH if bare else "https://unset.invalid/"


def reachable(trainer: OpenAITrainer) -> str | None:
    """Why a vendor does not answer to its key; None when it lists its jobs."""
    import openai

    try:
        with trainer.account.client(10.0) as client:
            client.fine_tuning.jobs.with_raw_response.list(limit=1)
    except openai.NotFoundError:
        return f"{trainer.vendor} ({trainer.account.url}) has no fine-tuning. Check {trainer.settings}."
    except openai.RateLimitError:
        return None
    except openai.OpenAIError as error:
        return str(trainer.account.told(error))
    return None


def _retired(base: str) -> ToolError:
    return ToolError(
        f"Azure OpenAI no longer tunes '{base}': the base is retired there, or not offered in the resource's region.",
        "Choose another base, for example gpt-4.1-mini-2025-04-14.",
    )
