"""How long an undo takes to be true: eight people ask all the time while a switch is taken back and a question asked.

The switched variant is a small model that goes on to its limit; the one before quotes the documents. Measured from the
call of `switch.undo` to the first letter of the next question's answer, in the same process.

    python -m tests.bench.undo [--times 20] [--people 8] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant import variants
from assistant.record.types import QUOTE, Variant
from assistant.stages import baseline, switch
from assistant.workbench import Workbench
from tests import tinymodel
from tests.assistant import material

CASE = "plants"
QUESTION = [{"role": "user", "content": "How often does the monstera want water?"}]
LONGEST = 1900  # tokens: an answer is still being written when everything else is over


class Person:
    """Asks one question after the other in conversations of their own, and reads each answer to its end."""

    def __init__(self, bench: Workbench, number: int) -> None:
        self.bench, self.number = bench, number
        self.asked: list[tuple[float, Variant]] = []  # when, and who answers
        self.began, self.stop = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            begin = time.perf_counter()
            variant = switch.answering(self.bench.store, self.bench.settings, CASE, f"{self.number}/{len(self.asked)}")
            self.asked.append((begin, variant))
            reply = self.bench.chat.reply(variant, QUESTION)
            for _ in reply:
                self.began.set()
                if self.stop.is_set():
                    break
            reply.close()
        self.bench.store.close()

    def after(self, moment: float) -> set[Variant]:
        """Who answers what was asked after that moment."""
        return {variant for begin, variant in list(self.asked) if begin > moment}


def desk(folder: Path, model: Path) -> tuple[Workbench, Variant]:
    """A case whose documents are quoted, and a tuned model that writes for long."""
    settings, store = material.new_case(folder, embedding="lexical", chat_model=str(model))
    material.add_documents(settings, store)
    baseline.run(store, settings, CASE)
    switch.run(store, CASE, QUOTE)
    made = Variant(CASE, "tuned", "local", str(model), "Help.", job=1, max_tokens=LONGEST)
    tuned = store.add_variant(variants.identified(made))
    bench = material.opened(settings, store)
    next_answer(bench, 0)  # it answered before, so its search is ready
    return bench, tuned


@contextmanager
def busy(bench: Workbench, tuned: Variant, people: int) -> Iterator[list[Person]]:
    """So many people who ask while the switched variant answers, each with an answer begun; they end with the block."""
    switch.run(bench.store, CASE, tuned.id, reason="to have it answer for long", force=True)
    running = [Person(bench, number) for number in range(people)]
    try:
        for one in running:
            if not one.began.wait(120):
                raise RuntimeError("an answer did not begin within two minutes")
        yield running
    finally:
        for one in running:
            one.stop.set()
        for one in running:
            one.thread.join(60)


def next_answer(bench: Workbench, number: int) -> tuple[Variant, str]:
    """The next question: who answers, and what."""
    variant = switch.answering(bench.store, bench.settings, CASE, number)
    return variant, "".join(bench.chat.reply(variant, QUESTION))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = tinymodel.make(Path(folder) / "endless", ends=False)
        bench, tuned = desk(Path(folder) / "run", model)
        took, rows = [], []
        for number in range(given.times):
            with busy(bench, tuned, given.people) as running:
                begin = time.perf_counter()
                switch.undo(bench.store, CASE)
                row = time.perf_counter() - begin
                variant, _ = next_answer(bench, given.people + number)
                seconds = time.perf_counter() - begin
                time.sleep(0.5)  # the others go on asking
                late = sum(tuned in one.after(begin + row) for one in running)
                assert variant.name == QUOTE
                assert not late, f"{late} were answered by the variant that had been taken back"
                took.append(seconds)
                rows.append(row)
        bench.close()
    found = {
        "times": given.times,
        "people": given.people,
        "undo_median_s": round(statistics.median(rows), 4),
        "answered_median_s": round(statistics.median(took), 4),
        "answered_longest_s": round(max(took), 4),
    }
    print(json.dumps(found) if given.json else "\n".join(f"{name:20} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
