"""Requests made from our own OpenAPI document, good and bad: none ends in a fault of ours."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.assistant.faces.api.conftest import ADA, V1

EXAMPLES = 12  # of each operation


@pytest.mark.timeout(600)
def test_no_request_ends_in_a_fault(v1: V1) -> None:
    schema = schemathesis.openapi.from_url(f"{v1.url}/openapi.json")
    seen: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        seen[operation.label] = _statuses(operation, v1.url)
    assert len(seen) == sum(len(methods) for methods in v1.http.get("/openapi.json").json()["paths"].values())
    assert {label: codes for label, codes in seen.items() if any(code >= 500 for code in codes)} == {}
    assert {200, 400, 404} <= set().union(*seen.values())


def _statuses(operation: Any, url: str) -> set[int]:
    codes: set[int] = set()

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    def ask(case: Any) -> None:
        answer = case.call(base_url=url, headers={"Authorization": f"Bearer {ADA}"})
        codes.add(answer.status_code)
        if answer.status_code >= 400:
            assert set(answer.json()["error"]) == {"message", "type", "param", "code"}

    ask()
    return codes
