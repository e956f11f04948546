"""Modelfiles: the chat template for Ollama writes what the model's own writes, to the letter, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import tinymodel
from tests.tools.engine.go_template import render
from tools.engine import ollama
from tools.trainer import ToolError

TALK = [
    {"role": "system", "content": "You are “brief”.\nNever shout."},
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three,\nor four?"},
]
_OPEN = "{{ bos_token }}{% for m in messages %}"
_READY = "{% endfor %}{% if add_generation_prompt %}"
_LLAMA = "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
_LLAMA_READY = _READY + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
_DATES = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
TEMPLATES = [
    (
        "ChatML",
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
        + _READY
        + "<|im_start|>assistant\n{% endif %}",
    ),
    ("Llama 3", _OPEN + _LLAMA + "{{ m.content | trim }}<|eot_id|>" + _LLAMA_READY),
    (
        "Llama 3",
        _OPEN + _LLAMA + "{% if m.role == 'system' %}" + _DATES + "{% endif %}{{ m.content }}<|eot_id|>" + _LLAMA_READY,
    ),
    (
        "Gemma",
        "{{ bos_token }}{% set first = messages[0].content + '\n\n' if messages[0].role == 'system' else '' %}"
        "{% for m in (messages[1:] if first else messages) %}<start_of_turn>"
        "{{ 'model' if m.role == 'assistant' else m.role }}\n{{ first if loop.first else '' }}{{ m.content }}"
        "<end_of_turn>\n" + _READY + "{{ '<start_of_turn>model\n' }}{% endif %}",
    ),
    (
        "Mistral",
        _OPEN + "{% if m.role == 'user' %}[INST] {% if loop.last and messages[0].role == 'system' %}"
        "{{ messages[0].content + '\n\n' }}{% endif %}{{ m.content }}[/INST]"
        "{% elif m.role == 'assistant' %} {{ m.content }}</s>{% endif %}{% endfor %}",
    ),
]
CHATML = TEMPLATES[0][1]


def model(folder: Path, template: str, bos: str = "<s>", file: bool = False) -> Path:
    """A folder with a config and a chat template, in either of the places where models keep it."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 4096}))
    config = {"bos_token": {"content": bos}} | ({} if file else {"chat_template": template})
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    if file:
        (folder / "chat_template.jinja").write_text(template)
    return folder


def template_of(text: str) -> str:
    return text.split('TEMPLATE """')[1].split('"""')[0]


@pytest.mark.parametrize(("name", "template"), TEMPLATES)
def test_a_known_template_is_written_as_ollama_has_it(tmp_path: Path, name: str, template: str) -> None:
    from jinja2 import Environment

    folder = model(tmp_path / "m", template, file=name == "Gemma")
    found = ollama.family(folder)
    assert found is not None
    assert found.name == name
    text = template_of(ollama.modelfile(folder, TALK[0]["content"], 0.0))
    for messages in (TALK, TALK[:2]):
        own = Environment(trim_blocks=True, lstrip_blocks=True).from_string(template)
        wanted = own.render(messages=messages, add_generation_prompt=True, bos_token="")
        assert render(text, TALK[0]["content"], messages) == wanted
        assert render(text, TALK[0]["content"], messages[1:]) == wanted, "older versions leave the system message out"


def test_a_modelfile_has_the_template_its_stop_the_prompt_and_the_window(tiny: Path) -> None:
    text = ollama.modelfile(tiny, 'Say "well".', 0.0)
    assert text.startswith("# ChatML template")
    lines = text.splitlines()
    assert "FROM ./model.gguf" in lines
    assert 'PARAMETER stop "<|im_end|>"' in lines
    assert "PARAMETER temperature 0" in lines
    assert 'SYSTEM """Say "well"."""' in lines
    assert f"PARAMETER num_ctx {tinymodel.WINDOW}" in lines


@pytest.mark.parametrize(
    "template",
    [
        "",
        CHATML.replace("<|im_end|>", "<|end|>"),
        CHATML.replace("\n{{ m.content }}", " {{ m.content }}"),
        "{{ raise_exception('no system messages') }}",
        "{% for m in messages %}{{ m.nothing.at.all }}{% endfor %}",
        "{% broken",
    ],
)
def test_an_unknown_template_is_said_not_guessed(tmp_path: Path, template: str) -> None:
    folder = model(tmp_path / "m", template)
    assert ollama.family(folder) is None
    with pytest.raises(ToolError, match="none of those that can be written for Ollama"):
        ollama.modelfile(folder, "Be brief.", 0.0)


@pytest.mark.parametrize("system", ['He said """stop"""', 'ends with "quotes"', '"'])
def test_a_system_prompt_stays_within_its_quotes(tmp_path: Path, system: str) -> None:
    text = ollama.modelfile(model(tmp_path / "m", CHATML), system, 0.7)
    after = text.split('SYSTEM """')[1]
    assert after.count('"""') == 1
    assert "PARAMETER stop" in after.split('"""')[1]
    assert "PARAMETER temperature 0.7" in text


def test_the_renderer_of_these_tests() -> None:
    source = (
        "{{ if .System }}({{ .System }})\n{{ end }}\n{{- range .Messages }}"
        '{{ if eq .Role "user" }}[{{ .Content }}]{{ else if eq .Role "assistant" }}<{{ .Content }}>{{ else }}!{{ end }}'
        " {{- end }}"
    )
    assert render(source, "S", TALK[2:3]) == "(S)\n<Two.>"
    assert render(source, "", TALK[:2]) == "![One?]"
    with pytest.raises(ValueError, match="unknown function"):
        render("{{ printf .System 1 }}", "", [])
