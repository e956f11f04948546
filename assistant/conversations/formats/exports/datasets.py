"""Datasets of Langfuse and LangSmith: what was asked, and the output that was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.conversations.formats import messages
from assistant.conversations.formats.found import ImportedConversation, Tally
from assistant.conversations.formats.rows import values

NOTHING = "items without an expected output"
ARCHIVED = "items that were archived"
ABOUT = (
    "id projectId datasetId datasetName sourceTraceId sourceObservationId createdAt updatedAt status metadata "
    "dataset_id dataset_name created_at modified_at source_run_id source_trace_id source_observation_id "
    "updated_at project_id inputs outputs input expectedOutput expected_output reference_outputs name split"
).split()  # who, when and where: nothing that anybody said


class LangfuseDataset:
    """{"input": ..., "expectedOutput": ..., "status": "ACTIVE"}."""

    name = "Langfuse dataset"

    def recognises(self, record: Any) -> bool:
        return isinstance(record, Mapping) and "input" in record and _expected(record) is not None

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        if str(record.get("status") or "").upper() == "ARCHIVED":
            told.leave(ARCHIVED)
            return
        yield from _item(record, record["input"], record[str(_expected(record))], told)


class LangSmithDataset:
    """{"inputs": {...}, "outputs": {...}}."""

    name = "LangSmith dataset"

    def recognises(self, record: Any) -> bool:
        return (
            isinstance(record, Mapping) and "inputs" in record and bool({"outputs", "reference_outputs"} & set(record))
        )

    def read(self, record: Mapping[str, Any], told: Tally) -> Iterator[ImportedConversation]:
        outputs = record.get("outputs") if record.get("outputs") is not None else record.get("reference_outputs")
        yield from _item(record, record["inputs"], outputs, told)


def _expected(record: Mapping[str, Any]) -> str | None:
    if "expectedOutput" in record:
        return "expectedOutput"
    about = {
        "datasetName",
        "dataset_name",
        "datasetId",
        "dataset_id",
        "sourceTraceId",
        "source_trace_id",
        "status",
        "metadata",
    }
    return "expected_output" if "expected_output" in record and about & set(record) else None


def _item(record: Mapping[str, Any], asked: Any, expected: Any, told: Tally) -> Iterator[ImportedConversation]:
    if expected in (None, "", {}, []):
        told.leave(NOTHING)
        return
    for name in record:
        if name not in ABOUT and record[name] not in (None, "", [], {}):
            told.leave(f'the field "{str(name)[:40]}" of items')
    before = values.asked(values.decoded(asked), told)
    after = values.said(values.decoded(expected), told, before)
    first = {name: before[0][name] for name in ("tools", "parallel_tool_calls") if name in before[0]}
    talk = [{k: v for k, v in m.items() if k not in first} for m in [*messages.context(before), *after]]
    yield ImportedConversation(messages.conversation(first | {"messages": talk}, told))
