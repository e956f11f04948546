"""Commands that answer: one question, and the whole journey of a case folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.errors import AttuneError
from assistant.faces.cli.shared import AsJson, CommandStopped, open_bench, pick, say, show

if TYPE_CHECKING:
    from assistant.chat import Reply


def ask(
    words: Annotated[list[str], typer.Argument(metavar="[CASE] QUESTION", show_default=False)],
    variant: Annotated[str, typer.Option(help="Name or id.", show_default="the active one")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask one question; nothing is recorded. The case is not needed while there is one."""
    from assistant.stages import switch as switching

    if len(words) > 2:
        raise AttuneError(f"A question and a case are two words, not {len(words)}.", "Put the question in quotes.")
    name, text = words if len(words) == 2 else ("", words[0])
    if not text.strip():
        raise AttuneError("The question is empty.", 'For example: attune ask "Do you ship to France?"')
    with open_bench() as bench:
        chosen = pick(bench.store, name)
        store = bench.store
        active = switching.active(store, bench.settings, chosen.id)
        answering = switching.find(store, chosen.id, variant) if variant else active
        try:
            reply = bench.chat.reply(answering, [{"role": "user", "content": text}], on_status=say)
            for part in reply:
                if not as_json:
                    print(part, end="", flush=True)
        except KeyboardInterrupt:
            raise CommandStopped("The answer ends here and its model server with it.") from None
        if not as_json:
            print(flush=True)
            _say_sources(reply)
            return
        show({"case": chosen.id, "variant": answering.name} | _reply_value(reply), "", as_json)


def _say_sources(reply: Reply) -> None:
    for told in filter(None, (reply.note, reply.cut, reply.repeats)):
        say(told)
    for passage in reply.passages:
        say(f"[{passage.mark}] {passage.document}{f': {passage.heading}' if passage.heading else ''}")


def _reply_value(reply: Reply) -> dict[str, Any]:
    return {
        "answer": reply.text,
        "passages": list(reply.passages),
        "dropped": list(reply.dropped),
        "note": reply.note,
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
