"""Names of conversations by their content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from assistant.record.types import Message


def fingerprint(messages: Sequence[Message]) -> str:
    """sha256 of a conversation."""
    return hashlib.sha256(json.dumps(messages, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def pair(one: Sequence[Message], other: Sequence[Message]) -> str:
    """The name of two conversations, whichever comes first, for as long as nobody edits them: 12 hexadecimal digits."""
    return hashlib.sha256("".join(sorted(map(fingerprint, (one, other)))).encode()).hexdigest()[:12]
