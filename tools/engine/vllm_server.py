"""vLLM in place of llama.cpp, where a CUDA GPU and the package vllm are there. Real code that was never run by us."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tools.engine import serving
from tools.local import machine


def fits(file: Path) -> bool:
    """Whether vLLM can serve the model of this GGUF file: from the folder of weights that it lies in."""
    installed = importlib.util.find_spec("vllm") is not None
    return installed and machine.has_gpu() and (file.parent / "config.json").is_file()


class VllmServer(serving.ModelServer):
    """vLLM over the folder beside the GGUF file; requests name the model by `served`."""

    worker = "tools.workers.serving.vllm"

    def start(self) -> None:
        self.model = str(Path(self.model).parent) if self.model.endswith(".gguf") else self.model
        super().start()
