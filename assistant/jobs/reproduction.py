"""A run is repeated from its lock on this machine, and the two are compared: losses, weights, answers.

The new run is a job like any other, marked as a repetition: it is no candidate, and no variant is made of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assistant import variants
from assistant.errors import AttuneError
from assistant.evidence import runner, scorers
from assistant.evidence.certificate import lockfile
from assistant.evidence.certificate.proof import Proof
from assistant.jobs import launch, lifecycle
from assistant.record.types import Job, Score
from assistant.settings import Settings
from assistant.workbench import Workbench
from tools import jobdir
from tools.engine import model_files
from tools.engine.hashes import FileHashes
from tools.local import conditions
from tools.local.local_trainer import LocalTrainer
from tools.trainer import JobState, TrainRequest

MARK, RESULT = "reproduces", "reproduction"
WEIGHTS = (".safetensors", ".bin", ".gguf")  # what must be the same to the bit; settings hold paths and orders of sets
Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Repetition:
    """What is to be started, and what may make it come out otherwise, a sentence each."""

    request: TrainRequest
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Reproduced:
    """How the repetition came out. `first`: the first difference in a sentence, "" where all is equal."""

    job: int
    again: int
    equal: bool
    first: str
    checks: list[dict[str, Any]]
    warnings: list[str]


def original(bench: Workbench, named: str) -> Job:
    """The run that is meant: by its number, or the newest of a case that made a model; of a repetition, its original.

    Raises AttuneError where there is none.
    """
    store = bench.store
    if named.isdigit() and not store.has_case(named):
        job = store.job(int(named))
        job = store.job(int(job.request.get(MARK, job.id)))
    else:
        found = store.made(store.case(named).id)
        if not found:
            raise AttuneError(f"'{named}' has no trained model yet.", "Train one with `attune finetune`.")
        job = found[-1]
    if job.state != JobState.SUCCEEDED:
        raise AttuneError(f"Job {job.id} is {job.state}: it has no model to reproduce.", "Name one that succeeded.")
    return job


def prepare(bench: Workbench, job: Job) -> Repetition:
    """The same request once more. Raises AttuneError where something that it needs is not here any more."""
    trainer, settings = bench.trainers.get(job.trainer), bench.settings
    if not isinstance(trainer, LocalTrainer):
        raise AttuneError(
            f"Job {job.id} was trained by {job.trainer}, elsewhere: it cannot be repeated on this machine.",
            "Name a job that was trained here.",
        )
    values = jobdir.read_json(folder(settings, job) / jobdir.REQUEST)
    if values is None:
        raise AttuneError(
            f"The folder of job {job.id} is gone, and with it the rows that it learned from.", "Train again."
        )
    noted = job.request.get("rows_sha256")
    if noted and noted != lockfile.content_sha256(values):
        raise AttuneError(f"The rows in the folder of job {job.id} are not those that it learned from.", "Train again.")
    request = _request(settings, job, values)
    _check_base(settings, job, Path(request.base))
    if request.adapter and not Path(request.adapter).is_dir():
        raise AttuneError(f"The adapter that job {job.id} went on from is gone.", "Reproduce the earlier job first.")
    return Repetition(request, tuple(_warnings(settings, job)))


def start(bench: Workbench, job: Job, wanted: Repetition) -> Job:
    """The repetition as a job that runs; one that was started before and not compared yet is gone on with."""
    store = bench.store
    lifecycle.refresh(bench, job.case)
    for other in store.jobs(job.case):
        waits = not JobState(other.state).ended or other.state == JobState.SUCCEEDED
        if other.request.get(MARK) == job.id and waits and RESULT not in other.metrics:
            return other
    takes = launch.estimate(bench.trainers, job.trainer, wanted.request)
    kept = {name: job.request[name] for name in ("system", "passages") if name in job.request} | {MARK: job.id}
    with lifecycle.training(store, job.case), store.atomic():
        if busy := lifecycle.busy(store, job.case):
            raise AttuneError(busy, "Then reproduce again.")
        again, _ = launch.record(store, bench.settings, takes, job.case, job.dataset, job.trainer, wanted.request, kept)
    return launch.launch(bench, again, wanted.request)


def compare(bench: Workbench, job: Job, again: Job, warnings: tuple[str, ...], say: Say) -> Reproduced:
    """Compare a repetition that has ended with its original, and note what came of it. Raises AttuneError where it
    made no model."""
    if again.state != JobState.SUCCEEDED:
        raise AttuneError(f"Job {again.id}, the repetition, {again.state}: {again.reason}", "Reproduce again.")
    told = list(warnings)
    for difference in conditions.differences(job.metrics.get("conditions", {}), again.metrics.get("conditions", {})):
        if not any(difference in warning for warning in told):
            told.append(f"Not the same: {difference}.")
    seen = [
        _losses(bench.settings, job, again),
        *_weights(bench.settings, job, again),
        _answers(bench, job, again, say),
    ]
    first = next((f"{proof.name}: {proof.detail}" for proof in seen if not proof.ok), "")
    found = Reproduced(job.id, again.id, not first, first, [proof.to_json() for proof in seen], told)
    bench.store.set_job(again.id, metrics=bench.store.job(again.id).metrics | {RESULT: asdict(found)})
    return found


def folder(settings: Settings, job: Job) -> Path:
    """The directory in which a job of this machine ran."""
    return Path(settings.model_path(job.handle))


def _request(settings: Settings, job: Job, values: dict[str, Any]) -> TrainRequest:
    """As the worker got it, with as many threads as it used then, and paths as they are now."""
    known = {name: value for name, value in values.items() if name in TrainRequest.__dataclass_fields__}
    request = TrainRequest.from_json(known)
    adapter = settings.model_path(str(job.request.get("adapter", ""))) if request.adapter else ""
    return replace(
        request,
        base=settings.model_path(str(job.request["base_name"])),
        adapter=adapter if adapter and Path(adapter).is_dir() else request.adapter,
        threads=int(job.metrics.get("threads") or 0),
        key=secrets.token_hex(16),
    )


def _check_base(settings: Settings, job: Job, base: Path) -> None:
    noted = job.metrics.get("made", {}).get("base", {})
    if not base.is_absolute():
        return  # a name of the hub: what was fetched is compared when the repetition has ended
    if not base.is_dir():
        raise AttuneError(f"The base of job {job.id} is not at {base} any more.", "Put it there again.")
    if changed := FileHashes(settings.hashes).changed(base, noted, fresh=True):
        raise AttuneError(f"The base of job {job.id} is another one by now: {changed}.", "Put the earlier one there.")


def _warnings(settings: Settings, job: Job) -> list[str]:
    noted = job.metrics.get("conditions")
    if not noted:
        return [f"Job {job.id} noted no versions of libraries: it may come out otherwise."]
    found = []
    if not settings.train_python:
        now = conditions.here(str(job.metrics.get("engine", "")))
        found = [f"Not the same: {difference}." for difference in conditions.differences(noted, now)]
    if any(event.get("type") == "resumed" for event in jobdir.read_events(folder(settings, job))):
        found.append(f"Job {job.id} was interrupted and resumed: a run in one piece may differ in the last digits.")
    return found


def _losses(settings: Settings, job: Job, again: Job) -> Proof:
    """Loss and norm of the gradient of every logged step; evaluations too."""
    before, now = ({_step(e): _of_step(e) for e in _steps(settings, one)} for one in (job, again))
    for step in sorted(before | now):
        if before.get(step) != now.get(step):
            old, new = (found.get(step, "nothing") for found in (before, now))
            return Proof("losses", False, f"{step[1]} of step {step[0]} first differs: {old} became {new}")
    return Proof("losses", True, f"{len(before)} logged losses are the same")


def _steps(settings: Settings, job: Job) -> list[dict[str, Any]]:
    return [e for e in jobdir.read_events(folder(settings, job)) if e.get("type") in ("step", "eval")]


def _step(event: dict[str, Any]) -> tuple[int, str]:
    return int(event["step"]), "the loss" if event["type"] == "step" else "the eval loss"


def _of_step(event: dict[str, Any]) -> str:
    known = (event.get(name) for name in ("loss", "eval_loss", "grad_norm"))
    return ", gradient ".join(f"{value:.6g}" for value in known if isinstance(value, float))


def _weights(settings: Settings, job: Job, again: Job) -> list[Proof]:
    found = []
    for part, name in (("adapter", job.adapter), ("model", job.model)):
        if not name:
            continue
        before = job.metrics.get("made", {}).get(part) or _hashed(settings, name)
        now = again.metrics.get("made", {}).get(part, {})
        files = [file for file in before if file.endswith(WEIGHTS)]
        other = next((file for file in files if before[file] != now.get(file)), "")
        told = f"{other} has the sha256 {now.get(other, 'none')[:12]}, it had {before[other][:12]}" if other else ""
        same = f"{', '.join(files)}: the same to the bit"
        found.append(Proof(part, bool(files) and not other, told or (same if files else "it left no weights")))
    return found


def _hashed(settings: Settings, name: str) -> dict[str, str]:
    at = Path(settings.model_path(name))
    return model_files.hashed(at) if at.is_dir() else {}


def _answers(bench: Workbench, job: Job, again: Job, say: Say) -> Proof:
    """The greedy answers to the held-out turns, asked as they were when the original was measured."""
    name, store = "greedy answers", bench.store
    measured = [e for e in store.evaluations(job.case) if e.job == job.id and e.finished]
    if not measured:
        return Proof(name, True, "not compared: the original was never measured")
    variant = variants.tuned(store, bench.settings, job)[variants.candidate(store, job)]
    known = {(s.item, s.turn): s for s in store.scores(measured[-1].id) if s.variant == variant.id and not s.error}
    asked = [q for q in runner.questions(store.items(job.dataset, "test")) if (q.item, q.turn) in known]
    own = replace(variant, model=again.model, job=again.id)
    bench.chat.warm(own, exact=True)
    got: dict[tuple[int, int], Score] = {}
    for count, one in enumerate(runner.answer_all(bench.chat, 0, own, asked, scorers.scorer(measured[-1].scorer)), 1):
        got[one.item, one.turn] = one
        say(f"{count} of {len(asked)} answers", count / max(1, len(asked)))
    bench.chat.models.release(own)
    for question in asked:
        place = question.item, question.turn
        if got[place].answer != known[place].answer or got[place].error:
            old, new = _short(known[place].answer), _short(got[place].error or got[place].answer)
            return Proof(name, False, f"conversation {place[0]}, turn {place[1] + 1}: '{old}' became '{new}'")
    return Proof(name, True, f"{len(asked)} are the same to the letter")


def _short(text: str, most: int = 60) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"
