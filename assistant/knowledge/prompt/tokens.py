"""How many tokens a prompt has: exactly for a local model, by a rule of thumb for one behind a server."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.record.types import Message
from assistant.settings import EMBEDDED, Settings
from tools.engine import templates

BYTES_A_TOKEN = 3.5  # of UTF-8, for a model whose tokenizer is not at hand: letters, where they are English
REMOTE_WINDOW = 8192
DEFAULT_WINDOW = 2048
_PER_MESSAGE = 4  # tokens of a chat template around each message, about
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counter:
    """Counts the prompt tokens of messages. `exact` says whether by the model's own tokenizer and template.

    `cut`, where it is exact: the text that the model is fed, and the place in it where each of its tokens begins.
    """

    window: int
    exact: bool
    count: Callable[[list[Message]], int]
    cut: Callable[[list[Message]], tuple[str, list[int]]] | None = None


def approximate(window: int = REMOTE_WINDOW) -> Counter:
    """About 3.5 bytes a token: right within a fifth for English and most tokenizers."""

    def count(messages: list[Message]) -> int:
        return sum(_PER_MESSAGE + estimate(str(message["content"])) for message in messages)

    return Counter(window, False, count)


@dataclass(frozen=True)
class Reader:
    """The model that will read what is counted: its window in tokens, and how many tokens a text has for it."""

    window: int
    count: Callable[[str], int]


def reader(settings: Settings) -> Reader:
    """The chat model: by its own tokenizer where it is a local one that has one, else by the rule of thumb."""
    if settings.chat_base_url:
        return Reader(REMOTE_WINDOW, estimate)
    folder = Path(settings.model_path(settings.chat_model))
    if settings.chat_model == EMBEDDED:  # made here with its first use, whatever that is
        from tools.engine import embedded

        folder = embedded.ensure(settings.models)
    window = _window(_json(folder / "config.json"))
    if not (folder / "tokenizer.json").is_file():
        return Reader(window, estimate)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def count(text: str) -> int:
        """As it stands in a prompt, on a line of its own: where a text begins, some tokenizers need a token less."""
        return len(tokenizer.encode(f"\n{text}", add_special_tokens=False).ids) - 1

    return Reader(window, count)


def estimate(text: str) -> int:
    """About how many tokens a text has."""
    return math.ceil(len(text.encode(errors="replace")) / BYTES_A_TOKEN)


def of_folder(folder: Path) -> Counter:
    """The counter of a local model's folder. Raises AttuneError when the folder is no model."""
    config = _json(folder / "config.json")
    if not config:
        raise AttuneError(f"There is no model in {folder}.", "Choose another model, or make this one again.")
    window = _window(config)
    template = templates.of_folder(folder)
    if not template or not (folder / "tokenizer.json").is_file():
        log.warning("%s has no tokenizer.json or no chat template: its tokens are counted roughly.", folder)
        return approximate(window)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    render = templates.renderer(template, _json(folder / "tokenizer_config.json"))

    def cut(messages: list[Message]) -> tuple[str, list[int]]:
        text = render(messages)
        return text, [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]

    return Counter(window, True, lambda messages: len(cut(messages)[1]), cut)


def _window(config: Mapping[str, Any]) -> int:
    inner = config.get("text_config")
    for place in (config, inner if isinstance(inner, dict) else {}):
        for name in ("max_position_embeddings", "n_positions", "max_sequence_length"):
            if isinstance(place.get(name), int) and place[name] > 0:
                return int(place[name])
    return DEFAULT_WINDOW


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
