"""Red flags: what in a brief or in the data speaks against training, said early and in plain words."""

from __future__ import annotations

import re
from typing import Any

FEW = 50  # train conversations under which a habit seldom shows; the evaluation then often stays undecided

_CHANGING = re.compile(
    r"\b(prices?|price list|in stock|stock levels?|inventory|availability|opening (hours|times)|latest|up[- ]to[- ]date"
    r"|current (prices?|news|data|offers?)|news|order status|deliver(y|ies) (status|times?|dates?)"
    r"|schedules?|timetables?"
    r"|know(s|ledge)? (of |about )?(our|the) (products?|company|documents?|manuals?|catalogue|policies|handbook)"
    r"|changes? (often|every \w+|weekly|daily|monthly))\b",
    re.I,
)
_EXACT = re.compile(
    r"\b(100 ?%|never (be )?wrong|always (be )?(right|correct)|no (mistakes?|errors?)|guarantee[ds]?)", re.I
)
_RARE = re.compile(
    r"\b(one[- ]off|rarely|just once|only once"
    r"|(a few|a handful|ten|twenty|\d{1,2}) (requests? |times? |questions? )?(a|per) (month|year))\b",
    re.I,
)


def of_brief(brief: dict[str, Any]) -> dict[str, str]:
    """Flags by name. `brief` is Brief.to_json(); a flag is one or two sentences."""
    said = {name: _text(brief.get(name)) for name in brief}
    found: dict[str, str] = {}
    if _CHANGING.search(" ".join(said.get(name, "") for name in ("goal", "must", "benefits"))):
        found["changing"] = (
            "Part of this is knowledge that changes. Training learns that badly and goes stale: keep it in documents, "
            "which are searched for every question, and train only for form and tone.")  # fmt: skip
    if _EXACT.search(" ".join(said.get(name, "") for name in ("goal", "success", "must"))):
        found["perfect"] = (
            "No model is always right, trained or not. Plan for a person or a check where a mistake would be expensive."
        )
    if _RARE.search(said.get("benefits", "")):
        found["rare"] = (
            "With so few requests training hardly pays for itself by shorter prompts; it would have to pay by quality."
        )
    if "success" in brief.get("skipped", ()):
        found["unmeasured"] = (
            "There is no success test yet. I compare with your approved answers, but a count of your own says more."
        )
    return found


def of_data(dataset: dict[str, Any] | None) -> dict[str, str]:
    """Flags of a frozen dataset; `dataset` has the counts `train` and `test`."""
    if dataset is None or dataset["train"] >= FEW:
        return {}
    return {
        "few": f"There are only {dataset['train']} conversations to learn from. Under about {FEW} the gain is seldom "
        "large enough to measure; the baseline with examples may do as well."
    }


def _text(value: Any) -> str:
    return "; ".join(value) if isinstance(value, (list, tuple)) else str(value or "")
