"""What the tests of the assistant share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assistant.guide.proposing import Opened, open_bench
from tests.assistant.tuned_case import opened_again, tuned_case, tuned_folder  # noqa: F401  fixtures for all


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """A workbench whose trainer takes no time, and that trainer."""
    bench, trainer = open_bench(tmp_path / "run")
    yield bench, trainer
    bench.close()
