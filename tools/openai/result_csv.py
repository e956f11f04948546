"""The result file of a hosted run: a CSV of measures, a row a step, whose columns vendors spell differently."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from typing import Any

from tools.openai.statuses import measured, renamed


def events(data: bytes) -> list[dict[str, Any]]:
    """The rows as step and eval events, in order. A row without a step, or cut off in the middle, is left out."""
    found: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(_text(data))):
        known = renamed({str(name).strip(): value for name, value in row.items() if name})
        if str(known.get("step", "")).strip().isdigit():
            found += measured(known)
    return found


def _text(data: bytes) -> str:
    """OpenAI has sent this file also as base64: that has no comma in its first line."""
    text = data.decode("utf-8-sig", "replace")
    if "," in text.split("\n", 1)[0]:
        return text
    try:
        return base64.b64decode(text, validate=False).decode("utf-8-sig", "replace")
    except (binascii.Error, ValueError):
        return text
