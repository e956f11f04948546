"""How many tokens a prompt has: exactly for a local model, by a rule of thumb for one behind a server."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.errors import AttuneError
from assistant.record.types import Message
from assistant.settings import EMBEDDED, Settings

CHARACTERS_A_TOKEN = 3.5  # for a model whose tokenizer is not at hand
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
    """About 3.5 characters a token: right within a fifth for English and most tokenizers."""

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
    return math.ceil(len(text) / CHARACTERS_A_TOKEN)


def of_folder(folder: Path) -> Counter:
    """The counter of a local model's folder. Raises AttuneError when the folder is no model."""
    config = _json(folder / "config.json")
    if not config:
        raise AttuneError(f"There is no model in {folder}.", "Choose another model, or make this one again.")
    window = _window(config)
    template = _template(folder)
    if template is None or not (folder / "tokenizer.json").is_file():
        log.warning("%s has no tokenizer.json or no chat template: its tokens are counted roughly.", folder)
        return approximate(window)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    render = renderer(template, _json(folder / "tokenizer_config.json"))

    def cut(messages: list[Message]) -> tuple[str, list[int]]:
        text = render(messages)
        return text, [start for start, _ in tokenizer.encode(text, add_special_tokens=False).offsets]

    return Counter(window, True, lambda messages: len(cut(messages)[1]), cut)


def renderer(template: str, config: Mapping[str, Any]) -> Callable[[Sequence[Message]], str]:
    """Messages -> the text a model is fed, as transformers renders its chat template, opened for an answer."""
    import jinja2

    compiled = _environment().from_string(template)
    special = {name: _content(value) for name, value in config.items() if name.endswith("_token") and value}

    def render(messages: Sequence[Message]) -> str:
        try:
            return str(
                compiled.render(
                    messages=list(messages), tools=None, documents=None, add_generation_prompt=True, **special
                )
            )
        except jinja2.TemplateError as error:
            raise AttuneError(
                f"The model's chat template does not take these messages: {error}.", "Choose another model."
            ) from error

    return render


def _environment() -> Any:
    """The Jinja environment of transformers: sandboxed, with its filter, its two functions and its block tag."""
    import jinja2
    from jinja2 import nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}` marks what an assistant said; for a prompt it is only its content."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def fail(message: str) -> None:
        raise jinja2.TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, **({"ensure_ascii": False} | options))
    environment.globals["raise_exception"] = fail
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


def _window(config: Mapping[str, Any]) -> int:
    inner = config.get("text_config")
    for place in (config, inner if isinstance(inner, dict) else {}):
        for name in ("max_position_embeddings", "n_positions", "max_sequence_length"):
            if isinstance(place.get(name), int) and place[name] > 0:
                return int(place[name])
    return DEFAULT_WINDOW


def _template(folder: Path) -> str | None:
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    found = _json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(found, list):  # several by name
        found = next((one.get("template") for one in found if one.get("name") == "default"), None)
    return found if isinstance(found, str) else None


def _content(token: Any) -> Any:
    return token.get("content", "") if isinstance(token, dict) else token


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
