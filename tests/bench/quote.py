"""How often a quoted answer is right, how often it says rightly that the documents do not tell, and how fast.

    python -m tests.bench.quote [--embedding lexical,auto] [--wrong] [--json]

Three sets of questions in tests/bench/quoting, each with the words that a right answer must hold; none where the
documents do not answer. `report` is about the documents of the example and is only measured: weights and limits were
chosen on the two others, `develop.teashop` (the example as well) and `develop` (three small documents of our own).
The questions about the example were written before anything was built, and a hash of each decided which of the two
sets it belongs to.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.knowledge.quote import quoting
from assistant.knowledge.reading import ingestion
from assistant.knowledge.search.embedding_choice import chosen
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Case
from assistant.settings import Settings

HERE = Path(__file__).resolve().parent / "quoting"
EXAMPLE = HERE.parents[2] / "data" / "examples" / "teashop" / "documents"
SETS = {"report": EXAMPLE, "develop.teashop": EXAMPLE, "develop": HERE / "documents"}  # set -> its documents
ROUNDS = 3  # a question is timed so often, after it was asked once


@dataclass(frozen=True)
class Question:
    """`facts`: what a right answer must hold, whatever its case and its marks; none = nothing tells."""

    text: str
    facts: tuple[str, ...]

    def answered(self, answer: str) -> bool:
        """Whether an answer is right."""
        said = _bare(answer)
        return bool(self.facts) and all(_bare(fact) in said for fact in self.facts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedding", default="lexical,auto", help="as ATTUNE_EMBEDDING, several with commas between")
    parser.add_argument("--wrong", action="store_true", help="show the answers that are not right, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    result: dict[str, Any] = {}
    for wanted in options.embedding.split(","):
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings(data=Path(folder), embedding=wanted)
            choice = chosen(settings)
            if choice.note:
                sys.exit(choice.note)
            if choice.embedding.name not in result:
                result[choice.embedding.name] = measure(settings)
    print(json.dumps(result, ensure_ascii=False) if options.json else shown(result, options.wrong))
    return 0


def questions(name: str) -> list[Question]:
    """A set of questions."""
    lines = (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [Question(row["question"], tuple(row["facts"])) for row in rows]


def measure(settings: Settings) -> dict[str, Any]:
    """The figures of each set with one embedding."""
    store = Store(settings.database)
    knowledge = Knowledge(store, settings)
    try:
        for folder in dict.fromkeys(SETS.values()):
            case = _case(folder)
            store.add_case(Case(case, case))
            for file in sorted(folder.iterdir()):
                ingestion.add(store, settings, case, file.name, file.read_bytes())
            knowledge.sync(case, wait=True)
            quoting.warm(knowledge, case)
        return {name: _figures(knowledge, _case(folder), questions(name)) for name, folder in SETS.items()}
    finally:
        knowledge.close()
        store.close()


def _figures(knowledge: Knowledge, case: str, asked: Sequence[Question]) -> dict[str, Any]:
    right, silent, lengths, seconds = 0, 0, list[int](), list[float]()
    wrong = []
    for question in asked:
        found = quoting.answer(knowledge, case, question.text)
        if found.note:
            sys.exit(found.note)
        good = question.answered(found.text) if question.facts else found.passage is None
        right += good and bool(question.facts)
        silent += good and not question.facts
        if found.passage is not None:
            lengths.append(len(found.text.split()))
        if not good:
            wrong.append(
                {"question": question.text, "facts": question.facts, "sure": round(found.sure, 3), "answer": found.text}
            )
        for _ in range(ROUNDS):
            started = time.perf_counter()
            quoting.answer(knowledge, case, question.text)
            seconds.append(time.perf_counter() - started)
    answerable = sum(bool(question.facts) for question in asked)
    return {
        "answerable": answerable,
        "right": right,
        "share": round(right / answerable, 3),
        "not_in_documents": len(asked) - answerable,
        "said_so": silent,
        "denied": sum(bool(one["facts"]) and one["answer"] == quoting.NOTHING for one in wrong),
        "words_mean": round(statistics.mean(lengths), 1),
        "words_most": max(lengths),
        "ms_median": round(statistics.median(seconds) * 1000, 1),
        "ms_most": round(max(seconds) * 1000, 1),
        "wrong": wrong,
    }


def shown(result: Mapping[str, Any], wrong: bool) -> str:
    """The result as a table."""
    lines = ["report: only measured; develop and develop.teashop: what weights and thresholds were chosen on"]
    for embedding, sets in result.items():
        for name, of in sets.items():
            lines.append(
                f"{embedding:10} {name:16} right {of['right']:2} of {of['answerable']:2} ({of['share']:.0%}), "
                f"said rightly that it is not there {of['said_so']:2} of {of['not_in_documents']:2}, "
                f"wrongly {of['denied']}; "
                f"{of['words_mean']} words on average; {of['ms_median']} ms at the median, {of['ms_most']} at most"
            )
            for one in of["wrong"] if wrong else ():
                lines.append(
                    f"    {one['question']} ({', '.join(one['facts']) or 'not there'})\n"
                    f"        {one['sure']}: {' / '.join(one['answer'].split(chr(10)))}"
                )
    return "\n".join(lines)


def _case(folder: Path) -> str:
    return "teashop" if folder == EXAMPLE else "own"


def _bare(text: str) -> str:
    return " ".join(text.replace("*", "").split()).lower()


if __name__ == "__main__":
    sys.exit(main())
