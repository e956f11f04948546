"""Commands about what a case holds: documents, conversations and datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CaseId, open_bench, pick, say, show, split_case

if TYPE_CHECKING:
    from assistant.conversations.leaks import SeenBefore
    from assistant.record.store import Store
    from assistant.record.types import Case
    from assistant.stages.dataset import Preview

Files = Annotated[list[str], typer.Argument(metavar="[CASE] FILE...", show_default=False)]


def new(
    title: Annotated[str, typer.Argument(help="What the case is called.", show_default=False)] = "",
    id: Annotated[str, typer.Option("--id", help="Its short name; made from the title when left out.")] = "",
    folder: Annotated[str, typer.Option("--folder", help="Make it from a case folder (case.toml and so on).")] = "",
    as_json: AsJson = False,
) -> None:
    """Make a case, empty or from a folder."""
    from assistant.stages import interview as stage

    if folder and (title.strip() or id):
        raise AttuneError(
            "A case folder brings its own title and short name.", "Give --folder alone, or a title and --id without it."
        )
    with open_bench() as bench:
        if folder:
            from assistant import cases

            case = cases.from_folder(bench, Path(folder), tell=say)
        elif title.strip():
            case = stage.new(bench.store, title, id=id, owner=bench.settings.owner)
        else:
            raise AttuneError("A case needs a title.", 'For example: attune new "Support desk".')
        show({"case": case.id, "title": case.title}, f"Made the case '{case.id}'. Next: attune interview", as_json)


def import_(
    files: Files,
    heldout: Annotated[bool, typer.Option("--heldout", help="Only ever test on these.")] = False,
    columns: Annotated[
        list[str] | None,
        typer.Option("--columns", metavar="question=A,answer=B", help="Columns of a table, where none are recognised."),
    ] = None,
    speakers: Annotated[
        list[str] | None,
        typer.Option("--speakers", metavar="assistant=NAME", help="Who answers in a transcript or a Slack export."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import approved conversations, whatever they come from.

    Chat and preference rows of OpenAI, ShareGPT, Alpaca, prompts with completions, questions with answers, as JSON,
    JSON lines, CSV, Excel or Parquet; exports of ChatGPT, Claude, Open WebUI (chats and feedback), Langfuse,
    LangSmith and Slack, also as the zip; transcripts; folders of all these. What a file is, is told by its content.
    The same file twice adds nothing. See docs/importing.md.
    """
    from assistant.conversations import importing
    from assistant.conversations.formats.found import Hints

    with open_bench() as bench:
        case, names = split_case(bench.store, files)
        hints = Hints.parse([*(columns or []), *(speakers or [])])
        done = importing.files(bench.store, case.id, there(bench.store, names), heldout, hints)
        for sentence in done.told:
            say(sentence)
        kind = "held-out" if heldout else "approved"
        text = f"Imported {done.counted(kind)} into '{case.id}'. {done.sentence}"
        value = {"case": case.id, "conversations": done.added, "source": importing.SOURCES[heldout]}
        show(done.to_json() | value, text, as_json)


def existing(store: Store, names: Sequence[str]) -> list[Path]:
    """The files named, folders opened one level; raises AttuneError for one that is not there."""
    found: list[Path] = []
    for path in there(store, names):
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        else:
            found.append(path)
    return found


def there(store: Store, names: Sequence[str]) -> list[Path]:
    """The files and folders named; raises AttuneError for one that is not there."""
    if not names:
        raise AttuneError("No file was named.", "Name at least one.")
    for name in names:
        if not (Path(name).is_dir() or Path(name).is_file()):
            known = ", ".join(case.id for case in store.cases())
            raise AttuneError(f"There is no file '{name}'.", f"Check the path (the cases are: {known}).")
    return [Path(name) for name in names]


def read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AttuneError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from error


def dataset(
    case: CaseId = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only show what it would hold.")] = False,
    seed: Annotated[int | None, typer.Option(help="Seed of the split.", show_default="the case's, or 3407")] = None,
    test_share: Annotated[
        float | None, typer.Option(help="Share tested on, without held-out ones.", show_default="the case's, or 0.2")
    ] = None,
    leaks: Annotated[bool, typer.Option("--leaks", help="Only show what is tested on and known elsewhere.")] = False,
    allow: Annotated[str, typer.Option(metavar="PAIR", help="A find of --leaks that is no leak.")] = "",
    why: Annotated[str, typer.Option(metavar="TEXT", help="Why --allow is right.")] = "",
    as_json: AsJson = False,
) -> None:
    """Freeze the approved conversations into a split."""
    from assistant.stages import dataset as stage

    with open_bench() as bench:
        chosen = pick(bench.store, case)
        if preview:
            found = stage.preview(bench.store, chosen.id)
            value = asdict(found) | {"case": chosen.id, "rows": len(found.rows)}
            show(value, _preview_text(found), as_json)
            return
        share = float(split_options(chosen).get("test_share", stage.TEST_SHARE) if test_share is None else test_share)
        if allow:
            done = stage.allow(bench.store, chosen.id, allow, why)
            text = f"Allowed: {allow}. Build the dataset again, and it may be trained on."
            show({"case": chosen.id, "allowed": done.to_json()}, text, as_json)
            return
        if leaks:
            known = stage.seen_before(bench.store, chosen.id, share)
            show({"case": chosen.id, "leaks": [one.to_json() for one in known]}, _leaks_text(known), as_json)
            return
        given = {name: value for name, value in (("seed", seed), ("test_share", test_share)) if value is not None}
        made = stage.run(bench.store, chosen.id, **(split_options(chosen) | given))
        for why, count in made.dropped.items():
            say(f"Left out: {count} ({why})")
        torn = stage.contradictions(bench.store, chosen.id)
        for group in torn:
            say(f"Asked alike and answered differently: conversations {', '.join(map(str, group))}")
        text = f"Dataset {made.id[:12]}: {made.train} to train on, {made.test} to test on. Next: attune finetune"
        value = {"case": chosen.id, "sha256": made.id, "seed": made.seed, "train": made.train, "test": made.test}
        show(value | {"dropped": made.dropped, "contradictions": torn}, text, as_json)


def split_options(case: Case) -> dict[str, Any]:
    """What the case file says about the split."""
    return {name: case.options[name] for name in ("seed", "test_share") if name in case.options}


def _preview_text(found: Preview) -> str:
    counts = f"{len(found.rows)} approved and {found.heldout} held-out conversations, {found.usable} usable"
    return "\n".join([f"{counts}; {found.pairs} pairs, {found.negatives} negatives", *found.problems])


def _leaks_text(found: Sequence[SeenBefore]) -> str:
    """Each find in three lines: where and how much, what is tested on, what was found."""
    if not found:
        return "Nothing that is tested on was found elsewhere."
    lines = []
    for one in found:
        state = "allowed" if one.allowed else "left out" if one.kept_apart else "only told"
        name = f" {one.pair}" if one.pair else ""
        lines += [
            f"{one.where}, {one.part}, {one.share:.0%} (from {one.least:.0%} on it counts), {state}{name}",
            f"  tested: {one.tested}",
            f"  found:  {one.seen}",
        ]
    return "\n".join([*lines, "To let one through: attune dataset --allow PAIR --why TEXT"])
