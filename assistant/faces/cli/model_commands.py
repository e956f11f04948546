"""Commands that make, measure and choose models."""

from __future__ import annotations

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
    say,
    score_table,
    show,
    table,
)

if TYPE_CHECKING:
    from assistant.record.types import Case, Job
    from assistant.workbench import Workbench


def finetune(
    case: CaseId = "",
    trainer: Annotated[str, typer.Option(help="See `attune trainers`.", show_default="the case's")] = "",
    base: Annotated[str, typer.Option(help="Model to start from.", show_default="the case's")] = "",
    epochs: Annotated[float, typer.Option(min=0, help="Passes over the data.", show_default="chosen")] = 0.0,
    max_steps: Annotated[int, typer.Option(min=0, help="Stop after so many steps.", show_default="no limit")] = 0,
    learning_rate: Annotated[float, typer.Option(min=0, help="Peak rate.", show_default="chosen")] = 0.0,
    batch_size: Annotated[int, typer.Option(min=0, help="Rows a step.", show_default="chosen")] = 0,
    lora_rank: Annotated[int, typer.Option(min=0, help="Rank of the adapter.", show_default="chosen")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the run.", show_default="the case's")] = 0,
    method: Annotated[str, typer.Option(help="sft, dpo or kto: what it learns from.", show_default="sft")] = "",
    tuning: Annotated[str, typer.Option(help="lora, qlora (a GPU) or full.", show_default="lora")] = "",
    continue_from: Annotated[int, typer.Option(min=0, help="An earlier job to go on from.", show_default="none")] = 0,
    patience: Annotated[int, typer.Option(min=0, help="Evaluations without progress.", show_default="to the end")] = 0,
    processes: Annotated[int, typer.Option(min=0, help="GPUs or processes at once.", show_default="1")] = 0,
    beta: Annotated[float, typer.Option(min=0, help="Of dpo and kto: hold near the base.", show_default="0.1")] = 0.0,
    passages: Annotated[str, typer.Option(help="In the rows: auto, on, off.", show_default="with documents")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was paused or ended early.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="Stop a run for now, after a checkpoint.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="End a run.")] = False,
    watch: Annotated[bool, typer.Option("--follow", help="Follow a run started before.")] = False,
    job: Annotated[int, typer.Option(min=0, help="Which run is meant.", show_default="latest")] = 0,
    detach: Annotated[bool, typer.Option("--detach", help="Start it and return at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train on the dataset and follow the run.

    The run goes on in the background whatever becomes of this command.
    """
    from assistant.jobs import lifecycle

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        if resume + pause + cancel + watch > 1:
            raise AttuneError("Only one of --resume, --pause, --cancel and --follow can be done.", "Choose one.")
        if resume or pause or cancel:
            do = lifecycle.resume if resume else lifecycle.pause if pause else lifecycle.cancel
            run = do(bench, _job(bench, chosen, job).id)
        elif watch:
            run = _job(bench, chosen, job)
        else:
            options: dict[str, Any] = {
                "trainer": trainer,
                "base": base,
                "epochs": epochs,
                "max_steps": max_steps,
                "seed": seed,
                "learning_rate": learning_rate,
                "batch_size": batch_size,
                "lora_rank": lora_rank,
                "method": method,
                "tuning": tuning,
                "continue_from": continue_from,
                "patience": patience,
                "processes": processes,
                "beta": beta,
                "passages": passages,
            }
            run = _start(bench, chosen, options)
        if not detach:
            run = follow(bench, run.id)
        show(_job_value(run), _job_text(run), as_json)
        if run.state == "failed":
            raise typer.Exit(1)


def _start(bench: Workbench, case: Case, options: dict[str, Any]) -> Job:
    """Start a run, with the case's own choices where nothing was asked for, after saying what it will take."""
    from assistant.stages import finetune as stage

    options = {name: value for name, value in options.items() if value}
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
    from assistant.evidence import failures
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
        failed = failures.find(bench.store, done)
        value |= {"failures": failed.to_json()}
        told = f"{text}\n{done.verdict['decision']}: {done.verdict['reason']}"
        show(value, f"{told}\n{failure_table(failed)}".rstrip(), as_json)


def switch(
    case: CaseId = "",
    variant: Annotated[str, typer.Option(help="Name or id.", show_default="the proved one")] = "",
    force: Annotated[bool, typer.Option("--force", help="Also to one that has not proved better.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let another variant answer from now on."""
    from assistant.stages import switch as stage

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        done = stage.run(bench.store, chosen.id, variant=variant, by="user", reason=reason, force=force)
        active = bench.store.variant(done.variant)
        value = {"case": chosen.id, "active": active.name, "variant": active.id, "reason": done.reason}
        show(value, f"'{active.name}' answers now. To go back: attune undo", as_json)


def undo(case: CaseId = "", as_json: AsJson = False) -> None:
    """Take back the last switch."""
    from assistant.stages import switch as stage

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        active = bench.store.variant(stage.undo(bench.store, chosen.id, by="user").variant)
        value = {"case": chosen.id, "active": active.name, "variant": active.id}
        show(value, f"'{active.name}' answers again.", as_json)
