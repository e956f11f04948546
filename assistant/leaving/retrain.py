"""Retrain on open weights: an earlier OpenAI job, model or file becomes a case, ready for a local trainer."""

from __future__ import annotations

import json

from assistant.conversations.formats import json_lines
from assistant.errors import AttuneError
from assistant.record.store import Store
from assistant.record.types import Case, Message
from assistant.settings import Settings
from assistant.stages import baseline, dataset, interview
from tools.openai import earlier_jobs
from tools.openai.account import Account

SKIP = "skip"


def run(store: Store, settings: Settings, account: Account, source: str, title: str = "") -> Case:
    """A new case with the conversations of that job and a frozen dataset. All of it or nothing.

    The job's validation rows become the held-out conversations. Of preferences the preferred answer is taken. The
    brief says only where the case comes from: its open questions count as skipped and can be answered later.
    """
    found = earlier_jobs.fetch(account, source)
    train, test = rows(found.train, "The training file"), rows(found.test, "The validation file")
    with store.atomic():
        case = interview.new(store, title or f"Retrained {found.model or source}", owner=settings.owner)
        goal = f"Answer as {found.model or f'the model of {source}'} did."
        interview.run(store, case.id, dict.fromkeys(interview.QUESTIONS, SKIP) | {"goal": goal}, source="file")
        for kind, conversations in (("import", train), ("heldout", test)):
            for messages in conversations:
                store.import_conversation(case.id, kind, messages)
        baseline.run(store, settings, case.id)
        dataset.run(store, case.id)
    return store.case(case.id)


def rows(data: bytes, name: str) -> list[list[Message]]:
    """Conversations of a vendor's file: chat rows, or preferences, of which the preferred answer is taken."""
    if not data.strip():
        return []
    lines = [_chat(line) for line in json_lines.decode(data, name).split("\n")]
    return json_lines.parse("\n".join(lines), name)


def _chat(line: str) -> str:
    try:
        value = json.loads(line) if line.strip() else {}
    except (ValueError, RecursionError):
        return line  # the parser names the line
    if not (isinstance(value, dict) and "preferred_output" in value):
        return line
    try:
        return json.dumps({"messages": [*value["input"]["messages"], *value["preferred_output"]]}, ensure_ascii=False)
    except (KeyError, TypeError):
        raise AttuneError(
            "A preference of the file lacks its input or its preferred answer.",
            "Fix the file and import it with `attune import`.",
        ) from None
