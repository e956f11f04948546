"""A switch is taken back while eight people ask: every later question is the earlier variant's."""

from __future__ import annotations

import time
from pathlib import Path

from assistant.record.types import QUOTE
from assistant.stages import switch
from tests.bench import undo
from tests.tools.conftest import wait_for


def test_the_next_question_is_answered_by_the_earlier_variant(tmp_path: Path, endless: Path) -> None:
    bench, tuned = undo.desk(tmp_path / "run", endless)
    try:
        with undo.busy(bench, tuned, 8) as running:
            assert all(one.after(0) == {tuned} for one in running)
            switch.undo(bench.store, undo.CASE)
            taken_back = time.perf_counter()
            variant, text = undo.next_answer(bench, 8)
            assert variant.name == QUOTE
            assert "once a week" in text
            wait_for(lambda: all(one.after(taken_back) for one in running), 60)
            assert all(one.after(taken_back) == {variant} for one in running)
    finally:
        bench.close()
