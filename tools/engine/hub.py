"""A model of the Hugging Face Hub -> its folder in the Hub's cache, with the progress told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.engine.gguf import convert
from tools.local import base_model
from tools.trainer import ToolError

SKIPPED = ["*.gguf", "*.bin", "*.pth", "*.onnx", "*.msgpack", "*.h5", "original/*", "onnx/*", "runs/*"]
SMALL = ["*.json", "*.jinja", "*.model", "*.txt"]
TOLD = 25  # times that the progress is told, about


def fetched(name: str, tell: Callable[[int, int], None]) -> Path:
    """Download what is missing and return the folder. First what tells whether it can be served, then the weights.

    `tell` is told the bytes done and those in all. Raises ToolError where the Hub cannot be reached, has no such model,
    or llama.cpp does not know its kind.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        small = Path(snapshot_download(name, allow_patterns=SMALL))
        base_model.check_small(small)
        convert.check_packable(small)
        folder = Path(snapshot_download(name, ignore_patterns=SKIPPED, tqdm_class=_telling(tell)))
    except GatedRepoError as error:
        raise ToolError(
            f"{name} is gated on the Hub: its owner must let you in.", "Ask for access on its page and set HF_TOKEN."
        ) from error
    except RepositoryNotFoundError as error:
        raise ToolError(
            f"The Hub has no model called {name}, or it is private.", "Check the name, or HF_TOKEN."
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        said = " ".join(str(error).split())[:200]
        if "no space left" in said.lower():
            raise ToolError(
                f"There is no room on the disk for {name}.", "Free some disk space, then try again."
            ) from error
        raise ToolError(
            f"{name} could not be fetched from the Hub: {said}",
            "Check the network, or name a local folder or GGUF file.",
        ) from error
    base_model.check_folder(folder)
    return folder


def _telling(tell: Callable[[int, int], None]) -> Any:
    """A progress bar for `snapshot_download` that draws nothing and calls `tell(bytes done, bytes in all)`."""
    from tqdm import tqdm

    class Told(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self.told = -1
            options.pop("name", None)
            super().__init__(*args, **options | {"disable": False, "file": _Nowhere()})

        def display(self, *_: Any, **__: Any) -> bool:
            return True

        def update(self, n: float | None = 1) -> Any:
            done = super().update(n)
            if self.unit == "B" and self.total:
                share = int(TOLD * self.n / self.total)
                if share > self.told:
                    self.told = share
                    tell(int(self.n), int(self.total))
            return done

    return Told


class _Nowhere:
    """A file that forgets what is written."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """There is nothing to flush."""
