"""Everything a face needs, opened once: settings, record, knowledge, chat, trainers, and long tasks."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from assistant.background import Background
from assistant.chat import Chat
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.disk import private
from assistant.record.store import Store
from assistant.settings import Settings
from tools import loopback
from tools.autotrain.autotrain_trainer import AutoTrainTrainer
from tools.azure.azure_trainer import AzureTrainer
from tools.azure.deployment import AzureHosting
from tools.huggingface.hf_jobs_trainer import HfJobs, HfJobsTrainer
from tools.local import machine
from tools.local.trl_trainer import TrlTrainer
from tools.local.unsloth_trainer import UnslothTrainer
from tools.openai.compatible_trainer import CompatibleTrainer
from tools.openai.openai_trainer import OpenAITrainer
from tools.prices import Prices
from tools.trainer import Trainer


@dataclass
class Workbench:
    """The open parts. Close it to end the model servers and workers of this process; training jobs go on."""

    settings: Settings
    store: Store
    knowledge: Knowledge
    chat: Chat
    trainers: dict[str, Trainer]
    background: Background
    hosting: AzureHosting

    def close(self) -> None:
        self.chat.close()
        self.knowledge.close()
        self.store.close()


def open_workbench(settings: Settings | None = None) -> Workbench:
    """Open the data folder. Starts no model and imports nothing heavy."""
    settings = settings or Settings()
    settings = settings.model_copy(update={"data": settings.data.resolve()})
    logging.getLogger("chromadb").setLevel(logging.ERROR)
    loopback.bypass()  # a proxy could not reach the model servers that are started here
    store = Store(settings.database)
    private.fix(settings.data)
    knowledge = Knowledge(store, settings)
    return Workbench(
        settings, store, knowledge, Chat(settings, store, knowledge), trainers(settings), Background(), azure(settings)
    )


def trainers(settings: Settings) -> dict[str, Trainer]:
    """Every trainer, the preferred one first."""
    python, hub = settings.train_python or None, _hub(settings)
    here: list[Trainer] = [TrlTrainer(settings.jobs, python, hub), UnslothTrainer(settings.jobs, python, hub)]
    made: list[Trainer] = [
        *(reversed(here) if machine.has_gpu() else here),  # unsloth has kernels for a GPU; on a CPU trl is faster
        AutoTrainTrainer(settings.jobs, settings.autotrain, python, hub),
        *hosted(settings),
    ]
    return {trainer.name: trainer for trainer in made}


def _hub(settings: Settings) -> dict[str, str]:
    """How a training process reaches the Hub for its base, wherever it was set: a `.env` is in nobody's environment."""
    reach = {"HF_TOKEN": settings.hf_token.get_secret_value(), "HF_ENDPOINT": settings.hf_endpoint}
    return {name: value for name, value in reach.items() if value}


def hosted(settings: Settings) -> list[Trainer]:
    """The trainers of OpenAI's API: there, at Azure, and at any provider of that API."""
    table = settings.prices
    return [
        OpenAITrainer(settings.openai_api_key.get_secret_value(), settings.openai_base_url, Prices("openai", table)),
        AzureTrainer(
            settings.azure_openai_api_key.get_secret_value(),
            settings.azure_openai_endpoint,
            settings.azure_training,
            Prices("azure", table),
        ),
        CompatibleTrainer(
            settings.tune_api_key.get_secret_value(),
            settings.tune_base_url,
            Prices("compatible", table, settings.tune_price),
        ),
        HfJobsTrainer(
            settings.jobs,
            HfJobs(
                settings.hf_token.get_secret_value(),
                settings.hf_endpoint.rstrip("/"),
                settings.hf_flavor,
                settings.hf_namespace,
                table,
            ),
        ),
    ]


def azure(settings: Settings) -> AzureHosting:
    """Deployments of tuned models in the Azure resource of the settings. Asks nobody until it is used."""
    return AzureHosting(
        settings.azure_openai_endpoint,
        settings.azure_subscription_id,
        settings.azure_resource_group,
        Prices("azure", settings.prices),
        settings.azure_management_url,
    )
