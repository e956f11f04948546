"""Templates and greedy answers, compared with what the trainer noted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.chat import Chat
from assistant.evidence.certificate import probes
from assistant.evidence.certificate.probes import Probe
from assistant.knowledge.search.retriever import Knowledge
from tests.assistant.evidence.reading_server import YesServer
from tests.assistant.material import new_case, talk, variant
from tools import jobdir
from tools.local import base_model


@pytest.fixture
def tuned(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "job" / "merged"))


def test_a_base_of_the_hub_is_compared_by_what_its_trainer_noted(tuned: Path) -> None:
    """Its folder is elsewhere, with a hosted job even on another machine."""

    def template() -> tuple[bool, str]:
        found = probes.template(Path("owner/model"), tuned, tuned / "model.gguf")
        return found.ok, found.detail

    assert template() == (False, "The base's template is not known: train again on a base that has one.")
    (tuned.parent / jobdir.TEMPLATE).write_text(base_model.template_hash(tuned))
    assert template()[0]
    (tuned.parent / jobdir.TEMPLATE).write_text("0" * 64)
    ok, said = template()
    assert not ok
    assert said.endswith("the base's 000000000000")


def test_the_served_file_has_the_template_of_its_model(tuned: Path, tiny: Path) -> None:
    assert probes.template(tiny, tuned, tuned / "model.gguf").ok
    (tuned / "chat_template.jinja").write_text("{{ messages }}")
    assert not probes.template(tiny, tuned, tuned / "model.gguf").ok
    found = probes.template(tuned, tuned, tuned / "model.gguf")
    assert (found.ok, found.detail) == (False, "model.gguf has another one than the model that it was made of")


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Chat]:
    """One whose server says yes to everything."""
    with YesServer() as server:
        made, store = new_case(tmp_path, chat_base_url=server.url, chat_model="says yes")
        opened = Chat(made, store, Knowledge(store, made))
        yield opened
        opened.knowledge.close()


def test_answers_are_compared_to_the_letter_and_the_first_other_one_is_shown(chat: Chat) -> None:
    served, asked = variant(endpoint="chat", model="says yes"), talk("Does it?")
    reply = chat.send(served, asked)
    right = Probe(asked, "".join(reply), reply.prompt_tokens)
    tokens, answers = probes.answers(chat, served, [right])
    assert (tokens.ok, answers.ok) == (True, True)
    tokens, answers = probes.answers(chat, served, [right, Probe(asked, "No.", right.prompt_tokens + 1)])
    assert (tokens.ok, answers.ok) == (False, False)
    assert answers.detail == f"1 of 2 answers are the same to the letter; 'No.' became '{right.answer}'"
    (none,) = probes.answers(chat, served, [])
    assert (none.ok, none.detail) == (False, "The trainer left no answers to compare with: train again.")
