"""Commands that answer: one question, what is thought of its answer, and the whole journey of a case folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CommandStopped, open_bench, pick, say, show

if TYPE_CHECKING:
    from assistant.chat import Reply
    from assistant.record.types import Message, Turn, Variant
    from assistant.workbench import Workbench

Gesture = Literal["approve", "edit", "again", "reject", "undo"]


def ask(
    words: Annotated[list[str], typer.Argument(metavar="[CASE] QUESTION", show_default=False)],
    variant: Annotated[str, typer.Option(help="Name or id.", show_default="the active one")] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Keep question and answer, to judge it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask one question; nothing is recorded without --keep. The case is not needed while there is one."""
    from assistant.conversations import gestures
    from assistant.stages import switch as switching
    from assistant.traffic import history, returning, watch

    if len(words) > 2:
        raise AttuneError(f"A question and a case are two words, not {len(words)}.", "Put the question in quotes.")
    name, text = words if len(words) == 2 else ("", words[0])
    if not (text := text.strip()):
        raise AttuneError("The question is empty.", 'For example: attune ask "Do you ship to France?"')
    with open_bench() as bench:
        chosen = pick(bench.store, name)
        store = bench.store
        talk, newest = history.told_apart(text), returning.last(store, chosen.id)
        by_share = switching.answering(store, bench.settings, chosen.id, talk)
        answering = switching.find(store, chosen.id, variant) if variant else by_share
        try:
            with watch.answering(bench.chat, answering, talk, kept=keep):
                reply = _answered(bench, answering, [{"role": "user", "content": text}], as_json)
                kept = gestures.keep_both(store, answering, text, reply) if keep else None
        finally:
            _say_returned(bench, chosen.id, newest)
        _show(chosen.id, answering, reply, kept, as_json)


def judge(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The answer's, from `attune ask --keep`.")],
    gesture: Annotated[Gesture, typer.Argument(help="again asks once more, undo takes a judgement back.")],
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="The better answer, for edit.")] = "",
    case: Annotated[str, typer.Option(help="Not needed while there is one.")] = "",
    as_json: AsJson = False,
) -> None:
    """Judge a kept answer, so that a model may learn from it: approve, edit, again, reject or undo."""
    from assistant.conversations import gestures
    from assistant.record import threads
    from assistant.stages import switch as switching
    from assistant.traffic import returning, watch

    with open_bench() as bench:
        store, chosen = bench.store, pick(bench.store, case).id
        answer, newest = gestures.answer(store, chosen, number), returning.last(store, chosen)
        if gesture == "again":
            question = store.turn(answer.parent)
            talk = answer.conversation
            warmer = gestures.again(switching.answering(store, bench.settings, chosen, talk))
            path = threads.path_to(store.turns(talk), question.id)
            with watch.answering(bench.chat, warmer, str(talk), kept=True):
                reply = _answered(bench, warmer, threads.as_asked(path), as_json)
                kept = gestures.keep(store, question, warmer, reply)
            if kept is None:
                say(gestures.SAME)
            return _show(chosen, warmer, reply, kept, as_json)
        if gesture == "edit":
            now = gestures.edit(store, number, text)
        else:
            now = {"approve": gestures.approve, "reject": gestures.reject, "undo": gestures.undo}[gesture](
                store, number
            )
        _say_returned(bench, chosen, newest)
        show({"number": now.id, "label": now.label}, f"Answer {now.id}: {now.label or 'not judged'}.", as_json)


def _say_returned(bench: Workbench, case: str, newest: int) -> None:
    """Whether an earlier variant has come back since the switch of that number."""
    from assistant.traffic import returning

    if said := returning.since(bench.store, case, newest):
        say(said)


def _answered(bench: Workbench, variant: Variant, messages: list[Message], quiet: bool) -> Reply:
    """The complete reply, printed as it comes."""
    try:
        reply = bench.chat.reply(variant, messages, on_status=say)
        for part in reply:
            if not quiet:
                print(part, end="", flush=True)
    except KeyboardInterrupt:
        raise CommandStopped("The answer ends here, and its model server stops.") from None
    if not quiet:
        print(flush=True)
    return reply


def _show(case: str, variant: Variant, reply: Reply, kept: Turn | None, as_json: bool) -> None:
    number = {"number": kept.id} if kept else {}
    if as_json:
        show({"case": case, "variant": variant.name} | number | _reply_value(reply), "", as_json)
        return
    _say_sources(reply)
    if kept:
        say(f"Kept as answer {kept.id}: `attune judge {kept.id} approve`, or edit, again, reject.")


def _say_sources(reply: Reply) -> None:
    for told in filter(None, (reply.note, reply.unfound, reply.cut, reply.repeats)):
        say(told)
    for passage in reply.passages:
        say(f"[{passage.mark}] {passage.document}{f': {passage.heading}' if passage.heading else ''}")


def _reply_value(reply: Reply) -> dict[str, Any]:
    return {
        "answer": reply.text,
        "passages": list(reply.passages),
        "dropped": list(reply.dropped),
        "note": reply.note,
        "unfound": reply.unfound,
        "cut": reply.cut,
        "repeats": reply.repeats,
        "prompt_tokens": reply.prompt_tokens,
        "completion_tokens": reply.completion_tokens,
        "first_token_s": reply.first_token_s,
        "total_s": reply.total_s,
    }


def journey(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A case folder.", show_default=False)],
    case: Annotated[str, typer.Option(help="Short name of the case.", show_default="the folder's, numbered")] = "",
    as_json: AsJson = False,
) -> None:
    """Run a case folder from the first stage to the last."""
    from assistant.faces import journey as whole

    with open_bench() as bench:
        result = whole.run(bench, folder, case)
        show(result, whole.text(result), as_json)
