"""Files, uploads, orders of jobs, models, embeddings and refusals of /v1, through the official SDK and plain HTTP."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from openai.types import CreateEmbeddingResponse, FileDeleted, FileObject, Model, Upload
from openai.types.fine_tuning import FineTuningJob
from openai.types.uploads import UploadPart

from assistant.faces.api.limits import OwnerLimits
from assistant.record.types import Case, Dataset, Item, Job
from assistant.settings import EMBEDDED, Settings
from assistant.uploads import result_files, tuning_jobs, uploaded_files
from assistant.uploads.refusals import Refused
from tests.assistant.faces.api.conftest import GOOD, ROWS, V1, opened, strict
from tests.tools.conftest import wait_for
from tests.tools.vendor_server import BASE, KEY, serving
from tools.openai.openai_trainer import OpenAITrainer
from tools.trainer import JobState, TrainRequest


def upload(v1: V1, data: bytes = GOOD, name: str = "rows.jsonl") -> str:
    return v1.ada.files.create(file=(name, data), purpose="fine-tune").id


def refused(call: Any, status: int, *words: str) -> openai.APIStatusError:
    """The call is refused with this status, by an error object whose sentence has these words."""
    with pytest.raises(openai.APIStatusError) as caught:
        call()
    error = caught.value
    assert error.status_code == status, error
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    assert all(word in error.body["message"] for word in words), error.body["message"]
    return error


def test_a_file_goes_in_and_comes_out(v1: V1) -> None:
    id = upload(v1)
    shown = strict(FileObject, v1.http.get(f"/files/{id}").json())
    assert (shown.bytes, shown.filename, shown.purpose) == (len(GOOD), "rows.jsonl", "fine-tune")
    assert v1.ada.files.content(id).read() == GOOD
    assert id in [file.id for file in v1.ada.files.list(purpose="fine-tune")]
    strict(FileDeleted, v1.http.delete(f"/files/{id}").json())
    refused(lambda: v1.ada.files.retrieve(id), 404, id)


def test_a_file_belongs_to_one_owner(v1: V1) -> None:
    id = upload(v1)
    refused(lambda: v1.bob.files.retrieve(id), 404)
    refused(lambda: v1.bob.files.content(id), 404)
    refused(lambda: v1.bob.fine_tuning.jobs.create(model=v1.model, training_file=id), 404, id)
    assert not list(v1.bob.files.list())


def test_pages_go_on_behind_an_id(v1: V1) -> None:
    ids = [upload(v1) for _ in range(3)]
    listed = [file.id for file in v1.ada.files.list(limit=2, order="asc")]  # the SDK fetches page after page
    assert [id for id in listed if id in ids] == ids
    page = v1.http.get("/files", params={"limit": 1, "order": "asc"}).json()
    assert (len(page["data"]), page["has_more"]) == (1, True)


def test_an_upload_in_parts_becomes_a_file(v1: V1) -> None:
    order = {"bytes": len(GOOD), "filename": "big.jsonl", "mime_type": "text/jsonl", "purpose": "fine-tune"}
    made = strict(Upload, v1.http.post("/uploads", json=order).json())
    parts = [v1.ada.uploads.parts.create(made.id, data=piece).id for piece in (GOOD[100:], GOOD[:100])]
    refused(lambda: v1.ada.uploads.complete(made.id, part_ids=parts[:1]), 400, "bytes")
    refused(lambda: v1.ada.uploads.complete(made.id, part_ids=parts[::-1], md5="0" * 32), 400, "MD5")
    done = v1.ada.uploads.complete(made.id, part_ids=parts[::-1], md5=hashlib.md5(GOOD).hexdigest())
    assert done.status == "completed"
    assert done.file is not None
    assert v1.ada.files.content(done.file.id).read() == GOOD
    refused(lambda: v1.ada.uploads.cancel(made.id), 400, "completed")
    other = v1.ada.uploads.create(**order)  # type: ignore[arg-type]
    strict(UploadPart, v1.http.post(f"/uploads/{other.id}/parts", files={"data": b"x"}).json())
    assert v1.ada.uploads.cancel(other.id).status == "cancelled"


def test_a_bad_row_is_named_by_its_line(v1: V1) -> None:
    broken = GOOD.split(b"\n")
    broken[4] = b"{"
    refused(lambda: upload(v1, b"\n".join(broken)), 400, "line 5", "not valid JSON")
    broken[4] = b'{"messages": [{"role": "user", "content": "Hi"}]}'
    id = upload(v1, b"\n".join(broken))
    error = refused(lambda: v1.ada.fine_tuning.jobs.create(model=v1.model, training_file=id), 400, "line 5")
    assert (error.param, error.code) == ("training_file", "invalid_training_file")
    few = upload(v1, b"\n".join(GOOD.split(b"\n")[:9]))
    refused(lambda: v1.ada.fine_tuning.jobs.create(model=v1.model, training_file=few), 400, "9 rows", "10")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": "gpt-4o-mini"}, "model"),
        ({"suffix": "x" * 65}, "suffix"),
        ({"seed": -1}, "seed"),
        ({"hyperparameters": {"n_epochs": 51}}, "n_epochs"),
        ({"hyperparameters": {"batch_size": 0}}, "batch_size"),
        ({"method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 2.5}}}}, "beta"),
        ({"method": {"type": "reinforcement"}}, "type"),
        ({"trainer": "magic"}, "trainer"),
        ({"colour": 1}, "colour"),
        ({"integrations": [{"type": "wandb"}]}, "integrations"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
    ],
)
def test_a_bad_order_is_refused_by_its_field(v1: V1, change: dict[str, Any], param: str) -> None:
    order = {"model": v1.model, "training_file": upload(v1)} | change
    answer = v1.http.post("/fine_tuning/jobs", json=order)
    assert answer.status_code in (400, 404)
    assert param in (answer.json()["error"]["param"] or "")
    assert not v1.bench.store.jobs()


def test_a_multiplier_is_of_the_trainers_own_rate(v1: V1) -> None:
    order = tuning_jobs.JobOrder(v1.model, "f", learning_rate_multiplier=0.5)
    base = tuning_jobs.resolve_base(v1.bench, "ada", order.model, True)[1]
    request = tuning_jobs.train_request(order, base, tuning_jobs.FileRows([row["messages"] for row in ROWS], []), "")
    rates = [tuning_jobs.scaled_rate(request, share, v1.bench.trainers["trl"]) for share in (0.5, 1.0)]
    assert 0 < rates[0] == rates[1] / 2


def test_epochs_follow_the_published_rule() -> None:
    assert [tuning_jobs.auto_epochs(rows) for rows in (10, 12, 33, 34, 8333, 8334, 30_000)] == [10, 8, 3, 3, 3, 2, 1]


def test_a_job_of_a_case_is_told_as_openai_tells_it(v1: V1) -> None:
    """Rows, weights and order are frozen as they were; the job and its events validate strictly, whoever began it."""
    store, rows = v1.bench.store, [dict(row) for row in ROWS]
    rows[3] = {
        "messages": [
            *ROWS[3]["messages"][:1],
            {"role": "assistant", "content": " no ", "weight": 0},
            {"role": "user", "content": "?"},
            {"role": "assistant", "content": "Yes."},
        ]
    }
    id = upload(v1, "\n".join(map(json.dumps, rows)).encode(), "tea shop.jsonl")
    file = store.file(id)
    assert file is not None
    case = tuning_jobs.case_of(store, "ada", file)
    frozen = tuning_jobs.FileRows(tuning_jobs.read_rows(v1.bench.settings, file, "supervised", "training_file"), [])
    dataset = tuning_jobs.freeze(store, case, frozen)
    assert [item.messages for item in store.items(dataset)] == [row["messages"] for row in rows]
    job = store.add_job(case, dataset, "trl", "", JobState.FAILED, {"seed": 1, "base_name": EMBEDDED})
    store.set_job(job.id, reason="It broke.", ended=store.job(job.id).created)
    told = v1.http.get(f"/fine_tuning/jobs/ftjob-{job.id}").json()
    shown = strict(FineTuningJob, told)
    assert (shown.status, shown.error.message if shown.error else "") == ("failed", "It broke.")
    content = v1.ada.files.content(shown.training_file).text
    assert [json.loads(line) for line in content.splitlines()] == rows
    newest = next(iter(v1.ada.fine_tuning.jobs.list_events(shown.id)))
    assert newest.message == "The job failed: It broke."
    assert shown.id in [one.id for one in v1.ada.fine_tuning.jobs.list()]
    refused(lambda: v1.bob.fine_tuning.jobs.retrieve(shown.id), 404)
    refused(lambda: v1.ada.fine_tuning.jobs.pause(shown.id), 400, "cannot be paused")
    refused(lambda: v1.ada.fine_tuning.jobs.cancel(shown.id), 400, "has ended")


def hosted(v1: V1, case: str, state: JobState, handle: str) -> Job:
    """A job of Bob's, trained by `openai`."""
    store = v1.bench.store
    store.add_case(Case(case, case, owner="bob"))
    items = [Item(number, "train", row["messages"]) for number, row in enumerate(ROWS)]
    dataset = store.add_dataset(Dataset(f"{case}-rows", case, 0, len(items), 0), items)
    job = store.add_job(case, dataset.id, "openai", handle, state, {"seed": 1, "base_name": BASE})
    store.set_job(job.id, ended=job.created if state.ended else "")
    return store.job(job.id)


def test_jobs_of_a_vendor_whose_key_is_gone_are_listed_as_they_are_known(v1: V1) -> None:
    done = hosted(v1, "done", JobState.SUCCEEDED, "ftjob-far1")
    going = hosted(v1, "going", JobState.RUNNING, "ftjob-far2")
    listed = {job.id: job.status for job in v1.bob.fine_tuning.jobs.list()}
    assert listed == {f"ftjob-{done.id}": "succeeded", f"ftjob-{going.id}": "running"}
    assert [file.purpose for file in v1.bob.files.list()] == ["fine-tune"] * 2  # their rows
    assert "OPENAI_API_KEY" in v1.bench.store.job(going.id).reason


def test_the_table_of_a_job_is_kept_once_its_vendor_can_be_asked(v1: V1, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as vendor:
        trainer = OpenAITrainer(KEY, vendor.api, every=0.0)
        monkeypatch.setitem(v1.bench.trainers, "openai", trainer)
        handle = trainer.start(TrainRequest(BASE, [row["messages"] for row in ROWS], key="k"))
        wait_for(lambda: trainer.poll(handle).state.ended, 20)
        job = hosted(v1, "far", JobState.SUCCEEDED, handle)
        trainer.followed.clear()  # as after a restart
        vendor.fail("GET", "/jobs/", "500", times=1000)
        assert result_files.file_id(job) not in [file.id for file in v1.bob.files.list()]
        vendor.faults.clear()
        assert result_files.file_id(job) in [file.id for file in v1.bob.files.list()]
        assert v1.bob.files.content(result_files.file_id(job)).text.splitlines()[1].startswith("1,")


def test_one_file_may_be_kept_twice_at_once(v1: V1) -> None:
    store, settings = v1.bench.store, v1.bench.settings

    def slowly() -> Iterator[bytes]:
        yield b"the same "
        uploaded_files.add(
            store, settings, "ada", "a.csv", uploaded_files.RESULTS, [b"the same text"], id="file-results-twice"
        )
        yield b"text"

    uploaded_files.add(store, settings, "ada", "a.csv", uploaded_files.RESULTS, slowly(), id="file-results-twice")
    assert v1.ada.files.content("file-results-twice").text == "the same text"


def test_what_has_expired_is_removed_from_the_disk(v1: V1) -> None:
    store, folder = v1.bench.store, v1.bench.settings.data / "files"
    old, kept = upload(v1), upload(v1)
    store.set_file(old, expires=1)
    order: Any = {"bytes": 2, "filename": "a", "mime_type": "text/plain", "purpose": "user_data"}
    uploads = [v1.ada.uploads.create(**order).id for _ in range(3)]
    parts = [v1.ada.uploads.parts.create(id, data=b"x").id for id in uploads]
    for id in uploads[:2]:
        store.db.table("uploads").update(id, {"expires": 1})
    assert v1.ada.uploads.cancel(uploads[0]).status == "cancelled"  # nobody has swept yet
    assert not (folder / parts[0]).exists()
    listed = [file.id for file in v1.ada.files.list()]
    assert (old in listed, kept in listed) == (False, True)
    there = {name: (folder / name).exists() for name in (old, kept, *parts)}
    assert there == {old: False, kept: True, parts[0]: False, parts[1]: False, parts[2]: True}
    refused(lambda: v1.ada.uploads.parts.create(uploads[1], data=b"x"), 400, "expired")
    assert v1.ada.uploads.cancel(uploads[1]).status == "cancelled"
    assert v1.ada.uploads.cancel(uploads[2]).status == "cancelled"


def test_a_refused_order_leaves_no_case_behind(v1: V1) -> None:
    id, before = upload(v1), v1.bench.store.cases("ada")
    order = {"model": BASE, "training_file": id, "extra_body": {"trainer": "openai"}}
    refused(lambda: v1.ada.fine_tuning.jobs.create(**order), 400, "No key is set", "OPENAI_API_KEY")
    file = v1.bench.store.file(id)
    assert file is not None
    assert (v1.bench.store.cases("ada"), file.case) == (before, "")


def test_one_idempotency_key_is_one_job() -> None:
    order = tuning_jobs.JobOrder(EMBEDDED, "file-1", key="once")
    known = Job(7, "case", "d", "trl", "", "running", request={"api": {"order": tuning_jobs.fingerprint(order)}})
    assert tuning_jobs.same_order(known, order) is known
    with pytest.raises(Refused, match="another request"):
        tuning_jobs.same_order(known, tuning_jobs.JobOrder(EMBEDDED, "file-2", key="once"))
    ada, bob = (tuning_jobs.job_key(owner, "once") for owner in ("ada", "bob"))
    assert ada == tuning_jobs.job_key("ada", "once") != bob


def test_models_are_listed_with_their_end(v1: V1) -> None:
    listed = v1.http.get("/models").json()
    assert {EMBEDDED, v1.model} <= {strict(Model, one).id for one in listed["data"]}
    assert all(one["shutdown_date"] is None for one in listed["data"])
    refused(lambda: v1.ada.models.retrieve(f"ft:{EMBEDDED}:ada:x:99"), 404)
    refused(lambda: v1.ada.models.delete(EMBEDDED), 403)


def test_embeddings_come_as_numbers_and_as_base64(v1: V1) -> None:
    body = {"model": "lexical-2", "input": ["green tea", "black tea"]}
    plain = strict(CreateEmbeddingResponse, v1.http.post("/embeddings", json=body).json())
    coded = v1.http.post("/embeddings", json=body | {"encoding_format": "base64"}).json()
    first = np.frombuffer(base64.b64decode(coded["data"][0]["embedding"]), dtype="<f4")
    assert np.allclose(first, plain.data[0].embedding)
    refused(lambda: v1.ada.embeddings.create(model="text-embedding-3-small", input="x"), 404, "embedding model")
    refused(lambda: v1.ada.embeddings.create(model="lexical-2", input=""), 400, "input")
    for numbers in ([1, 2], [[1], [2]]):
        refused(lambda numbers=numbers: v1.ada.embeddings.create(model="lexical-2", input=numbers), 400, "numbers")


def test_without_a_good_key_there_is_nothing(v1: V1) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong-key-000"}, {"Authorization": "Basic x"}):
        answer = httpx.get(f"{v1.url}/models", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert "wrong-key" not in answer.text


@pytest.mark.parametrize("path", ["files", "uploads/upload_1/parts", "fine_tuning/jobs"])
def test_without_a_key_no_body_is_read(v1: V1, path: str) -> None:
    where = httpx.URL(v1.url)
    head = f"POST /v1/{path} HTTP/1.1\r\nHost: {where.host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with socket.create_connection((where.host, where.port), timeout=20) as asked:
        asked.sendall(f"{head}Content-Length: 400000\r\n\r\n".encode())  # and nothing more
        assert asked.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_too_large_and_unknown(v1: V1) -> None:
    answer = v1.http.post("/files", files={"file": b"x" * 1_600_000}, data={"purpose": "user_data"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    answer = v1.http.get("/threads")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url")
    answer = v1.http.post("/chat/completions", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_minutes_requests_are_counted() -> None:
    time = [0.0]
    limits = OwnerLimits(Settings(api_requests=2, api_streams=1), lambda: time[0])
    limits.request("ada")
    limits.request("ada")
    with pytest.raises(Refused) as caught:
        limits.request("ada")
    assert caught.value.status == 429
    limits.request("bob")
    time[0] = 31.0
    limits.request("ada")
    with limits.answering("ada", 1), pytest.raises(Refused, match="ATTUNE_API_STREAMS"):
        limits.begin("ada", 1)


def test_whoever_keeps_asking_is_still_served_at_the_rate_that_is_allowed() -> None:
    time = [0.0]
    limits = OwnerLimits(Settings(api_requests=60), lambda: time[0])
    served = 0
    for _ in range(4 * 120):  # four times a second, two minutes long
        time[0] += 0.25
        with contextlib.suppress(Refused):
            limits.request("ada")
            served += 1
    assert 60 + 110 < served <= 60 + 120


def test_every_answer_has_an_id_and_pages_of_named_origins_may_ask(v1: V1, tmp_path: Path) -> None:
    ids = {v1.http.get(path).headers["x-request-id"] for path in ("/models", "/threads")}
    assert len(ids) == 2
    page = {"Origin": "https://page.example"}
    assert "access-control-allow-origin" not in v1.http.get("/models", headers=page).headers
    with opened(tmp_path, api_origins="https://page.example, https://other.example") as open_to:
        answer = open_to.http.get("/models", headers=page)
        assert answer.headers["access-control-allow-origin"] == "https://page.example"
        ask = page | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        assert httpx.options(f"{open_to.url}/chat/completions", headers=ask).is_success
        assert (
            "access-control-allow-origin"
            not in open_to.http.get("/models", headers={"Origin": "https://evil.example"}).headers
        )
