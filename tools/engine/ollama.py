"""A model folder -> what Ollama needs to serve it: a Modelfile whose chat template is the model's own, as Go writes it.

Nothing is guessed: the model's Jinja template is rendered and compared to the letter with each known family.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.engine import templates
from tools.engine.embedded import SERVED
from tools.trainer import Message, ToolError

MODELFILE = "Modelfile"
_PROBE: list[Message] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three?"},
]


@dataclass(frozen=True)
class Family:
    """Models that put a conversation into text the same way. `rendered` is that text, without a first BOS token."""

    name: str
    template: str
    stop: tuple[str, ...]
    rendered: Callable[[Sequence[Message]], str]


def family(folder: Path) -> Family | None:
    """The family whose text equals the model's own for a conversation with a system message; None when none does."""
    source, bos = templates.of_folder(folder), templates.bos_of(folder)
    if not source:
        return None
    texts = [(probe, _rendered(source, probe, bos)) for probe in (_PROBE, _PROBE[:2])]
    return next((known for known in FAMILIES if all(known.rendered(probe) == text for probe, text in texts)), None)


def modelfile(folder: Path, system: str, temperature: float) -> str:
    """The text of a Modelfile to lie in the model's folder. Raises ToolError for an unknown chat template."""
    found = family(folder)
    if found is None:
        known = ", ".join(dict.fromkeys(known.name for known in FAMILIES))
        raise ToolError(
            f"The chat template of {folder.name} is none of those that can be written for Ollama ({known}).",
            "Export with --model and serve it with vLLM or transformers, which use the model's own template.",
        )
    stops = "\n".join(f'PARAMETER stop "{word}"' for word in found.stop)
    return (
        f"# {found.name} template; made for `ollama create NAME -f Modelfile`, run in this folder\n"
        f'FROM {_weights(folder)}\nTEMPLATE """{found.template}"""\nSYSTEM """{_quoted(system)}"""\n'
        f"{stops}\nPARAMETER temperature {temperature:g}\n{_window(folder)}"
    )


def _weights(folder: Path) -> str:
    """What Ollama reads: the GGUF file that is served here, else the folder, which it converts by itself."""
    return f"./{SERVED}" if (folder / SERVED).is_file() else "."


def _quoted(text: str) -> str:
    """A system prompt inside triple quotes: three in a row would end it, and so would one at its end."""
    plain = text.strip().replace('"""', '"" "')
    return f"{plain} " if plain.endswith('"') else plain


def _window(folder: Path) -> str:
    """The context that the model was made for: Ollama's default may be longer than a small model's."""
    config = _json(folder / "config.json")
    length = (config.get("text_config") or config).get("max_position_embeddings")
    return f"PARAMETER num_ctx {min(int(length), 8192)}\n" if length else ""


def _rendered(source: str, messages: Sequence[Message], bos: str) -> str | None:
    """What a template makes of messages, without the BOS token, which Ollama adds; None where it refuses them."""
    try:
        render = templates.renderer(source, {"bos_token": bos, "eos_token": "</s>"}, dated=False)
        return render(messages).removeprefix(bos)
    except (ToolError, TypeError, KeyError):
        return None


def _json(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return value if isinstance(value, dict) else {}


# The families -------------------------------------------------------------------------------------------------------
# Templates leave out messages with the role system and print .System: Ollama gives it both ways, older versions one.
def _chatml(messages: Sequence[Message]) -> str:
    return "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages) + "<|im_start|>assistant\n"


_CHATML = """{{- if .System }}<|im_start|>system
{{ .System }}<|im_end|>
{{ end }}
{{- range .Messages }}
{{- if ne .Role "system" }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}
{{- end }}<|im_start|>assistant
"""


def _llama(before: str) -> Callable[[Sequence[Message]], str]:
    def rendered(messages: Sequence[Message]) -> str:
        said = [(m["role"], (before if m["role"] == "system" else "") + m["content"]) for m in messages]
        turns = [f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>" for role, text in said]
        return "".join(turns) + "<|start_header_id|>assistant<|end_header_id|>\n\n"

    return rendered


def _llama_template(before: str) -> str:
    return f"""{{{{- if .System }}}}<|start_header_id|>system<|end_header_id|>

{before}{{{{ .System }}}}<|eot_id|>
{{{{- end }}}}
{{{{- range .Messages }}}}
{{{{- if ne .Role "system" }}}}<|start_header_id|>{{{{ .Role }}}}<|end_header_id|>

{{{{ .Content }}}}<|eot_id|>
{{{{- end }}}}
{{{{- end }}}}<|start_header_id|>assistant<|end_header_id|>

"""


_DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"  # Llama 3.1: before the system prompt


def _gemma(messages: Sequence[Message]) -> str:
    system = "".join(f"{m['content']}\n\n" for m in messages if m["role"] == "system")
    turns = [m for m in messages if m["role"] != "system"]
    return (
        "".join(
            f"<start_of_turn>{'model' if m['role'] == 'assistant' else 'user'}\n"
            f"{system if number == 0 else ''}{m['content']}<end_of_turn>\n"
            for number, m in enumerate(turns)
        )
        + "<start_of_turn>model\n"
    )


_GEMMA = """{{- $system := .System }}
{{- range .Messages }}
{{- if eq .Role "user" }}<start_of_turn>user
{{ if $system }}{{ $system }}

{{ $system = "" }}{{ end }}{{ .Content }}<end_of_turn>
{{ else if eq .Role "assistant" }}<start_of_turn>model
{{ .Content }}<end_of_turn>
{{ end }}
{{- end }}<start_of_turn>model
"""


def _mistral(messages: Sequence[Message]) -> str:
    system = "".join(f"{m['content']}\n\n" for m in messages if m["role"] == "system")
    text = ""
    for number, m in enumerate(messages):
        if m["role"] == "user":
            text += f"[INST] {system if number == len(messages) - 1 else ''}{m['content']}[/INST]"
        elif m["role"] == "assistant":
            text += f" {m['content']}</s>"
    return text


_MISTRAL = """{{- range $index, $message := .Messages }}
{{- if eq .Role "user" }}[INST] {{ if and $.System (eq (len (slice $.Messages $index)) 1) }}{{ $.System }}

{{ end }}{{ .Content }}[/INST]
{{- else if eq .Role "assistant" }} {{ .Content }}</s>
{{- end }}
{{- end }}"""

FAMILIES = (
    Family("ChatML", _CHATML, ("<|im_end|>", "<|im_start|>"), _chatml),
    Family("Llama 3", _llama_template(""), ("<|eot_id|>", "<|start_header_id|>"), _llama("")),
    Family("Llama 3", _llama_template(_DATES), ("<|eot_id|>", "<|start_header_id|>"), _llama(_DATES)),
    Family("Gemma", _GEMMA, ("<end_of_turn>", "<start_of_turn>"), _gemma),
    Family("Mistral", _MISTRAL, ("[INST]", "[/INST]"), _mistral),
)
