"""What tuning the starter on 100 conversations of a new domain takes, brings and costs.

    python -m tests.bench.starter_tuning [--json] [--set choir] [--model DIR] [--count 20]
    python -m tests.bench.starter_tuning --validation --learning-rate 2e-3 --epochs 8

For each set of data/tuning: seconds from the start of the app's own training job until its model lies ready; the tuned
model against the starter with 5 shots on the held-out conversations, with the app's prompts, scorers and paired
interval; and the skills benchmark before and after. With --validation every fifth row of the train part is scored and
the rest tuned on: that is for choosing hyperparameters, which must not look at the held-out rows.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from assistant.conversations import formats
from assistant.evidence import scorers, statistics
from assistant.evidence.runner import Question, questions
from assistant.record.types import Brief, Case, Message, Variant
from assistant.settings import ROOT, Settings
from assistant.stages import baseline, dataset, finetune
from assistant.workbench import Workbench, open_workbench
from tests.bench.starter import MODEL, Scores, answers, measure
from tools.trainer import JobState

SETS = ROOT / "data" / "tuning"
SHOTS = 5
MOST_SECONDS, MOST_LOSS = 90.0, 0.10
FOLD = 5  # with --validation one row in so many is scored
POLL_SECONDS = 0.5  # how often the app asks
OPTIONS = ("learning_rate", "lora_rank", "epochs", "batch_size", "tuning")
Conversations = list[list[Message]]


def load(name: str, validation: bool) -> tuple[Conversations, Conversations]:
    """What is tuned on and what is scored."""
    train = formats.read(SETS / name / "train.jsonl")
    if not validation:
        return train, formats.read(SETS / name / "test.jsonl")
    scored = train[FOLD - 1 :: FOLD]
    return [row for row in train if row not in scored], scored


def make_case(bench: Workbench, name: str, train: Conversations, scored: Conversations) -> str:
    """A case with a frozen dataset, as the app makes one; returns its id."""
    table = tomllib.loads((SETS / name / "case.toml").read_text(encoding="utf-8"))
    case = bench.store.add_case(Case(name, table["title"], brief=Brief.from_json(table["brief"]))).id
    for source, rows in (("import", train), ("heldout", scored)):
        for row in rows:
            bench.store.import_conversation(case, source, row)
    frozen = dataset.run(bench.store, case)
    assert (frozen.train, frozen.test) == (len(train), len(scored)), frozen
    return case


def tune(bench: Workbench, case: str, options: dict[str, Any]) -> tuple[float, Variant, dict[str, Any]]:
    """Seconds from the start until the model lies ready, the tuned variant, and the job's own metrics."""
    store, settings, trainers = bench.store, bench.settings, bench.trainers
    began = time.monotonic()
    job = finetune.run(store, settings, trainers, case, **options)
    try:
        while not (status := finetune.follow(store, settings, trainers, job.id)).state.ended:
            time.sleep(POLL_SECONDS)
    except BaseException:  # the job would live on by itself, in a folder that is about to go
        finetune.cancel(store, settings, trainers, job.id)
        while not finetune.follow(store, settings, trainers, job.id).state.ended:
            time.sleep(POLL_SECONDS)
        raise
    seconds = time.monotonic() - began
    if status.state is not JobState.SUCCEEDED:
        raise SystemExit(f"Training on {case} ended as {status.state}: {status.reason}")
    job = store.job(job.id)
    return seconds, finetune.variants(store, settings, job)["tuned"], job.metrics


def ask(bench: Workbench, variant: Variant, asked: Sequence[Question]) -> tuple[list[str], float]:
    """The variant's answers to the prompts that the app would send, and how many shots a prompt holds on average."""
    prompts = [bench.chat.prepare(variant, question.messages) for question in asked]
    said = answers(Path(bench.settings.model_path(variant.model)), [prompt.messages for prompt in prompts])
    return said, sum(prompt.shots for prompt in prompts) / len(prompts)


def compare(bench: Workbench, case: str, tuned: Variant) -> dict[str, Any]:
    """Scores of the starter with shots and of the tuned model without, and their paired difference."""
    store = bench.store
    data = baseline.latest_dataset(store, case)
    asked = questions(store.items(data, "test"))
    references = [question.reference for question in asked]
    few_shot = replace(baseline.variants(store, bench.settings, case, data)["few-shot"], shots=SHOTS)
    shown, shots = ask(bench, few_shot, asked)
    learned, _ = ask(bench, tuned, asked)
    name = scorers.suggest(references)
    a, b = (marks(said, references, name) for said in (learned, shown))
    exact = {
        which: statistics.interval(marks(said, references, "exact")).mean
        for which, said in (("tuned", learned), ("few_shot", shown))
    }
    return {
        "scorer": name,
        "shots": round(shots, 2),
        "tuned": rounded(asdict(statistics.interval(a))),
        "few_shot": rounded(asdict(statistics.interval(b))),
        "difference": rounded(asdict(statistics.difference(a, b))),
        "exact": rounded(exact),
        "examples": [
            {"asked": q.messages[-1]["content"], "approved": q.reference, "tuned": one, "few_shot": other}
            for q, one, other in list(zip(asked, learned, shown, strict=True))[::10]
        ],
    }


def marks(said: Sequence[str], references: Sequence[str], name: str) -> list[float]:
    """One score an answer, 0 to 1; every reference of these sets can be scored."""
    score = scorers.scorer(name)
    found = [score(answer, reference) for answer, reference in zip(said, references, strict=True)]
    assert None not in found
    return [float(one or 0.0) for one in found]


def mean_exact(skills: dict[str, Scores]) -> float:
    """Mean over the skills of the share of answers that are right to the letter."""
    return sum(scores["exact"] for scores in skills.values()) / len(skills)


def mean_f1(skills: dict[str, Scores]) -> float:
    return sum(scores["f1"] for scores in skills.values()) / len(skills)


def skills_lost(before: dict[str, Scores], after: dict[str, Scores]) -> dict[str, Any]:
    """The relative loss on the skills benchmark, by exact answers and by token F1; below 0 is a gain."""
    lost = 1 - mean_exact(after) / mean_exact(before)
    return {
        "before": round(mean_exact(before), 4),
        "after": round(mean_exact(after), 4),
        "loss": round(lost, 4),
        "loss_f1": round(1 - mean_f1(after) / mean_f1(before), 4),
        "groups_after": after,
        "ok": lost <= MOST_LOSS,
    }


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) for name, value in values.items()}


def run(model: Path, sets: Sequence[str], count: int, validation: bool, options: dict[str, Any]) -> dict[str, Any]:
    """Everything for these sets; `count` samples for each group of skills, none when 0."""
    began = time.monotonic()
    before = measure(model, count) if count else {}
    result: dict[str, Any] = {
        "benchmark": "starter_tuning",
        "model": str(model),
        "scored_on": "rows of the train part" if validation else "held-out rows",
        "options": options,
        "limits": {"seconds": MOST_SECONDS, "skills_loss": MOST_LOSS, "difference_low_above": 0.0},
        "skills_count": count,
        "skills_before": before,
        "sets": {},
    }
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = open_workbench(Settings(data=Path(folder), chat_model=str(model.resolve()), chat_base_url=""))
        for name in sets:
            result["sets"][name] = one_set(bench, name, validation, options, before, count)
        bench.close()
    checks = [found[part] for found in result["sets"].values() for part in found if part.endswith("_ok")]
    result |= {
        "ok": all(checks),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),  # far above 1 at the end: others were at work, and seconds mean little
        "seconds": round(time.monotonic() - began, 1),
    }
    return result


def one_set(
    bench: Workbench, name: str, validation: bool, options: dict[str, Any], before: dict[str, Scores], count: int
) -> dict[str, Any]:
    """Tune on a set, then score it."""
    train, scored = load(name, validation)
    case = make_case(bench, name, train, scored)
    seconds, tuned, metrics = tune(bench, case, options)
    found: dict[str, Any] = {"train": len(train), "scored": len(scored), "seconds": round(seconds, 1), "job": metrics}
    found |= compare(bench, case, tuned)
    found |= {"seconds_ok": seconds <= MOST_SECONDS, "difference_ok": found["difference"]["low"] > 0}
    if before:
        found["skills"] = skills_lost(before, measure(Path(bench.settings.model_path(tuned.model)), count))
        found["skills_ok"] = found["skills"].pop("ok")
    return found


def show(result: dict[str, Any]) -> None:
    """The figures beside their limits, for people."""
    for name, found in result["sets"].items():
        mark = {check: "ok" if found[check] else "NOT OK" for check in found if check.endswith("_ok")}
        print(f"{name}: tuned on {found['train']}, scored on {found['scored']} {result['scored_on']}")
        print(f"  seconds     {found['seconds']} (at most {MOST_SECONDS:.0f}): {mark['seconds_ok']}")
        tuned, shown = found["tuned"]["mean"], found["few_shot"]["mean"]
        print(f"  {found['scorer']:11} tuned {tuned:.3f}, {SHOTS} shots {shown:.3f}")
        gain = found["difference"]
        print(f"  difference  {gain['mean']:+.3f}, {gain['low']:+.3f} to {gain['high']:+.3f}: {mark['difference_ok']}")
        print(f"  exact       tuned {found['exact']['tuned']:.3f}, {SHOTS} shots {found['exact']['few_shot']:.3f}")
        if "skills" in found:
            lost = found["skills"]
            print(f"  skills      {lost['before']:.3f} before, {lost['after']:.3f} after, {lost['loss']:.1%} lost "
                  f"(at most {MOST_LOSS:.0%}): {mark['skills_ok']}")  # fmt: skip
    print(f"{result['seconds']} s in all, load {result['load']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--set", action="append", choices=sorted(path.parent.name for path in SETS.glob("*/case.toml")))
    parser.add_argument("--model", type=Path, default=MODEL, help="folder of the model that is tuned")
    parser.add_argument("--count", type=int, default=20, help="samples for each group of skills; 0 leaves them out")
    parser.add_argument("--validation", action="store_true", help="tune on 80 rows and score 20 of the train part")
    parser.add_argument("--learning-rate", type=float, default=0.0, help="instead of the recipe's, as the next three")
    parser.add_argument("--rank", type=int, default=0, dest="lora_rank")
    parser.add_argument("--epochs", type=float, default=0.0)
    parser.add_argument("--batch", type=int, default=0, dest="batch_size")
    parser.add_argument("--tuning", choices=("lora", "full"), default="")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    options = {name: getattr(args, name) for name in OPTIONS if getattr(args, name)}
    sets = args.set or [path.parent.name for path in sorted(SETS.glob("*/case.toml"))]
    result = run(args.model, sets, args.count, args.validation, options)
    print(json.dumps(result)) if args.json else show(result)


if __name__ == "__main__":
    main()
