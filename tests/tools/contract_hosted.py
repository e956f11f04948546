"""Benches of the hosted trainers: the vendor's real SDK against a server on loopback that answers as it does."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from assistant.settings import Settings
from tests.tools.contract import Bench, rows, settings
from tests.tools.vendor_server import BASE, KEY, STAGES, Vendor, serving
from tools.azure import deployment
from tools.azure.azure_trainer import AzureTrainer
from tools.openai.compatible_trainer import CompatibleTrainer
from tools.openai.openai_trainer import OpenAITrainer
from tools.prices import Prices
from tools.trainer import TrainRequest


class HostedBench(Bench):
    """A vendor on loopback."""

    flavour: str
    pauses = True
    seconds = 30.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._open = contextlib.ExitStack()
        self.vendor: Vendor = self._open.enter_context(serving(self.flavour))

    def request(self, **changes: Any) -> TrainRequest:
        return TrainRequest(**({"base": BASE, "suffix": "teashop", "key": "confirmed-once"} | rows() | changes))

    def long(self) -> TrainRequest:
        self.vendor.stages, self.vendor.hold = ["running"], True
        return self.request(key="long")

    def broken(self) -> TrainRequest:
        self.vendor.stages = ["validating_files", "failed"]
        return self.request(key="broken")

    def fix(self) -> None:
        self.vendor.stages, self.vendor.hold = list(STAGES), False

    def close(self) -> None:
        self._open.close()


class OpenAIBench(HostedBench):
    flavour = "openai"

    def make(self) -> OpenAITrainer:
        return OpenAITrainer(KEY, self.vendor.api, every=0.0)

    def off(self) -> OpenAITrainer:
        return OpenAITrainer("", self.vendor.api)

    def settings(self, data: Path) -> Settings:
        return settings(data, openai_api_key=KEY, openai_base_url=self.vendor.api)


class AzureBench(HostedBench):
    flavour = "azure"

    def make(self) -> AzureTrainer:
        return AzureTrainer(KEY, self.vendor.url, every=0.0)

    def off(self) -> AzureTrainer:
        return AzureTrainer("", "")

    def settings(self, data: Path) -> Settings:
        return settings(data, azure_openai_api_key=KEY, azure_openai_endpoint=self.vendor.url)

    def serve(self, model: str) -> None:
        self.vendor.deployments[deployment.name_of(model)] = {"name": deployment.name_of(model)}


class CompatibleBench(HostedBench):
    flavour = "compatible"

    def make(self) -> CompatibleTrainer:
        return CompatibleTrainer(KEY, self.vendor.api, Prices("compatible", own=0.4), every=0.0)

    def off(self) -> CompatibleTrainer:
        return CompatibleTrainer("", "")

    def settings(self, data: Path) -> Settings:
        return settings(data, tune_api_key=KEY, tune_base_url=self.vendor.api)
