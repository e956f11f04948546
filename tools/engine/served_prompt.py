"""What a model server feeds its model for a chat request, told by the server itself: token ids, each with its text.

llama.cpp renders and cuts the prompt of `/v1/chat/completions` as these two endpoints do; vLLM has one for both.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from tools import loopback
from tools.trainer import Message, ToolError

SECONDS = 60.0
Token = tuple[int, str]


def tokens(url: str, key: str, model: str, messages: Sequence[Message]) -> list[Token]:
    """Every token of the prompt as (id, text). `url` ends in /v1. Raises ToolError where the server does not tell."""
    root = url.removesuffix("/v1")
    rendered = _asked(f"{root}/apply-template", key, {"messages": list(messages)})
    if rendered is None:
        return _by_vllm(root, key, model, messages)
    # As the chat's own prompt is cut: special tokens are read as such, and one that begins a text is added.
    cut = {"content": rendered["prompt"], "add_special": True, "parse_special": True, "with_pieces": True}
    found = _asked(f"{root}/tokenize", key, cut)
    if found is None:
        raise ToolError("The model server does not tell how it cuts a prompt into tokens.")
    return [(int(token["id"]), _text(token["piece"])) for token in found["tokens"]]


def _by_vllm(root: str, key: str, model: str, messages: Sequence[Message]) -> list[Token]:
    """The same of vLLM. Real code that was never run by us."""
    wanted = {"model": model, "messages": list(messages), "add_generation_prompt": True, "return_token_strs": True}
    found = _asked(f"{root}/tokenize", key, wanted)
    if found is None:
        raise ToolError("The model server does not tell how it cuts a prompt into tokens.")
    texts = found.get("token_strs") or [""] * len(found["tokens"])
    return [(int(id_), str(text)) for id_, text in zip(found["tokens"], texts, strict=True)]


def _asked(url: str, key: str, content: dict[str, Any]) -> dict[str, Any] | None:
    """The server's answer; None where it has no such endpoint."""
    request = urllib.request.Request(
        url,
        data=json.dumps(content).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
    )
    try:
        with loopback.opener().open(request, timeout=SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        said = error.read(300).decode("utf-8", "replace")
        raise ToolError(f"The model server cannot render this prompt: {said}") from error
    except (OSError, ValueError) as error:
        raise ToolError(f"The model server did not tell how it cuts a prompt into tokens: {error}.") from error


def _text(piece: str | list[int]) -> str:
    """A piece that is no whole character comes as its bytes."""
    return piece if isinstance(piece, str) else bytes(piece).decode("utf-8", "backslashreplace")
