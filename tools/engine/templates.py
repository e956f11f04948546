"""A model's chat template: read, rendered as transformers does, and taught of tools where it knows none."""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.trainer import Message, ToolError

KEY = b"tokenizer.chat_template"
STRING = 8  # the number of that type in a GGUF file
_CALL = {"id": "call00001", "type": "function", "function": {"name": "second", "arguments": {"is": "fourth"}}}
PREFIX = Path(__file__).with_name("tools.jinja")


def with_tools(file: Path) -> str:
    """The template to serve the model with; "" where the file's own is to be used as it is.

    llama.cpp leaves out what a template does not ask for: without this, tools would be dropped silently.
    """
    own = of_file(file)
    return "" if not own or knows_tools(own) else taught(own)


def knows_tools(template: str) -> bool:
    """Whether a template asks for tools itself."""
    return "tools" in template


def taught(template: str) -> str:
    """The same template; one that knows no tools gets them, calls and results as plain messages. So it is served."""
    if knows_tools(template):
        return template
    return PREFIX.read_text(encoding="utf-8").rstrip("\n") + template


def calls_shown(template: str, config: Mapping[str, Any]) -> bool:
    """Whether the template, as it is served, shows a tool call, its arguments and its result to the model."""
    talk: list[Message] = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "", "tool_calls": [_CALL]},
        {"role": "tool", "content": "third", "tool_call_id": "call00001", "name": "second"},
    ]
    try:
        text = renderer(taught(template), config, dated=False)(talk)
    except (ToolError, TypeError):  # a template adds what cannot be added
        return False
    return all(word in text for word in ("second", "fourth", "third"))


def of_file(file: Path) -> str:
    """The chat template of a GGUF file; "" where there is none. It is looked for: reading all keys takes seconds."""
    sought = struct.pack("<Q", len(KEY)) + KEY + struct.pack("<I", STRING)
    with open(file, "rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(sought)
        if at < 0:
            return ""
        begin = at + len(sought) + 8
        (length,) = struct.unpack("<Q", data[begin - 8 : begin])
        return data[begin : begin + length].decode(errors="replace")


def renderer(template: str, config: Mapping[str, Any], dated: bool = True) -> Callable[[Sequence[Message]], str]:
    """Messages -> the text a model is fed, as transformers renders its chat template, opened for an answer.

    `config` holds the special tokens. Without `dated` a template gets no date of today, and takes its own.
    """
    import jinja2

    environment = _environment()
    if dated:
        environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    try:
        compiled = environment.from_string(template)
    except jinja2.TemplateError as error:
        raise ToolError(f"The model's chat template is broken: {error}.", "Choose another model.") from error
    special = {name: _content(value) for name, value in config.items() if name.endswith("_token") and value}

    def render(messages: Sequence[Message]) -> str:
        try:
            return str(
                compiled.render(
                    messages=list(messages), tools=None, documents=None, add_generation_prompt=True, **special
                )
            )
        except jinja2.TemplateError as error:
            raise ToolError(
                f"The model's chat template does not take these messages: {error}.", "Choose another model."
            ) from error

    return render


def _environment() -> Any:
    """The Jinja environment of transformers: sandboxed, with its filter, its function and its block tag."""
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
    return environment


def calls_shown_by(folder: Path) -> bool:
    """Whether the model of a folder is shown tool calls, as they are trained on and served."""
    return calls_shown(of_folder(folder), _json(folder / "tokenizer_config.json"))


def of_folder(folder: Path) -> str:
    """The chat template of a model's folder, the usual one of several; "" where there is none."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    found = _json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(found, list):  # several by name
        found = next((one.get("template") for one in found if one.get("name") == "default"), None)
    return found if isinstance(found, str) else ""


def bos_of(folder: Path) -> str:
    """The token that begins a text; "" where the model has none."""
    return str(_content(_json(folder / "tokenizer_config.json").get("bos_token")) or "")


def _content(token: Any) -> Any:
    return token.get("content", "") if isinstance(token, dict) else token


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
