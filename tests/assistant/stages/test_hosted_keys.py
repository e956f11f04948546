"""No key in any log, row, job folder, export or error: whole flows with marked keys, then everything is searched."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from assistant import hosting
from assistant.errors import AttuneError
from assistant.guide import proposals
from assistant.leaving import export
from assistant.stages import switch
from tests.assistant.hosted_bench import Hosted, at
from tests.assistant.test_hosting import opened
from tests.tools.vendor_server import BASE, KEY
from tools.openai import account
from tools.trainer import ToolError

OPTIONS = {"openai": {}, "azure": {}, "compatible": {"base": BASE}}


@pytest.mark.parametrize("flavour", OPTIONS)
def test_a_marked_key_is_found_nowhere_afterwards(
    flavour: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account, "FIRST_WAIT", 0.01)
    caplog.set_level(logging.DEBUG)
    ids = {"azure_subscription_id": "sub-1", "azure_resource_group": "group-1"} if flavour == "azure" else {}
    said: list[str] = []
    with at(flavour, tmp_path / "run", **ids) as found:
        said += failing(found)
        said += succeeding(found)
        bench = found.bench
        said.append(f"{bench.settings!r} {bench.trainers} {bench.trainers[flavour].account!r}")
        export.dataset(bench.store, found.case, tmp_path / "exported")
        sent = "".join(header.get("authorization", "") for header in found.vendor.headers)
    assert KEY in sent  # the flow did use it
    out, err = capfd.readouterr()
    said += [out, err, caplog.text]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files)
    assert any("exported" in path.parts for path in files)
    guilty = [str(path) for path in files if KEY.encode() in path.read_bytes()]
    assert guilty == []
    assert [text[:200] for text in said if KEY in text] == []


def failing(found: Hosted) -> list[str]:
    """Every kind of refusal, from a vendor that repeats the key in its messages, as its users see them."""
    said = []
    assert found.bench.trainers[found.name].unavailable() is None
    faults = (("/files$", "401"), ("/files$", "403"), ("/jobs$", "400"), ("/jobs$", "429"))
    for path, kind in faults:
        found.vendor.faults.clear()
        found.vendor.fail("POST", path, kind, times=9, message=f"Key {KEY} cannot do this.", retry_after="0")
        with pytest.raises(ToolError) as caught:
            found.run(**OPTIONS[found.name])
        said += [str(caught.value), repr(caught.value), found.bench.store.jobs(found.case)[-1].reason]
    found.vendor.faults.clear()
    found.vendor.fail("GET", "/files$", "cut", times=9)
    with pytest.raises(ToolError) as caught:
        found.run(**OPTIONS[found.name])
    said.append(str(caught.value))
    found.vendor.faults.clear()
    job = found.run(**OPTIONS[found.name])
    found.vendor.events[job.handle].append(
        {
            "id": "ftevent-k",
            "object": "fine_tuning.job.event",
            "created_at": 1,
            "level": "warn",
            "type": "message",
            "message": f"Used {KEY}.",
            "data": None,
        }
    )
    found.vendor.fail("GET", "/jobs/ftjob", "401", message=f"Incorrect API key provided: {KEY}.")
    said.append(found.refresh().reason)
    said.append(str(found.bench.trainers[found.name].poll(job.handle)))
    found.vendor.job_ends("failed", f"The key {KEY} was revoked.")
    said.append(found.refresh().reason)
    assert "***" in said[-1]
    return said


def succeeding(found: Hosted) -> list[str]:
    """A proposal, its run, its model in the chat, with a vendor that answers with the key once."""
    bench, said = found.bench, []
    payload = {"trainer": found.name, **OPTIONS[found.name]}
    made = proposals.propose(bench, found.case, "train", payload)
    said += [made.why, proposals.confirm(bench, made.id)]
    job = found.ended()
    assert job.state == "succeeded", job.reason
    if found.name == "azure":
        bench.hosting = opened(found)
        said.append(hosting.deploy(bench.store, bench.settings, bench.hosting, job.id, hours=1))
    switch.run(bench.store, found.case, "tuned", reason="to see how it answers", force=True)
    active = switch.active(bench.store, bench.settings, found.case)
    asked = [{"role": "user", "content": "Where is it?"}]
    assert "".join(bench.chat.reply(active, asked))
    found.vendor.fail("POST", "/chat/completions", "400", message=f"The key {KEY} may not chat.")
    with pytest.raises(AttuneError) as caught:
        "".join(bench.chat.reply(active, asked))
    return [*said, str(caught.value)]
