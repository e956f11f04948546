"""Commands that make, repeat, measure and choose models."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.follow_run import follow
from assistant.faces.cli.shared import (
    AsJson,
    CaseId,
    CommandStopped,
    ProgressLine,
    duration,
    failure_table,
    open_bench,
    pick,
    sanity_table,
    say,
    score_table,
    show,
    table,
)
from tools.options import Option, given
from tools.signatures import with_options
from tools.trainer import ToolError

if TYPE_CHECKING:
    from assistant.jobs.reproduction import Reproduced
    from assistant.record.types import Case, Job
    from assistant.workbench import Workbench


def _flag(option: Option) -> Any:
    """An option as a flag: a value that it cannot have is refused before anything is opened."""

    def read(text: str) -> Any:
        try:
            value = option.kind(text or option.kind())
            return option.check(value) if value else value  # 0 leaves the choice to the trainer
        except (ValueError, ToolError):
            raise typer.BadParameter(f"'{text}' is not {option.limits}.") from None

    metavar = {int: "<int>", float: "<number>", str: "<text>"}[option.kind]
    return Annotated[Any, typer.Option(help=option.about, metavar=metavar, show_default=option.default, parser=read)]


@with_options(_flag)
def finetune(
    case: CaseId = "",
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was paused or ended early.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Stop a run for now, after a checkpoint.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End a run.")] = False,
    watch: Annotated[bool, typer.Option("--follow", help="Follow a run started before.")] = False,
    job: Annotated[int, typer.Option(min=0, help="Which run is meant.", show_default="latest")] = 0,
    detach: Annotated[bool, typer.Option("--detach", help="Start it and return at once.")] = False,
    as_json: AsJson = False,
    **options: Any,
) -> None:
    """Train on the dataset and follow the run.

    The run goes on in the background whatever becomes of this command.
    """
    from assistant.jobs import lifecycle

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        if resume + pause + cancel + watch > 1:
            raise AttuneError("Use only one of --resume, --pause, --cancel and --follow.", "Choose one.")
        if resume or pause or cancel:
            do = lifecycle.resume if resume else lifecycle.pause if pause else lifecycle.cancel
            run = do(bench, _job(bench, chosen, job).id)
        elif watch:
            run = _job(bench, chosen, job)
        else:
            run = _start(bench, chosen, options)
        if not detach:
            run = follow(bench, run.id)
        show(_job_value(run), _job_text(run), as_json)
        if run.state == "failed":
            raise typer.Exit(1)


def _start(bench: Workbench, case: Case, options: dict[str, Any]) -> Job:
    """Start a run, with the case's own choices where nothing was asked for, after saying what it will take."""
    from assistant.stages import finetune as stage

    options = given(options)
    forecast = stage.estimate(bench, case.id, **options)
    low, high = duration(forecast.seconds.low), duration(forecast.seconds.high)
    say(
        f"Expected: {low} to {high}, up to {forecast.memory_gb.high:.1f} GB of memory, "
        f"${forecast.money_usd.low:.2f} to ${forecast.money_usd.high:.2f} ({forecast.source})"
    )
    if forecast.rows_cut:
        say(f"{forecast.rows_cut} rows are longer than the model's window; what is past it is not learned.")
    if forecast.note:
        say(forecast.note)
    run = stage.run(bench, case.id, **options)
    say(f"Job {run.id} started with {run.trainer}.")
    return run


def _job(bench: Workbench, case: Case, number: int) -> Job:
    """The job of that number, or the case's latest, as it is now."""
    from assistant.jobs import lifecycle

    lifecycle.refresh(bench, case.id)
    found = [job for job in bench.store.jobs(case.id) if number in (0, job.id)]
    if not found:
        raise AttuneError(f"'{case.id}' has no job{f' {number}' if number else ''}.", "See `attune jobs`.")
    return found[-1]


def _job_value(job: Job) -> dict[str, Any]:
    return {
        "case": job.case,
        "job": job.id,
        "trainer": job.trainer,
        "state": job.state,
        "reason": job.reason,
        "dataset": job.dataset,
        "model": job.model,
        "metrics": job.metrics,
        "created": job.created,
        "ended": job.ended,
        "passages": job.request.get("passages", {}),
    }


def _job_text(job: Job) -> str:
    if job.state == "succeeded":
        return f"Job {job.id} succeeded; the model is {job.model}. Next: attune evaluate"
    if job.ended:
        return f"Job {job.id} {job.state}: {job.reason}"
    if job.state == "paused":
        return f"Job {job.id} is paused. {job.reason} Go on with: attune finetune --resume --job {job.id}"
    return f"Job {job.id} is {job.state}. Follow it with: attune finetune --follow --job {job.id}"


def jobs(case: CaseId = "", as_json: AsJson = False) -> None:
    """List training runs, brought up to date."""
    from assistant.jobs import lifecycle

    with open_bench() as bench:
        name = pick(bench.store, case).id if case else None
        lifecycle.refresh(bench, name)
        found = bench.store.jobs(name)
        rows = [(j.id, j.case, j.trainer, j.state, j.created[:16], j.reason) for j in found]
        head = ("job", "case", "trainer", "state", "started", "reason")
        text = table(rows, head) if rows else "No training run yet. Next: attune finetune"
        show({"jobs": [_job_value(job) for job in found]}, text, as_json)


def trainers(
    remove: Annotated[str, typer.Option(metavar="TRAINER", help="Delete what a trainer installed for itself.")] = "",
    as_json: AsJson = False,
) -> None:
    """List the ways to train, and what each needs."""
    from tools.autotrain.autotrain_trainer import AutoTrainTrainer

    with open_bench() as bench:
        if remove:
            found = bench.trainers.get(remove)
            if not isinstance(found, AutoTrainTrainer):
                raise AttuneError(f"'{remove}' installed nothing of its own.", "Only autotrain does.")
            size = found.environment.remove()
            told = f"Removed AutoTrain's environment: {size / 1e9:.1f} GB are free again. Its next run makes it anew."
            show({"removed": remove, "bytes": size}, told if size else "AutoTrain had no environment.", as_json)
            return
        reasons = {name: trainer.unavailable() for name, trainer in bench.trainers.items()}
        rows = [(name, reason or "ready") for name, reason in reasons.items()]
        value = [{"name": name, "ready": reason is None, "reason": reason or ""} for name, reason in reasons.items()]
        show({"trainers": value}, table(rows, ("trainer", "state")), as_json)


def evaluate(
    case: CaseId = "",
    job: Annotated[int, typer.Option(help="The job whose model is tested.", show_default="the latest")] = 0,
    as_json: AsJson = False,
) -> None:
    """Measure every variant and give a verdict."""
    from assistant.evidence import failures, scoring
    from assistant.evidence.aside import cost
    from assistant.stages import evaluate as stage

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        line = ProgressLine()
        try:
            done = stage.run(bench, chosen.id, job=job, report=line)
        except KeyboardInterrupt:
            raise CommandStopped("The answers so far are kept; `attune evaluate` goes on from there.") from None
        finally:
            line.end()
        text = score_table(done.results, done.scorer)
        value = {"case": chosen.id, "evaluation": done.id, "dataset": done.dataset, "job": done.job}
        value |= {"scorer": done.scorer, "variants": done.results, "verdict": done.verdict, "parity": done.parity}
        failed, scored = failures.find(bench.store, done), scoring.of(bench.store, done)
        takes = cost.of(bench.store, bench.settings, done)
        value |= {"failures": failed.to_json(), "proof": done.proof, "scoring": asdict(scored), "cost": takes}
        aside = [found["sentence"] for found in (done.proof.get("forgetting"), takes) if found]
        verdict = f"{done.verdict['decision']}: {done.verdict['reason']}"
        told = f"{text}\n{sanity_table(done)}Scorer: {scored} {done.proof['self_test']['sentence']}\n{verdict}"
        show(value, "\n".join([told, *aside, failure_table(failed)]).rstrip(), as_json)


def switch(
    case: CaseId = "",
    variant: Annotated[str, typer.Option(help="Name or id.", show_default="the proved one")] = "",
    force: Annotated[bool, typer.Option("--force", help="Even if it has not proved better.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the record; --force needs one.", show_default=False)] = "",
    share: Annotated[int, typer.Option(help="Of 100 conversations, how many it answers.", min=1, max=100)] = 100,
    as_json: AsJson = False,
) -> None:
    """Let another variant answer from now on, all conversations or a share of them.

    What answered before comes back by itself once the new one is proved to fail or displease more often.
    """
    from assistant.stages import switch as stage

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        done = stage.run(bench.store, chosen.id, variant, "user", reason, force, share)
        active = bench.store.variant(done.variant)
        if active.tuned and (reminder := stage.unread(bench.store, chosen.id)):
            say(f"{reminder} See them with `attune answers {chosen.id}`; it answers all the same.")
        value = {"case": chosen.id, "active": active.name, "variant": active.id, "reason": done.reason}
        part = "" if done.share == 100 else f" {done.share} of 100 conversations"
        show(value | {"share": done.share}, f"'{active.name}' answers{part} now. To go back: attune undo", as_json)


def undo(case: CaseId = "", as_json: AsJson = False) -> None:
    """Take back the last switch."""
    from assistant.stages import switch as stage

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        active = bench.store.variant(stage.undo(bench.store, chosen.id, by="user").variant)
        value = {"case": chosen.id, "active": active.name, "variant": active.id}
        show(value, f"'{active.name}' answers again.", as_json)


def reproduce(
    job: Annotated[
        str, typer.Argument(metavar="JOB|CASE", show_default=False, help="A job's number, or a case: its newest model.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Train a model once more from its lock, and compare losses, weights and held-out answers.

    The exit code is 1 where something differs. The new run is kept as a job, and is no candidate of its case.
    """
    from assistant.jobs import reproduction

    with open_bench() as bench:
        first = reproduction.original(bench, job or pick(bench.store, "").id)
        wanted = reproduction.prepare(bench, first)
        for warning in wanted.warnings:
            say(warning)
        again = reproduction.start(bench, first, wanted)
        say(f"Job {again.id} repeats job {first.id}.")
        again = follow(bench, again.id)
        line = ProgressLine()
        try:
            found = reproduction.compare(bench, first, again, wanted.warnings, line)
        finally:
            line.end()
        show(asdict(found), _reproduced_text(found), as_json)
        if not found.equal:
            raise typer.Exit(1)


def _reproduced_text(found: Reproduced) -> str:
    lines = [f"{'same' if check['ok'] else 'other'}  {check['name']}: {check['detail']}" for check in found.checks]
    lines += [warning for warning in found.warnings if not found.equal]
    said = "equal" if found.equal else f"different. First: {found.first}"
    return "\n".join([*lines, f"Job {found.again} repeats job {found.job}: {said}"])
