"""The OpenAI trainer with Attune's own /v1 as its server: Attune driving Attune through the unmodified SDK."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from assistant.settings import Settings
from tests.serving_v1 import KEY, attune_server
from tests.tools.conftest import wait_for
from tests.tools.contract import Bench, rows, settings
from tools import jobdir
from tools.openai.openai_trainer import OpenAITrainer
from tools.prices import Prices
from tools.trainer import JobStatus, TrainRequest

MODEL = "tiny-chat"


class AttuneBench(Bench):
    """A server in a process of its own, which really trains the tiny model. It costs nothing, so its price is 0."""

    pauses = resumes = True
    tells = False  # at OpenAI nothing goes on that was cancelled, so its API has no word for it

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._open = contextlib.ExitStack()
        data = folder / "server"
        data.mkdir(parents=True)
        (data / MODEL).symlink_to(os.environ["ATTUNE_CHAT_MODEL"])  # a name of the server's, no folder of ours
        self.served = self._open.enter_context(
            attune_server(data, ATTUNE_CHAT_MODEL=MODEL, ATTUNE_API_JOBS="4", ATTUNE_API_REQUESTS="100000")
        )

    def make(self) -> OpenAITrainer:
        return OpenAITrainer(KEY, self.served.base_url, Prices("openai", own=0.0), every=0.0)

    def off(self) -> OpenAITrainer:
        return OpenAITrainer("sk-another", self.served.base_url)

    def request(self, **changes: Any) -> TrainRequest:
        usual = {"base": MODEL, "epochs": 1.0, "suffix": "teashop", "key": "confirmed-once"}
        return TrainRequest(**(usual | rows() | changes))

    def long(self) -> TrainRequest:
        return self.request(epochs=50.0, key="long")

    def broken(self) -> TrainRequest:
        return self.request(epochs=50.0, key="broken")

    def progressing(self, status: JobStatus) -> bool:
        return status.step > 0

    def strike(self, handle: str) -> None:
        """Kill the worker of the newest run, as a machine without memory would."""
        wait_for(lambda: self.make().poll(handle).step, self.seconds)
        newest = max((self.served.data / "jobs").iterdir(), key=lambda path: path.stat().st_mtime)
        os.kill(int(jobdir.read_text(newest / jobdir.LOCK)), signal.SIGKILL)

    def settings(self, data: Path) -> Settings:
        return settings(data, openai_api_key=KEY, openai_base_url=self.served.base_url)

    def close(self) -> None:
        self._open.close()
