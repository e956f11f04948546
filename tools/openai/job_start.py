"""One job for one confirmation: create it, or find it when the answer was lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tools.openai.account import TRIES, Account, listed, pause
from tools.trainer import ToolError, Unsure

if TYPE_CHECKING:
    import openai

KEY = "attune_key"  # in the job's metadata: which confirmation it is for
MOST_LISTED = 300  # jobs looked through, the newest first; a confirmation is minutes old, not hundreds of jobs
CREATE_SECONDS = 60.0


def find(account: Account, client: openai.OpenAI, key: str) -> str | None:
    """The id of the job whose metadata hold this key; None when there is none. Raises ToolError when it cannot ask."""

    def look() -> str | None:
        for job in listed(client.fine_tuning.jobs.list(limit=100), MOST_LISTED):
            if (job.metadata or {}).get(KEY) == key:
                return job.id
        return None

    return account.patiently(look) if key else None


def create(account: Account, client: openai.OpenAI, wanted: dict[str, Any], key: str) -> str:
    """Create the job and return its id.

    Only a refusal that says that nothing was taken is tried again. After a lost answer the vendor is asked for the
    job of this key: never is a second one created on a suspicion. Raises Unsure when it cannot be told.
    """
    import openai

    for tried in range(TRIES):
        try:
            job = client.fine_tuning.jobs.create(
                **wanted, metadata={KEY: key}, extra_headers={"Idempotency-Key": key}, timeout=CREATE_SECONDS
            )
            return job.id
        except openai.OpenAIError as error:
            if _lost(error):
                return _found(account, client, key, account.told(error))
            wait = pause(error, tried) if _refused_for_now(error) else None
            if wait is None or tried == TRIES - 1:
                raise account.told(error) from None
            time.sleep(wait)
    raise AssertionError("the last try returns or raises")


def _found(account: Account, client: openai.OpenAI, key: str, why: ToolError) -> str:
    """The job whose creation was not answered. Raises Unsure: that it is not there yet proves nothing."""
    try:
        known = find(account, client, key)
    except ToolError:
        known = None
    if known:
        return known
    raise Unsure(
        f"{why.sentence} Whether {account.vendor} took the job is not known yet.",
        "Attune looks for it by its key; do not start another one.",
    ) from None


def _lost(error: openai.OpenAIError) -> bool:
    """Whether the vendor may have created the job all the same."""
    import httpx2
    import openai

    if isinstance(error, openai.APIConnectionError):
        return not isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)
    return not isinstance(error, openai.APIStatusError) or error.status_code >= 500 or error.status_code == 408


def _refused_for_now(error: openai.OpenAIError) -> bool:
    import openai

    return isinstance(error, openai.RateLimitError | openai.ConflictError | openai.APIConnectionError)
