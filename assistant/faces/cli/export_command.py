"""`attune export`: a frozen dataset, a trained model or its adapter, into a folder of your choice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, show


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
    with open_bench() as bench:
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
