"""What became of the answers of a case: recorded, so that an earlier variant comes back where a newer one fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from assistant.faces.api.answers.streams import Chunks
from assistant.faces.api.answers.targets import Target
from assistant.record.traffic.outcomes import OK
from assistant.traffic import returning
from assistant.uploads.refusals import Refused
from assistant.workbench import Workbench


async def watched(bench: Workbench, target: Target, found: Chunks) -> Chunks:
    """The same chunks. An answer that nobody waits for to its end is not counted."""
    async with noticed(bench, target), aclosing(found):
        async for chunk in found:
            yield chunk
    if target.whole:
        variant = target.variant
        await asyncio.to_thread(bench.store.add_outcome, variant.case, variant.id, target.talk, OK)


@asynccontextmanager
async def noticed(bench: Workbench, target: Target) -> AsyncIterator[None]:
    """What is raised inside counts as an answer that failed, unless the request is at fault (a status below 500)."""
    try:
        yield
    except Exception as error:
        if target.whole and not (isinstance(error, Refused) and error.status < 500):
            await asyncio.to_thread(returning.failed, bench.chat, target.variant, target.talk)
        raise
