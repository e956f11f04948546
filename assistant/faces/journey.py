"""The whole journey without a browser: a case folder from the first stage to the last, as one JSON object."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant import cases, workbench
from assistant.errors import AttuneError
from assistant.evidence.certificate import proof
from assistant.faces.cli.case_commands import split_options
from assistant.faces.cli.follow_run import follow, left_alone
from assistant.faces.cli.shared import CommandStopped, ProgressLine, duration, say, score_table
from assistant.record.store import Store
from assistant.record.traffic.switches import Switch
from assistant.record.types import Case, Dataset, Evaluation, Job
from assistant.stages import baseline, dataset, evaluate, finetune, switch

MEASURED = ("score", "form", "facts", "low", "high", "tokens_per_request", "latency_s", "numbers", "unsupported")
JUDGED = ("decision", "candidate", "against", "reason", "difference", "low", "high", "look")


@dataclass
class Clock:
    """Seconds that each step took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[None]:
        say(what)
        begin = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begin, 2)
        say(f"  done in {duration(self.seconds[name])}")


def run(bench: workbench.Workbench, folder: Path, id: str = "") -> dict[str, Any]:
    """Import, interview, baseline, dataset, fine-tune, evaluate, and switch when the verdict says so.

    Every call makes a new case, so a folder can be run again. Raises AttuneError for an incomplete folder or a
    training run that failed; a verdict against the model is a result, not an error.
    """
    clock = Clock()
    store, settings = bench.store, bench.settings
    with clock.step("interview", f"Interview: the answers of {folder}"):
        with store.atomic():  # a folder that is not complete leaves no case behind
            case = cases.from_folder(bench, folder, id, say)
            _check_brief(case, folder)
        say(f"  case '{case.id}'")
    with clock.step("baseline", "Baseline: five variants without training"):
        baseline.run(store, settings, case.id)
    with clock.step("dataset", "Dataset: freezing the split"):
        data = dataset.run(store, case.id, **split_options(case))
        say(f"  {data.train} conversations to train on, {data.test} to test on")
    with clock.step("finetune", "Fine-tune"):
        job = _train(bench, case)
    with clock.step("evaluate", "Evaluate: every variant answers the same held-out conversations"):
        found = _measure(bench, case, job)
    if found.verdict["decision"] == "switch" and not switch.blocked(store, case.id):
        with clock.step("switch", "Switch: the tuned model has proved better"):
            take_over(store, found)
    seconds = clock.seconds | {"total": round(sum(clock.seconds.values()), 2)}
    active = switch.active(store, settings, case.id).name
    return result(case, data, job, found, active, seconds)


def take_over(store: Store, found: Evaluation) -> Switch:
    """Let the proved model answer. Nobody is there to read answers first, as the page asks for: the reason says so."""
    unread = " Nobody has read the answers yet." if switch.unread(store, found.case) else ""
    return switch.run(store, found.case, by="journey", reason=f"{found.verdict['reason']}{unread}")


def result(
    case: Case, data: Dataset, job: Job, found: Evaluation, active: str, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """What `attune journey --json` prints."""
    return {
        "case": case.id,
        "dataset": {"train": data.train, "test": data.test, "sha256": data.id},
        "variants": {name: {key: measured[key] for key in MEASURED} for name, measured in found.results.items()},
        "sanity": found.proof.get("sanity", {}),
        "frame": found.proof.get("frame", []),
        "verdict": {key: found.verdict.get(key) for key in JUDGED}
        | {name: found.verdict.get("aspects", {}).get(name) for name in ("form", "facts")}
        | {"sanity": found.verdict.get("sanity", {})},
        "active": active,
        "job": {
            "trainer": job.trainer,
            "seconds": job.metrics.get("seconds"),
            "final_loss": job.metrics.get("final_loss"),
            "passages": job.request.get("passages", {}),
        },
        "parity": found.parity,
        "timings": dict(seconds),
    }


def text(value: Mapping[str, Any]) -> str:
    """The result for people."""
    verdict, parity = value["verdict"], value["parity"]
    lines = [score_table(value["variants"], "score"), f"{verdict['decision']}: {verdict['reason']}"]
    if parity:
        lines.append(proof.told(parity))
    lines.append(f"'{value['active']}' answers in the case '{value['case']}' ({duration(value['timings']['total'])}).")
    return "\n".join(lines)


def _check_brief(case: Case, folder: Path) -> None:
    if case.brief.missing:
        gaps = ", ".join(case.brief.missing)
        raise AttuneError(f"{folder / 'case.toml'} leaves questions open: {gaps}.", 'Answer them, or write "skip".')


def _train(bench: workbench.Workbench, case: Case) -> Job:
    chosen = finetune.defaults(bench, case.id)["trainer"]
    wanted = case.options.get("trainer", chosen)
    if chosen != wanted and wanted in bench.trainers:
        say(f"  {wanted} is not ready: {bench.trainers[wanted].unavailable()} Using {chosen}.")
    bench.chat.close()  # the model servers' memory is free while it trains; the next question starts them again
    try:
        job = finetune.run(bench, case.id)
        job = follow(bench, job.id)
    except KeyboardInterrupt:  # also in the moment in which the run is being started
        if started := bench.store.jobs(case.id):
            raise left_alone(started[-1].id) from None
        raise
    if job.state != "succeeded":
        raise AttuneError(f"Training {job.state}: {job.reason}", f"See `attune jobs {case.id}`.")
    return job


def _measure(bench: workbench.Workbench, case: Case, job: Job) -> Evaluation:
    line = ProgressLine()
    try:
        return evaluate.run(bench, case.id, job=job.id, report=line)
    except KeyboardInterrupt:
        raise CommandStopped(f"The answers so far are kept; `attune evaluate {case.id}` goes on from there.") from None
    finally:
        line.end()
