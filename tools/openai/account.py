"""An account at an OpenAI-compatible vendor: its client, what its errors mean, and patience that has an end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import urlsplit

from tools.trainer import ToolError

if TYPE_CHECKING:
    import openai

T = TypeVar("T")


class Named(Protocol):
    """Anything of a vendor's list."""

    @property
    def id(self) -> str: ...


L = TypeVar("L", bound=Named)
TRIES = 3
MOST_WAIT = 20.0  # seconds between two tries, whatever Retry-After says
FIRST_WAIT = 0.5
OPENAI = "api.openai.com"


@dataclass(frozen=True)
class Account:
    """Where a vendor answers and with which key. `settings` names the variables that hold both, for remedies."""

    vendor: str
    url: str
    key: str = field(repr=False)
    settings: str

    def client(self, seconds: float = 60.0) -> openai.OpenAI:
        """A client that tries once: what may be tried again is decided here, a paid request never is.

        Raises ToolError where there is no key: the SDK would raise an error of its own that nobody expects here.
        """
        import openai

        if not self.key:
            raise ToolError(f"There is no key for {self.vendor}.", f"Set {self.settings}.")
        made = openai.OpenAI(
            base_url=self.url, api_key=self.key, max_retries=0, timeout=openai.Timeout(seconds, connect=10.0)
        )
        if urlsplit(self.url).hostname != OPENAI:  # the SDK would tell any server OPENAI_ORG_ID and OPENAI_PROJECT_ID
            made.organization = made.project = None
        return made

    def patiently(self, call: Callable[[], T], tries: int = TRIES) -> T:
        """The result of a call that is harmless to repeat; ToolError when it keeps failing or is refused."""
        import openai

        for left in reversed(range(tries)):
            try:
                return call()
            except openai.OpenAIError as error:
                wait = pause(error, tries - 1 - left)
                if wait is None or not left:
                    raise self.told(error) from None
                time.sleep(wait)
        raise AssertionError("there is at least one try")

    def told(self, error: openai.OpenAIError) -> ToolError:
        """A sentence and a remedy for whatever the client raises; the key never appears in them."""
        import openai

        said = self.said(error)
        match error:
            case openai.APITimeoutError():
                return ToolError(f"No answer came from {self.vendor} in time.", "Try again.")
            case openai.APIConnectionError():
                return ToolError(f"There is no connection to {self.vendor} ({self.url}).", "Check the network.")
            case openai.AuthenticationError():
                return ToolError(f"{self.vendor} refuses the key (401).", f"Put a valid one into {self.settings}.")
            case openai.PermissionDeniedError():
                return ToolError(
                    f"{self.vendor} does not permit this (403){said}.",
                    f"Check whether the key of {self.settings} may fine-tune.",
                )
            case openai.NotFoundError():
                return ToolError(
                    f"{self.vendor} does not know this (404){said}.",
                    f"It was deleted there, or {self.settings} belongs to another project.",
                )
            case openai.RateLimitError():
                return ToolError(
                    f"{self.vendor} takes no more requests now, or the quota is used up (429){said}.",
                    "Wait some minutes, or look at the account's limits.",
                )
            case openai.APIStatusError():
                return ToolError(
                    f"{self.vendor} refused the request ({error.status_code}){said}.",
                    "Try again later." if error.status_code >= 500 else "Fix what it names.",
                )
            case _:
                return ToolError(f"The answer of {self.vendor} cannot be read{said}.", f"Check {self.settings}.")

    def said(self, error: openai.OpenAIError) -> str:
        """The vendor's own words in brackets, short and without the key; a body of its own may nest them."""
        body = getattr(error, "body", None)
        inner = body.get("error", body) if isinstance(body, dict) else body
        text = inner.get("message") if isinstance(inner, dict) else inner
        words = " ".join(text.split())[:300] if isinstance(text, str) else ""
        return f" (it says: {self.clean(words).rstrip('.')})" if words else ""

    def clean(self, text: str) -> str:
        """Text of the vendor without the key, should it repeat it."""
        return text.replace(self.key, "***") if self.key else text


def listed(found: Iterable[L], most: int) -> Iterator[L]:
    """The entries of a list, page after page, at most so many. A server that gives a page again ends it."""
    seen: set[str] = set()
    for entry in found:
        if entry.id in seen or len(seen) >= most:
            return
        seen.add(entry.id)
        yield entry


def pause(error: openai.OpenAIError, tried: int) -> float | None:
    """Seconds to wait before another try, at most MOST_WAIT; None when another try cannot help."""
    import openai

    wait = min(FIRST_WAIT * (tried + 1), MOST_WAIT)
    if isinstance(error, openai.APIConnectionError):
        return wait
    if isinstance(error, openai.APIStatusError) and (error.status_code in (408, 409, 429) or error.status_code >= 500):
        asked = retry_after(error)
        return wait if asked is None else asked if asked <= MOST_WAIT else None
    return None


def retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds that the vendor asks to wait; None when it does not say, or says it as a date."""
    try:
        found: float = float(str(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None
    return max(0.0, found) if math.isfinite(found) else None
