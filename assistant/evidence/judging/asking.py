"""How a judging model is asked: the guide's model, on any server that speaks the OpenAI protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assistant import endpoints
from assistant.endpoints import Endpoint, Gone
from assistant.errors import AttuneError
from assistant.settings import Settings

OPENAI = "https://api.openai.com/v1"
NAMED = "ATTUNE_GUIDE_BASE_URL", "ATTUNE_GUIDE_API_KEY", "ATTUNE_GUIDE_MODEL"
TOKENS = 400  # of a reply
Ask = Callable[[str], str]  # a prompt -> what the model says to it


def unavailable(settings: Settings) -> str | None:
    """Why there is no model to ask."""
    if settings.guide_model:
        return None
    return "No model is set that could judge: choose one under 'Guide's model', or set ATTUNE_GUIDE_MODEL."


def asker(settings: Settings) -> Ask:
    """Asks the model of the settings. Raises AttuneError where none is set; so does a question that gets no answer.

    The client waits as long as a server asks it to, and asks twice more where it is overloaded or out of reach.
    """
    if reason := unavailable(settings):
        raise AttuneError(reason, "Any OpenAI-compatible server will do.")
    key = settings.guide_api_key.get_secret_value()
    endpoint = Endpoint(settings.guide_base_url or OPENAI, settings.guide_model, key, named=NAMED)
    client, refused = endpoint.client(), set[str]()

    def ask(prompt: str) -> str:
        try:
            with endpoints.told(endpoint):
                return _reply(client, endpoint, prompt, refused)
        except Gone as gone:
            raise gone.told from gone

    return ask


def _reply(client: Any, endpoint: Endpoint, prompt: str, refused: set[str]) -> str:
    """An option that the server refuses by name is left out from then on: not all know temperature or JSON mode."""
    import openai

    ours = {"max_tokens": TOKENS, "temperature": 0.0, "response_format": {"type": "json_object"}}
    messages = [{"role": "user", "content": prompt}]
    while True:
        options = endpoints.taken(ours, refused)
        try:
            done = client.chat.completions.create(model=endpoint.model, messages=messages, **options)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            named = endpoints.blamed(str(error), options)
            if not named:
                raise
            refused.add(named)
            continue
        choices = getattr(done, "choices", None) or []
        return str(choices[0].message.content or "") if choices else ""
