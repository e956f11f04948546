"""Retrain on open weights: an earlier OpenAI job, model or file becomes a case, ready for a local trainer."""

from __future__ import annotations

from assistant.conversations import importing
from assistant.conversations.formats import json_lines
from assistant.conversations.formats.found import ImportedConversation
from assistant.conversations.formats.reading import ConversationReader
from assistant.record.store import Store
from assistant.record.types import Case
from assistant.settings import Settings
from assistant.stages import baseline, dataset, interview
from tools.openai import earlier_jobs
from tools.openai.account import Account

SKIP = "skip"


def run(store: Store, settings: Settings, account: Account, source: str, title: str = "") -> Case:
    """A new case with the conversations of that job and a frozen dataset. All of it or nothing.

    The job's validation rows become the held-out conversations. Of preferences the preferred answer is
    approved, and the other stands beside it. The
    brief says only where the case comes from: its open questions count as skipped and can be answered later.
    """
    found = earlier_jobs.fetch(account, source)
    train, test = rows(found.train, "The training file"), rows(found.test, "The validation file")
    with store.atomic():
        case = interview.new(store, title or f"Retrained {found.model or source}", owner=settings.owner)
        goal = f"Answer as {found.model or f'the model of {source}'} did."
        interview.run(store, case.id, dict.fromkeys(interview.QUESTIONS, SKIP) | {"goal": goal}, source="file")
        for kind, conversations in zip(importing.SOURCES, (train, test), strict=True):
            importing.keep(store, case.id, conversations, kind)
        baseline.run(store, settings, case.id)
        dataset.run(store, case.id)
    return store.case(case.id)


def rows(data: bytes, name: str) -> list[ImportedConversation]:
    """Conversations of a vendor's file: chat rows, or preferences with both of their answers."""
    return list(ConversationReader().text(json_lines.decode(data, name), name)) if data.strip() else []
