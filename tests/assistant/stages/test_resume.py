"""An evaluation that is killed goes on where it stopped: no answer that was recorded is asked for again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from assistant import variants
from assistant.evidence import runner
from assistant.record.types import Brief, Case
from assistant.stages import baseline, dataset
from tests.assistant.evidence.reading_server import ReadingServer
from tests.assistant.guide.proposing import approve, open_bench
from tests.assistant.material import talk

RECORDED = 30


def test_no_recorded_answer_is_asked_for_again_after_a_kill(tmp_path: Path):
    with ReadingServer() as server:
        bench, _ = open_bench(tmp_path, chat_base_url=server.url, chat_model="m", embedding="lexical")
        bench.store.add_case(new := _case())
        baseline.run(bench.store, bench.settings, new.id)
        approve(bench, new.id, 20)
        for number in range(24):
            bench.store.import_conversation(new.id, "heldout", talk(f"{number * 37} sheep in field {number}?", "Yes."))
        data = dataset.run(bench.store, new.id)
        asked = runner.questions(bench.store.items(data.id, "test"))
        rows = len(asked) * len(variants.UNTRAINED)
        environment = os.environ | {
            "ATTUNE_DATA": str(tmp_path),
            "ATTUNE_CHAT_BASE_URL": server.url,
            "ATTUNE_CHAT_MODEL": "m",
            "ATTUNE_EMBEDDING": "lexical",
        }
        command = [sys.executable, "-m", "assistant.faces.cli", "evaluate", new.id, "--json"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            deadline = time.monotonic() + 60
            while _recorded(bench, new.id) < RECORDED and time.monotonic() < deadline:
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
        recorded = _recorded(bench, new.id)
        assert RECORDED <= recorded < rows
        kept = bench.store.scores(bench.store.evaluations(new.id)[0].id)
        server.asked.clear()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        (only,) = bench.store.evaluations(new.id)
        assert only.finished
        after = {(s.variant, s.item, s.turn): s for s in bench.store.scores(only.id)}
        assert len(after) == rows
        assert all(after[one.variant, one.item, one.turn] == one for one in kept)
        quotes = sum(variant.endpoint == "quote" for variant in bench.store.variants(new.id))
        timed = runner.TIMED * (len(variants.UNTRAINED) - quotes)
        modelled = [s for s in after.values() if s not in kept and _asks(bench, s.variant)]
        assert len(server.asked) == len(modelled) + timed
        bench.close()


def _case():
    return Case("fields", "Fields", brief=Brief(goal="Count", users="Farmers", must_not=("Guess",)))


def _recorded(bench, case: str) -> int:
    found = bench.store.evaluations(case)
    return len(bench.store.scores(found[0].id)) if found else 0


def _asks(bench, variant: str) -> bool:
    return bench.store.variant(variant).endpoint != "quote"
