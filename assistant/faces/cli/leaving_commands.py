"""What leaves or comes home: `attune export`, `attune deploy` and `attune retrain`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, say, show


def deploy(
    case: CaseId = "",
    job: Annotated[int, typer.Option(help="The job whose model it is.", show_default="the latest")] = 0,
    kind: Annotated[str, typer.Option(help="Standard, GlobalStandard or DeveloperTier.")] = "Standard",
    hours: Annotated[float, typer.Option(help="Hours to reserve under the spending cap.")] = 8.0,
    list_: Annotated[bool, typer.Option("--list", help="What is deployed now, and its bill.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take it down: the bill ends, the model stays.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deploy a model tuned at Azure OpenAI, at once (it costs by the hour), list what runs, or take it down."""
    from assistant import hosting
    from assistant.guide.proposals import deploy as terms
    from assistant.guide.proposals.remove import remove as take_down

    with open_bench() as bench:
        date = bench.hosting.prices.date
        if list_ and remove:
            raise AttuneError("Use only one of --list and --remove.", "Leave the other out.")
        if list_:
            for over in hosting.sweep(bench.store, bench.hosting):
                say(f"The hours of job {over} have passed: its deployment was taken down.")
            found = hosting.running(bench.store, bench.hosting)
            text = "\n".join(hosting.said(one, date) for one in found) or "Nothing of Attune's is deployed at Azure."
            show({"deployments": [asdict(one) for one in found], "price_date": date}, text, as_json)
            return
        chosen = pick(bench.store, case).id
        wanted = terms.prepare(bench, chosen, {"job": job, "kind": kind, "hours": hours})
        if remove:
            text = take_down(bench, wanted)
            show({"job": wanted["job"], "deployed": False}, text, as_json)
            return
        say(terms.deploy_terms(bench, chosen, wanted).costs)
        text = terms.deploy(bench, wanted)
        show({**wanted, "deployed": True, "usd_per_hour": bench.hosting.hour(kind), "price_date": date}, text, as_json)


def retrain(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", show_default=False, help="ftjob-..., ft:... or file-... at the vendor.")
    ],
    trainer: Annotated[str, typer.Option(help="openai, azure or compatible: where it was trained.")] = "openai",
    title: Annotated[str, typer.Option(help="Title of the new case.", show_default="the model's name")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring an earlier hosted fine-tuning home: a case of its rows, and a proposal to train it on this machine."""
    from assistant.guide import proposals
    from assistant.leaving import retrain as bringing
    from tools.openai.openai_trainer import OpenAITrainer
    from tools.trainer import Hosted

    with open_bench() as bench:
        vendor = bench.trainers.get(trainer)
        if not isinstance(vendor, OpenAITrainer):
            raise AttuneError(f"'{trainer}' keeps no files of earlier jobs.", "Choose openai, azure or compatible.")
        case = bringing.run(bench.store, bench.settings, vendor.account, source, title)
        local = {name: one.unavailable() for name, one in bench.trainers.items() if not isinstance(one, Hosted)}
        ready = next((name for name, problem in local.items() if problem is None), "")
        if not ready:
            say(f"No trainer of this machine is ready: {next(iter(local.values()))}")
        made = proposals.propose(bench, case.id, "train", {"trainer": ready}) if ready else None
        data = bench.store.datasets(case.id)[-1]
        text = f"Case {case.id}: {data.train} conversations to train on, {data.test} held out."
        text += f"\nProposal {made.id}: {made.why}\nNext: attune confirm {made.id}" if made else ""
        value = {"case": case.id, "train": data.train, "test": data.test, "proposal": made.id if made else 0}
        show(value, text, as_json)


def export(
    case: CaseId = "",
    dataset: Annotated[str, typer.Option(metavar="FOLDER", help="Write train.jsonl and test.jsonl here.")] = "",
    model: Annotated[
        str, typer.Option("--model", "--merged", metavar="FOLDER", help="Copy the trained model here, as safetensors.")
    ] = "",
    ollama: Annotated[
        str, typer.Option(metavar="FOLDER", help="The model with a Modelfile and the commands to serve it.")
    ] = "",
    adapter: Annotated[str, typer.Option(metavar="FOLDER", help="Copy the LoRA adapter here.")] = "",
    gguf: Annotated[str, typer.Option(metavar="FILE", help="The model as one GGUF file: what is served here.")] = "",
    push: Annotated[str, typer.Option(metavar="OWNER/NAME", help="Push the model, with a card, to the Hub.")] = "",
    public: Annotated[bool, typer.Option("--public", help="Let everybody read what is pushed.")] = False,
    job: Annotated[int, typer.Option(help="The job whose model it is.", show_default="the latest")] = 0,
    as_json: AsJson = False,
) -> None:
    """Take the dataset or the trained model elsewhere."""
    from assistant.leaving import export as exporting
    from assistant.leaving import publish

    wanted = {"dataset": dataset, "model": model, "ollama": ollama, "adapter": adapter}
    chosen = {kind: Path(folder) for kind, folder in wanted.items() if folder}
    if not (chosen or gguf or push):
        raise AttuneError(
            "Nothing was asked for.",
            "Say --dataset, --model, --ollama or --adapter with a FOLDER, "
            "--gguf with a FILE, or --push with OWNER/NAME.",
        )
    with open_bench(private=False) as bench:  # into folders of the user's choice
        store, settings, found = bench.store, bench.settings, pick(bench.store, case)
        done: dict[str, Any] = {"case": found.id}
        models = {"model": exporting.model, "ollama": exporting.for_ollama, "adapter": exporting.adapter}
        for kind, folder in chosen.items():
            if kind == "dataset":
                done[kind] = exporting.dataset(store, found.id, folder)
            else:
                done[kind] = models[kind](store, settings, found.id, folder, job)
        lines: list[str] = []
        if gguf:
            done["gguf"] = publish.as_gguf(store, settings, found.id, Path(gguf), job)
            lines.append(f"Wrote the GGUF file {gguf}")
        if push:
            done["push"] = publish.push(store, settings, found.id, push, job, public)
            lines.append(f"Pushed the model to {done['push']['url']} ({'public' if public else 'private'})")
        lines += [f"Wrote the {_CALLED[kind]} to {done[kind]['folder']}" for kind in chosen]
        if "ollama" in done:
            name = done["ollama"]["name"]
            lines.append(f"Next, in that folder: ollama create {name} -f Modelfile (README.md has more)")
        show(done, "\n".join(lines), as_json)


_CALLED = {"dataset": "dataset", "model": "model", "ollama": "model and its Modelfile", "adapter": "adapter"}
