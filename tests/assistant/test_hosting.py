"""A model tuned at Azure is deployed by Azure's real SDK at a control plane on loopback, with its bill in sight."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from azure.core.credentials import AccessToken

from assistant import hosting
from assistant.errors import AttuneError
from assistant.faces.ui.session import Session
from assistant.faces.ui.train import training_text
from assistant.faces.ui.train.hosting_panel import HostingPanel
from assistant.guide import proposals
from assistant.record import spending
from assistant.record.types import Job
from assistant.stages import switch
from assistant.workbench import azure
from tests.assistant.hosted_bench import Hosted, at
from tests.tools.vendor_server import BASE
from tools.azure.deployment import AzureHosting, name_of
from tools.trainer import ToolError


class Signed:
    """A credential that is signed in: what DefaultAzureCredential is after `az login`."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://management.azure.com/.default",)
        return AccessToken("arm-token-of-the-test", int(time.time()) + 3600)


@pytest.fixture
def at_azure(tmp_path: Path) -> Iterator[tuple[Hosted, Job]]:
    """A case with a model that was tuned at Azure."""
    ids = {"azure_subscription_id": "sub-1", "azure_resource_group": "group-1"}
    with at("azure", tmp_path / "run", **ids) as found:
        found.bench.hosting = opened(found)
        found.run()
        yield found, found.ended()


def opened(found: Hosted) -> AzureHosting:
    settings = found.bench.settings
    return AzureHosting(
        "https://res.openai.azure.com",
        settings.azure_subscription_id,
        settings.azure_resource_group,
        management=found.vendor.url,
        credential=Signed(),
    )


Azure = tuple[Hosted, Job]


def ask(found: Hosted) -> str:
    bench = found.bench
    switch.run(bench.store, found.case, "tuned", reason="to see how it answers", force=True)
    return "".join(
        bench.chat.reply(
            switch.active(bench.store, bench.settings, found.case), [{"role": "user", "content": "Where is it?"}]
        )
    )


def test_a_tuned_model_answers_once_it_is_deployed_and_no_longer_when_it_is_taken_down(at_azure: Azure) -> None:
    found, job = at_azure
    with pytest.raises(AttuneError, match="not deployed") as caught:
        ask(found)
    assert "attune deploy" in caught.value.remedy
    made = proposals.propose(found.bench, found.case, "deploy", {"hours": 10})
    assert "$1.70 an hour, used or not: $17.00" in made.terms["costs"]
    assert "2026-11-25" in made.terms["costs"]
    assert not found.vendor.deployments
    proposals.confirm(found.bench, made.id)
    (sent,) = [(path, body) for method, path, body in found.vendor.requests if method == "PUT"]
    assert sent[0].endswith(
        f"/resourceGroups/group-1/providers/Microsoft.CognitiveServices/accounts/res/deployments/{name_of(job.model)}"
    )
    assert sent[1]["sku"] == {"name": "Standard", "capacity": 1}
    assert sent[1]["properties"]["model"] == {"format": "OpenAI", "name": job.model, "version": "1"}
    assert name_of(job.model) in ask(found)
    (one,) = hosting.running(found.bench.store, found.bench.hosting)
    assert (one.job, one.usd_per_hour, one.reserved, one.over) == (job.id, 1.7, 10, False)
    assert "price of 2026-11-25" in hosting.said(one, found.bench.hosting.prices.date)
    down = proposals.propose(found.bench, found.case, "undeploy", {})
    proposals.confirm(found.bench, down.id)
    assert not found.vendor.deployments
    assert hosting.running(found.bench.store, found.bench.hosting) == []
    with pytest.raises(AttuneError, match="not deployed"):
        ask(found)


def test_hosting_counts_against_the_spending_cap(at_azure: Azure) -> None:
    found, job = at_azure
    bench = found.bench
    trained = spending.spent(bench.store)
    bench.settings = bench.settings.model_copy(update={"spending_cap": trained + 20.0})
    with pytest.raises(AttuneError, match=r"up to \$34\.00"):
        hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, hours=20)
    assert not found.vendor.deployments
    hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, hours=10)
    assert spending.spent(bench.store) == pytest.approx(trained + 17.0, abs=0.01)
    hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, hours=10)  # asked twice: one bill
    assert spending.spent(bench.store) == pytest.approx(trained + 17.0, abs=0.01)
    assert len(found.vendor.deployments) == 1
    cost = hosting.take_down(bench.store, bench.hosting, job.id)
    assert spending.spent(bench.store) == pytest.approx(trained + cost, abs=0.01)


def test_what_used_up_its_hours_is_taken_down_when_somebody_looks(at_azure: Azure) -> None:
    found, job = at_azure
    bench = found.bench
    hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, hours=2)
    assert hosting.sweep(bench.store, bench.hosting) == []
    job = bench.store.job(job.id)
    (row,) = job.metrics["hosting"]
    since = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    bench.store.set_job(job.id, metrics=job.metrics | {"hosting": [row | {"since": since}]})
    assert hosting.sweep(bench.store, bench.hosting) == [job.id]
    assert not found.vendor.deployments
    assert hosting.sweep(bench.store, bench.hosting) == []


def test_a_developer_deployment_costs_nothing_by_the_hour(at_azure: Azure) -> None:
    found, job = at_azure
    bench = found.bench
    before = spending.spent(bench.store)
    hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, "DeveloperTier", 24)
    assert spending.spent(bench.store) == pytest.approx(before)


def test_the_training_tab_shows_the_bill_and_ends_it_with_one_button(at_azure: Azure) -> None:
    found, job = at_azure
    with gr.Blocks():
        panel = HostingPanel(found.bench, Session())
    box, text, deploy, down = panel.show(found.case)
    assert (box.visible, deploy.visible, down.visible) == (True, True, False)
    assert "is not deployed" in text
    assert "$1.70 an hour, used or not (price of 2026-11-25)" in text
    panel.propose(found.case)
    assert not found.vendor.deployments  # a person confirms it first
    made = proposals.current(found.bench, found.case)
    assert made is not None
    proposals.confirm(found.bench, made.id)
    _, text, deploy, down = panel.show(found.case)
    assert (deploy.visible, down.visible) == (False, True)
    assert "of 8 reserved hours, $0.00 so far at $1.70 an hour (price of 2026-11-25)" in text
    panel.take_down(found.case)
    assert not found.vendor.deployments
    assert found.bench.store.job(job.id).metrics["hosting"][-1]["until"]
    now = found.bench.trainers["azure"].poll(job.handle)
    assert "It cost about $" in training_text.status(job, now, now.events)
    assert "(price of 2026-11-25)" in training_text.status(job, now, now.events)


@pytest.mark.parametrize(("kind", "words"), [("cut", "lost|no connection"), ("403", "refused it .403"), ("500", "500")])
def test_faults_of_the_control_plane_are_told(at_azure: Azure, kind: str, words: str) -> None:
    found, job = at_azure
    bench = found.bench
    found.vendor.fail("PUT", "/deployments/", kind, times=9)
    with pytest.raises(ToolError, match=words) as caught:
        hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, hours=1)
    assert caught.value.remedy
    found.vendor.faults.clear()
    hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, hours=1)
    assert len(found.vendor.deployments) == 1
    assert len(bench.store.job(job.id).metrics["hosting"]) == 1


def test_without_the_settings_or_a_model_there_it_refuses(at_azure: Azure) -> None:
    found, job = at_azure
    bench = found.bench
    assert "AZURE_SUBSCRIPTION_ID" in str(
        azure(bench.settings.model_copy(update={"azure_subscription_id": ""})).unavailable()
    )
    assert azure(bench.settings).unavailable() is None
    with pytest.raises(AttuneError, match="cannot be reserved"):
        hosting.offer(bench.store, bench.hosting, job.id, "Standard", 0)
    with pytest.raises(ToolError, match="no price for hosting 'Huge'"):
        hosting.offer(bench.store, bench.hosting, job.id, "Huge", 1)
    bench.store.set_job(job.id, trainer="trl")
    with pytest.raises(AttuneError, match="no model at Azure"):
        hosting.offer(bench.store, bench.hosting, job.id, "Standard", 1)


def test_a_base_that_azure_retired_is_refused_before_anything_is_uploaded(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    head = '[azure]\ndate = "2026-01-02"\nhosting = { Standard = 2.5 }\n'
    table.write_text(head + '[azure.models."gpt-35-turbo-0613"]\ntrain = 8\n[azure.models.gone]\ntrain = 1\n')
    with at("azure", tmp_path / "run", prices=table) as found:
        with pytest.raises(ToolError, match="no longer tunes 'gpt-35-turbo-0613'") as caught:
            found.run(base="gpt-35-turbo-0613")
        assert BASE[:7] in caught.value.remedy
        assert not found.vendor.files
        with pytest.raises(ToolError, match="no longer tunes 'gone'"):  # one that it does not even list
            found.run(base="gone")
        assert not found.vendor.jobs
        estimate = found.bench.trainers["azure"].caution(None)  # type: ignore[arg-type]
        assert "$2.50 an hour" in estimate
        assert "2026-01-02" in estimate
