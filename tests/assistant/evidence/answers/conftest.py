"""A measured shop for each test of this folder."""

from __future__ import annotations

import pytest

from assistant.evidence.answers.rows import AnswerTable
from assistant.record.store import Store
from tests.assistant.evidence.answers import measured_shop
from tests.assistant.guide.proposing import Opened


@pytest.fixture
def table(opened: Opened) -> AnswerTable:
    bench, trainer = opened
    return AnswerTable(bench.store, measured_shop.measured(bench, measured_shop.trained(bench, trainer)))


@pytest.fixture
def store(table: AnswerTable) -> Store:
    return table.store
