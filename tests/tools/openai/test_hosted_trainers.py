"""What hosted trainers say and send: statuses, measures, prices, eligibility, limits, files."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from openai.types.fine_tuning import FineTuningJob

from tests.tools.conftest import make_rows, wait_for
from tests.tools.vendor_server import BASE, KEY, STAGES, Vendor, serving
from tools.azure.azure_trainer import AzureTrainer, base_url
from tools.openai import account, earlier_jobs, job_limits, result_csv, statuses
from tools.openai.compatible_trainer import CompatibleTrainer
from tools.openai.job_limits import JobLimits
from tools.openai.openai_trainer import OpenAITrainer
from tools.prices import Prices
from tools.trainer import JobState, Preference, ToolError, TrainRequest

TABLES = {"openai": statuses.OPENAI, "azure": statuses.AZURE, "compatible": statuses.COMPATIBLE}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "FIRST_WAIT", 0.01)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as found:
        yield found


def opened(vendor: Vendor, key: str = KEY) -> OpenAITrainer:
    match vendor.flavour:
        case "azure":
            return AzureTrainer(key, vendor.url, every=0.0)
        case "compatible":
            return CompatibleTrainer(key, vendor.api, Prices("compatible", own=0.4), every=0.0)
        case _:
            return OpenAITrainer(key, vendor.api, every=0.0)


def wanted(**changes: object) -> TrainRequest:
    usual = {"base": BASE, "train": make_rows(12), "test": make_rows(2, 1), "key": "k"}
    return TrainRequest(**(usual | changes))  # type: ignore[arg-type]


# statuses -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", TABLES)
def test_every_status_of_the_sdk_is_mapped_and_pause_leads_to_paused(name: str) -> None:
    said = set(get_args(FineTuningJob.model_fields["status"].annotation)) | {"paused"}
    assert said <= set(TABLES[name])
    assert {TABLES[name][status] for status in said} == set(JobState) - {JobState.UNKNOWN}
    assert JobState.UNKNOWN not in TABLES[name].values()


@pytest.mark.parametrize("flavour", TABLES)
def test_every_status_reaches_the_job_as_exactly_one_of_ours(flavour: str) -> None:
    with serving(flavour) as vendor:
        vendor.hold = True
        trainer = opened(vendor)
        handle = trainer.start(wanted())
        job = vendor.jobs[handle]
        job["fine_tuned_model"] = "ft:tuned"
        for status, expected in TABLES[flavour].items():
            job["status"] = status
            assert trainer.poll(handle).state is expected, status
        job["status"] = "pondering"
        found = trainer.poll(handle)
        assert found.state is JobState.UNKNOWN
        assert not found.state.ended
        assert "'pondering'" in found.reason


def test_success_without_a_model_is_not_success(vendor: Vendor) -> None:
    vendor.hold = True
    trainer = opened(vendor)
    handle = trainer.start(wanted())
    vendor.jobs[handle]["status"] = "succeeded"
    assert trainer.poll(handle).state is JobState.UNKNOWN
    vendor.jobs[handle]["fine_tuned_model"] = "ft:tuned"
    assert trainer.poll(handle).state is JobState.SUCCEEDED


@pytest.mark.parametrize("status", ["404", "405"])
def test_a_vendor_without_lists_of_events_and_checkpoints_is_followed_to_the_end(vendor: Vendor, status: str) -> None:
    vendor.fail("GET", "/(events|checkpoints)$", status, times=1000)
    trainer = opened(vendor)
    handle = trainer.start(wanted())
    states = [trainer.poll(handle).state for _ in range(len(STAGES))]
    assert JobState.FAILED not in states
    assert states[-1] is JobState.SUCCEEDED
    found = trainer.poll(handle)
    assert (found.metrics["final_loss"], found.checkpoints) == (1.5, [])


@pytest.mark.parametrize("status", ["429", "503"])
def test_a_list_that_is_refused_for_now_is_asked_for_again(vendor: Vendor, status: str) -> None:
    trainer = opened(vendor)
    handle = trainer.start(wanted())
    vendor.fail("GET", "/events$", status, times=len(STAGES))
    assert {trainer.poll(handle).state for _ in range(len(STAGES))} == {JobState.UNKNOWN}
    found = trainer.poll(handle)
    assert found.state is JobState.SUCCEEDED
    assert found.step == 2


@pytest.mark.parametrize("flavour", TABLES)
def test_a_job_whose_key_is_gone_is_unknown_and_the_setting_is_named(flavour: str) -> None:
    with serving(flavour) as vendor:
        handle = opened(vendor).start(wanted())
        without = opened(vendor, key="")
        found = without.poll(handle)
        assert found.state is JobState.UNKNOWN
        assert without.settings in found.reason
        for ask in (without.cancel, without.pause, without.resume, without.find):
            with pytest.raises(ToolError, match="There is no key") as caught:
                ask(handle)
            assert without.settings in caught.value.remedy


# measures -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("prefix", ["valid", "validation"])
def test_the_result_file_is_read_however_it_is_spelled(prefix: str) -> None:
    text = f"step,train_loss,train_mean_token_accuracy,{prefix}_loss,{prefix}_mean_token_accuracy,full_{prefix}_loss\n"
    text += "1,2.5,0.4,2.75,0.3,\n2,1.5,0.6,,,1.25\nx,1,1,1,1,1\n3,"
    for data in (text.encode(), base64.b64encode(text.encode()), b"\xef\xbb\xbf" + text.encode()):
        assert result_csv.events(data) == [
            {"type": "step", "step": 1, "steps": 0, "loss": 2.5, "token_accuracy": 0.4},
            {"type": "eval", "step": 1, "eval_loss": 2.75, "whole": False, "token_accuracy": 0.3},
            {"type": "step", "step": 2, "steps": 0, "loss": 1.5, "token_accuracy": 0.6},
            {"type": "eval", "step": 2, "eval_loss": 1.25, "whole": True},
        ]
    assert result_csv.events(b"") == []


@pytest.mark.parametrize("flavour", TABLES)
def test_measures_come_from_events_or_the_result_file_and_checkpoints_are_listed(flavour: str) -> None:
    with serving(flavour) as vendor:
        trainer = opened(vendor)
        handle = trainer.start(wanted())
        status = wait_for(lambda: (found := trainer.poll(handle)).state.ended and found, 20)
        assert status.metrics["final_loss"] == 1.5
        assert status.metrics["eval_loss"] == 1.75
        assert status.metrics["tokens"] == 1200
        assert [one.step for one in status.checkpoints] == ([] if flavour == "compatible" else [1, 2])
        shutdown = "2027-01-14" if flavour == "openai" else None
        assert status.metrics.get("shutdown_date") == shutdown


# prices ---------------------------------------------------------------------------------------------------------------
def test_a_price_is_shown_with_its_date_and_its_source() -> None:
    trainer = OpenAITrainer("", "http://127.0.0.1:1/v1")
    source = trainer.estimate(wanted()).source
    assert f"price of {Prices('openai').date}" in source
    assert "6 January 2027" in source
    with pytest.raises(ToolError, match="no price for 'gpt-9'") as caught:
        trainer.estimate(wanted(base="gpt-9"))
    assert Prices("openai").date in caught.value.sentence


def test_the_table_can_be_edited_and_a_tuned_model_costs_as_its_base(tmp_path: Path) -> None:
    table = tmp_path / "own.toml"
    table.write_text('[openai]\ndate = "2026-12-01"\nsource = "mine"\n[openai.models."b-2025-01-01"]\ntrain = 2.0\n')
    prices = Prices("openai", table)
    for name in ("b", "b-2025-01-01", "ft:b-2025-01-01:org:tea:x1", "b-2025-01-01.ft-0e20-tea"):
        assert prices.training(name).of(1_500_000) == 3.0
    assert Prices("openai", table, own=0.5).training("anything").train == 0.5
    table.write_text("[openai")
    with pytest.raises(ToolError, match="cannot be read"):
        prices.bases()


def test_what_a_run_bills_lies_in_the_estimate() -> None:
    """120 conversations of English as a tokenizer counts them: about 4 bytes a token."""
    rows = make_rows(120)
    said = job_limits.tokens(wanted(train=rows, epochs=2))
    counted = 2 * sum(len(str(m["content"]).encode()) / 4 + 4 for row in rows for m in row)
    assert said.low < counted < said.high


@pytest.mark.parametrize(("rows", "epochs"), [(10, 10), (20, 5), (33, 3), (34, 3), (100, 3), (9000, 2), (30_000, 1)])
def test_epochs_follow_the_published_rule(rows: int, epochs: int) -> None:
    assert job_limits.epochs(TrainRequest(BASE, [[]] * rows)) == epochs


# eligibility and limits -----------------------------------------------------------------------------------------------
def test_an_organisation_that_is_shut_out_is_told_before_it_uploads_anything(vendor: Vendor) -> None:
    vendor.eligible = False
    problem = str(opened(vendor).unavailable())
    assert "may not fine-tune" in problem
    assert "6 January 2027" in problem
    assert "open weights" in problem
    assert not vendor.files
    vendor.eligible = True
    assert opened(vendor).unavailable() is None
    assert not vendor.jobs  # asking started nothing
    assert str(opened(vendor, "").unavailable()).startswith("No key is set. Set OPENAI_API_KEY.")
    assert "refuses the key" in str(opened(vendor, "sk-wrong").unavailable())


def test_the_answer_about_the_account_is_believed_for_a_while(vendor: Vendor) -> None:
    trainer = opened(vendor)
    assert [trainer.unavailable() for _ in range(5)] == [None] * 5
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": "kto"}, "cannot tune by KTO"),
        ({"base": str(Path(__file__).parent)}, "a model of this machine"),
        ({"base": ""}, "No base is named"),
        ({"train": make_rows(9)}, "at least 10 conversations; there are 9"),
        ({"epochs": 51.0}, "more than 50"),
        ({"batch_size": 257}, "more than 256"),
        ({"beta": 2.5}, "not between 0 and 2"),
        ({"tuning": "full"}, "does not offer full"),
        ({"method": "dpo", "preferences": [Preference([], "a", "")] * 10}, "lacks one of its two answers"),
        ({"train": [row[:2] for row in make_rows(10)]}, "No conversation holds an answer"),
    ],
)
def test_what_the_vendor_would_refuse_is_refused_first(vendor: Vendor, changes: dict, words: str) -> None:
    with pytest.raises(ToolError, match=words) as caught:
        opened(vendor).start(wanted(**changes))
    assert caught.value.remedy
    assert not vendor.requests


def test_a_suffix_fits_the_vendor() -> None:
    long = TrainRequest(BASE, [], suffix="Größte Teehandlung_der Stadt Lübeck")
    assert job_limits.suffix(long, JobLimits("A", 18)) == "gr--te-teehandlung"
    assert len(job_limits.suffix(long, JobLimits("O", 64))) <= 64
    assert base_url("https://res.openai.azure.com/") == "https://res.openai.azure.com/openai/v1/"
    assert base_url("https://res.openai.azure.com/openai/v1") == "https://res.openai.azure.com/openai/v1/"


def test_preferences_are_sent_as_dpo(vendor: Vendor) -> None:
    asked = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    pairs = [Preference(asked, f"good {i}", f"bad {i}") for i in range(12)]
    handle = opened(vendor).start(wanted(method="dpo", train=[], test=[], preferences=pairs, beta=0.2, epochs=2.0))
    sent = vendor.jobs[handle]["_asked"]
    assert sent["method"] == {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 2}}}
    first = json.loads(vendor.contents[sent["training_file"]].splitlines()[0])
    assert first == {
        "input": {"messages": asked},
        "preferred_output": [{"role": "assistant", "content": "good 0"}],
        "non_preferred_output": [{"role": "assistant", "content": "bad 0"}],
    }


def test_the_same_rows_are_uploaded_once_and_weights_are_kept(vendor: Vendor) -> None:
    rows = [[*row[:2], {**row[2], "weight": 0}, {"role": "user", "content": "And?"}, row[2]] for row in make_rows(12)]
    for key in ("first", "second"):
        opened(vendor).start(wanted(train=rows, test=[], key=key))
    assert len(vendor.files) == 1
    assert len(vendor.jobs) == 2
    first = json.loads(next(iter(vendor.contents.values())).splitlines()[0])
    assert first["messages"][2]["weight"] == 0


def test_another_vendor_is_not_told_the_organisation_at_openai(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-mine")
    opened(vendor).start(wanted())
    assert not [header for header in vendor.headers if "openai-organization" in header or "openai-project" in header]
    own = OpenAITrainer("sk-x").account.client()
    assert (own.organization, own.project) == ("org-mine", "proj-mine")


def test_asking_twice_with_one_key_makes_one_job(vendor: Vendor) -> None:
    assert opened(vendor).start(wanted()) == opened(vendor).start(wanted())
    assert len(vendor.jobs) == 1


# earlier jobs ---------------------------------------------------------------------------------------------------------
def test_the_rows_of_an_earlier_job_come_back_by_job_model_and_file(vendor: Vendor) -> None:
    trainer = opened(vendor)
    handle = trainer.start(wanted())
    status = wait_for(lambda: (found := trainer.poll(handle)).state.ended and found, 20)
    for source in (handle, status.model):
        found = earlier_jobs.fetch(trainer.account, source)
        assert (found.model, found.base) == (status.model, BASE)
        assert [json.loads(line)["messages"] for line in found.train.splitlines()] == make_rows(12)
        assert len(found.test.splitlines()) == 2
    file = vendor.jobs[handle]["training_file"]
    assert earlier_jobs.fetch(trainer.account, file).train == found.train
    with pytest.raises(ToolError, match="lists no job that made 'ft:other'"):
        earlier_jobs.fetch(trainer.account, "ft:other")
    vendor.files.clear()
    with pytest.raises(ToolError, match="does not know this"):
        earlier_jobs.fetch(trainer.account, handle)
