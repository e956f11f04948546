"""A server that speaks the OpenAI protocol: the request, what it does not know, and what its errors mean."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assistant.errors import AttuneError
from assistant.record.types import Message, Variant
from assistant.settings import Settings
from tools import chat_rows
from tools.azure import azure_trainer, deployment

if TYPE_CHECKING:
    import openai

log = logging.getLogger(__name__)


class Gone(Exception):
    """The server cannot be reached or ended in the middle; `told` is what the user is told."""

    def __init__(self, told: AttuneError) -> None:
        super().__init__(told.sentence)
        self.told = told


HOSTED = ("openai", "azure", "compatible")  # endpoints of the trainers of these names
CHAT = "ATTUNE_CHAT_BASE_URL", "ATTUNE_CHAT_API_KEY", "ATTUNE_CHAT_MODEL"


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers, and under which name. `named`: the settings that hold address, key and model."""

    url: str
    model: str
    key: str = field(default="", repr=False)
    local: bool = False
    named: tuple[str, str, str] = CHAT
    deploys: bool = False  # whether a tuned model has to be deployed before it answers

    @property
    def name(self) -> str:
        return "the model's local server" if self.local else f"the server {self.url}"

    def client(self) -> openai.OpenAI:
        import openai

        return openai.OpenAI(
            base_url=self.url,
            api_key=self.key or "none",
            timeout=openai.Timeout(120.0, connect=10.0),
            max_retries=0 if self.local else 2,
        )

    def unreachable(self) -> AttuneError:
        """What to tell where no connection can be had."""
        remedy = "Ask again: it restarts by itself." if self.local else f"Check {self.named[0]} and that it runs."
        return AttuneError(f"There is no connection to {self.name}.", remedy)

    def ended(self) -> Gone:
        """What to raise for an answer that just stops."""
        remedy = "Ask again: it restarts by itself." if self.local else "Ask again."
        return Gone(AttuneError(f"The answer of {self.name} ended in the middle.", remedy))


def remote(settings: Settings, variant: Variant) -> Endpoint:
    """The server of a variant that is not served here. Raises AttuneError where it is not set."""
    model, deploys = variant.model, False
    match variant.endpoint:
        case "openai":
            url, key, named = settings.openai_base_url, settings.openai_api_key, ("OPENAI_BASE_URL", "OPENAI_API_KEY")
        case "azure":
            url = azure_trainer.base_url(settings.azure_openai_endpoint) if settings.azure_openai_endpoint else ""
            key, named = settings.azure_openai_api_key, ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY")
            model, deploys = (deployment.name_of(model), True) if variant.tuned else (model, False)
        case "compatible":
            url, key = settings.tune_base_url, settings.tune_api_key
            named = ("ATTUNE_TUNE_BASE_URL", "ATTUNE_TUNE_API_KEY")
        case _:
            url, key, named = settings.chat_base_url, settings.chat_api_key, CHAT[:2]
    if not url:
        raise AttuneError(
            f"No server is set for the model '{variant.model}'.",
            f"Set {named[0]}, and {named[1]} where it needs a key.",
        )
    what = CHAT[2] if named == CHAT[:2] else "the model's name"
    return Endpoint(url, model, key.get_secret_value(), named=(*named, what), deploys=deploys)


def stream(
    client: openai.OpenAI, endpoint: Endpoint, variant: Variant, messages: list[Message], most: int, refused: set[str]
) -> Any:
    """Open the stream of an answer of at most `most` tokens.

    Servers differ in what they take: an option that one refuses by name is added to `refused` and left out.
    """
    import openai

    row = chat_rows.row(messages) if messages and set(chat_rows.DECLARED) & set(messages[0]) else {"messages": messages}
    sent: list[Any] = list(row.pop("messages"))
    ours = {"max_tokens": most, "temperature": variant.temperature, "stream_options": {"include_usage": True}}
    ours |= {name: value for name, value in row.items() if row.get("tools")}
    while True:
        options: dict[str, Any] = taken(ours, refused)
        try:
            return client.chat.completions.create(model=endpoint.model, messages=sent, stream=True, **options)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            named = blamed(str(error), options)
            if not named:
                raise
            log.info("%s does not take %s.", endpoint.url, named)
            refused.add(named)


@contextmanager
def told(endpoint: Endpoint) -> Iterator[None]:
    """Turns whatever the client raises into a sentence and a remedy; a key never appears in them."""
    import openai

    try:
        yield
    except openai.OpenAIError as error:
        raise _told(error, endpoint) from error


def taken(options: Mapping[str, Any], refused: set[str]) -> dict[str, Any]:
    """The options without those that a server refuses; the limit of an answer has a newer name.

    Others who ask at the same time share that set and may add to it, so a refusal is read against what was sent.
    """
    known, found = frozenset(refused), dict(options)
    if "max_tokens" in known and "max_tokens" in options:
        found["max_completion_tokens"] = options["max_tokens"]
    return {name: value for name, value in found.items() if name not in known}


def blamed(message: str, sent: Mapping[str, Any]) -> str:
    """The option that was sent and that a refusal names first; "" when it names none of them."""
    return min((name for name in sent if name in message), key=message.find, default="")


def refusal(endpoint: Endpoint, status: int, said: str) -> AttuneError:
    """The sentence for a status that is not 200; `said`: the server's own words, short and without the key."""
    name, words = endpoint.name, f" (it says: {said})" if said else ""
    if status in (401, 403):
        return AttuneError(f"Access was refused by {name}.", f"Check {endpoint.named[1]}.")
    if status == 404 and endpoint.deploys:
        return AttuneError(
            f"The tuned model is not deployed at {name}.",
            "Deploy it with `attune deploy` (paid by the hour), or choose another one.",
        )
    if status == 404:
        return AttuneError(
            f"There is no model '{endpoint.model}' at {name}.", f"Check {endpoint.named[2]} and {endpoint.named[0]}."
        )
    if status == 429:
        return AttuneError(f"Too many requests for {name}, or its quota is used up{words}.", "Wait and ask again.")
    if endpoint.local and status >= 500:
        return AttuneError(f"The model failed to answer{words}.", "Ask again, or choose another variant.")
    if endpoint.local:
        return AttuneError(f"The model does not take this request{words}.", "Change what it names.")
    return AttuneError(
        f"The request was refused by {name} with status {status}{words}.", "Ask again later, or choose another model."
    )


def error_of(said: str) -> dict[str, Any]:
    """The error object in the body of an answer; empty where there is none."""
    try:
        body = json.loads(said)
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def words(said: Any, key: str) -> str:
    """A server's own words, short and without the key. `said`: the body of its answer, or what is in it."""
    found = error_of(said).get("message", said) if isinstance(said, str) else said
    plain = " ".join(found.split()) if isinstance(found, str) else ""
    return (plain.replace(key, "***") if key else plain)[:200].rstrip(".")


def _told(error: openai.OpenAIError, endpoint: Endpoint) -> Exception:
    import openai

    body = getattr(error, "body", None)
    said = words(body.get("message") if isinstance(body, dict) else body, endpoint.key)
    match error:
        case openai.APITimeoutError():
            return AttuneError(
                f"No answer came from {endpoint.name} in time.", "Ask again, or check whether it is overloaded."
            )
        case openai.APIConnectionError():
            return Gone(endpoint.unreachable())
        case openai.APIStatusError():
            told = refusal(endpoint, error.status_code, said)
            return Gone(told) if endpoint.local and error.status_code >= 500 else told
        case _:
            return AttuneError(
                f"The answer of {endpoint.name} broke off{f' (it says: {said})' if said else ''}.", "Ask again."
            )
