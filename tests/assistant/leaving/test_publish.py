"""Leaving with a model: pushed to a Hub on loopback with a card from the record, or as a GGUF file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from assistant.errors import AttuneError
from assistant.leaving import publish
from assistant.settings import Settings
from assistant.workbench import Workbench
from tests.assistant.evidence.measured_case import bad_at_refunds, evaluated
from tests.assistant.leaving.test_export import CASE, give_model, open_bench, trained
from tests.tools.hub_server import TOKEN, Hub
from tools.engine import local_models
from tools.engine.gguf import gguf_file
from tools.trainer import ToolError


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened, trainer = open_bench(tmp_path / "run")
    trained(opened, trainer)
    give_model(opened)
    yield opened
    opened.close()


@pytest.fixture
def settings(bench: Workbench, hub: Hub) -> Settings:
    return bench.settings.model_copy(update={"hf_token": SecretStr(TOKEN), "hf_endpoint": hub.url})


def test_a_push_is_private_and_whole_with_a_card(bench: Workbench, hub: Hub, settings: Settings) -> None:
    done = publish.push(bench.store, settings, CASE, "desk")
    files = hub.repos[("model", "ada/desk")]
    assert done["url"] == f"{hub.url}/ada/desk"
    assert hub.private[("model", "ada/desk")] is True
    assert files["model.safetensors"]
    card = files["README.md"].decode()
    (job,) = bench.store.jobs(CASE)
    dataset = bench.store.dataset(job.dataset)
    assert dataset.id in card
    assert f"{dataset.train} conversations for training and {dataset.test} held out" in card
    assert "Limits" in card
    assert not any(TOKEN.encode() in data for data in files.values())


def test_the_card_holds_the_scores_and_the_verdict(bench: Workbench) -> None:
    (job,) = bench.store.jobs(CASE)
    assert "not been measured" in publish.model_card(bench.store, bench.settings, job)
    made = evaluated(bench, CASE, bad_at_refunds)
    card = publish.model_card(bench.store, bench.settings, job)
    assert f"Verdict: {made.verdict['decision']}" in card
    assert made.verdict["reason"] in card
    for name, mean in (("prompt", "0.500"), ("few-shot", "0.500"), ("tuned", "0.550")):  # half lost, half gained
        (row,) = [line for line in card.splitlines() if line.startswith(f"| {name} |")]
        assert f"| {mean} (" in row
    assert "is what was trained" in card


def test_the_card_tells_how_a_model_that_reads_is_given_passages(bench: Workbench) -> None:
    (job,) = bench.store.jobs(CASE)
    assert "passages" not in publish.model_card(bench.store, bench.settings, job)
    reads = replace(job, request=job.request | {"passages": {"rows": 3}})
    assert "the line `Use these passages when" in publish.model_card(bench.store, bench.settings, reads)


def test_a_public_repository_is_left_alone_unless_said(bench: Workbench, hub: Hub, settings: Settings) -> None:
    hub.repos[("model", "ada/desk")] = {}
    hub.private[("model", "ada/desk")] = False
    with pytest.raises(ToolError, match="is public"):
        publish.push(bench.store, settings, CASE, "ada/desk")
    assert not hub.repos[("model", "ada/desk")]
    assert publish.push(bench.store, settings, CASE, "ada/desk", public=True)["private"] is False


def test_without_a_token_or_with_a_wrong_one_it_is_a_sentence(bench: Workbench, settings: Settings) -> None:
    none = settings.model_copy(update={"hf_token": SecretStr("")})
    with pytest.raises(ToolError, match="no token"):
        publish.push(bench.store, none, CASE, "desk")
    wrong = settings.model_copy(update={"hf_token": SecretStr("hf_wrong0123456789")})
    with pytest.raises(ToolError, match="does not accept the token") as caught:
        publish.push(bench.store, wrong, CASE, "desk")
    assert "hf_wrong" not in str(caught.value)


def test_a_gguf_is_the_very_file_that_is_served(bench: Workbench, tmp_path: Path) -> None:
    file = tmp_path / "out" / "x.gguf"
    publish.as_gguf(bench.store, bench.settings, CASE, file)
    served = local_models.served(bench.settings.model_path("jobs/1/merged"), bench.settings.models)
    assert file.read_bytes() == served.read_bytes()
    assert gguf_file.is_gguf(file)
    with pytest.raises(AttuneError, match="exists"):
        publish.as_gguf(bench.store, bench.settings, CASE, file)
    assert [path.name for path in file.parent.iterdir()] == ["x.gguf"]


def test_the_command_pushes_and_says_where(settings: Settings, hub: Hub, here, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", settings.hf_endpoint)
    done = here("export", "--push", "ada/desk")
    assert done.returncode == 0, done.stderr
    assert f"{hub.url}/ada/desk (private)" in done.stdout
    assert hub.private[("model", "ada/desk")] is True
    assert TOKEN not in done.stdout + done.stderr
