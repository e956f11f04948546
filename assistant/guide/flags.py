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
    r"|(a few|a handful|ten|twenty|\d{1,2}) (?!hundreds? |thousands? |dozens? )(\w+ )?(a|per|each|every) (month"
    r"|year))\b",
    re.I,
)
_SCARCE = re.compile(
    r"\b(?:only|just|about|roughly|around|maybe|at most|have|got|than)\s+(\d+|a handful of|a few|a couple of|no)"
    r" (?:(?:good|approved|old|past|sample|real|training)\s)?(?:examples?|samples?|conversations?|answers?|texts?"
    r"|rows?|pairs?)\b"
    r"|\b(?:few|no|hardly any) (?:training )?(?:examples|samples|data)\b",
    re.I,
)
_NO_MORE = re.compile(
    r"\b(?:only|just|no more|not (?:any )?more|that'?s (?:all|it)|none coming|(?:won'?t|will not|can'?t|cannot) "
    r"(?:get|have|make|collect|find) (?:any )?(?:more|others?))\b",
    re.I,
)
_TASTE = re.compile(
    r"\b(?:feels?|nicer?|better|good|great|like us|our voice|natural|beautiful|happy|satisfied|taste|right|vibe|cool"
    r"|pleasant|elegant|i (?:will )?know it)\b",
    re.I,
)
_COUNTED = re.compile(
    r"\d|%|per ?cent|\b(?:fewer|less|half|third|quarter|count|rate|share|score|accuracy|every|all|none|never|always"
    r"|each"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|unchanged|without (?:edits|changes)|closer to)\b",
    re.I,
)
_ENOUGH = re.compile(
    r"\b(?:(?:works?|worked|does it|do it|did it|is|are|was|were|runs?) (?:already |quite |really |very |just |all )*"
    r"(?:well|fine|great|perfect(?:ly)?|ok|good|already|good enough)|already (?:does|do|works?|gives?|good)|good enough"
    r"|no complaints|happy with)\b",
    re.I,
)
_BUT = re.compile(
    r"\b(?:but|except|not|n'?t|only|half|sometimes|mostly|nearly|almost|still|too|though|however|style|tone)\b|n't"
    r"|\d",
    re.I,
)
_TUNE = re.compile(r"\b(?:fine-?\s?tun\w*|tun(?:e|ed|ing)|train\w*|base model|stay with|keep using|build on)\b", re.I)
_CLOSED = re.compile(r"\b(claude|gemini|grok|gpt-?5[\w.]*(?:-\w+)?|chatgpt|copilot)\b", re.I)
_RETIRING = re.compile(r"\b((?:chat)?gpt-?\s?(?:4o|4\.1|3\.5)(?:-(?:mini|nano|turbo))?)\b", re.I)


def of_brief(brief: dict[str, Any]) -> dict[str, str]:
    """Flags by name. `brief` is Brief.to_json(); a flag is one or two sentences."""
    said = {name: _text(brief.get(name)) for name in brief}
    found: dict[str, str] = {}
    if _CHANGING.search(" ".join(said.get(name, "") for name in ("goal", "must", "benefits"))):
        found["changing"] = (
            "Part of this is knowledge that changes. Training learns that badly and goes stale: keep it in documents, "
            "which are searched for every question, and train only for form and tone."
        )
    if _EXACT.search(" ".join(said.get(name, "") for name in ("goal", "success", "must"))):
        found["perfect"] = (
            "No model is always right, trained or not. Plan for a person or a check where a mistake would be expensive."
        )
    if _RARE.search(said.get("benefits", "")):
        found["rare"] = (
            "With so few requests training hardly pays for itself by shorter prompts; it would have to pay by quality."
        )
    everything = " ".join(text for name, text in said.items() if name not in ("skipped", "examples", "bad_example"))
    if (scarce := _SCARCE.search(everything)) and _NO_MORE.search(everything) and _number(scarce[1]) < FEW:
        found["few"] = (
            f"Under about {FEW} examples a habit seldom shows. Showing a few of them in the prompt may do as well; "
            f"collect "
            "more by approving and editing answers in the chat before you train."
        )
    if _TASTE.search(said.get("success", "")) and not _COUNTED.search(said.get("success", "")):
        found["subjective"] = (
            "That is a matter of taste, and nobody can count it. Name something that two people would count alike: "
            "how many "
            "of 50 answers you would send unchanged, for example."
        )
    if _ENOUGH.search(said.get("alternatives", "")) and not _BUT.search(said.get("alternatives", "")):
        found["enough"] = (
            "If that already works, you may be done without training. I measure it first; training has to beat it."
        )
    wanted = said.get("costs", "") + " " + said.get("goal", "")
    if (closed := _CLOSED.search(wanted)) or (_TUNE.search(everything) and (closed := _CLOSED.search(everything))):
        found["closed"] = (
            f"{closed[1]} cannot be tuned by any trainer that Attune has. Name an open model as the base; the closed "
            f"one can "
            "still be compared with, through its server."
        )
    if retiring := _RETIRING.search(everything):
        found["retiring"] = (
            f"{retiring[1]} is about to go: OpenAI takes no new fine-tuning jobs after 6 January 2027, and removes "
            f"GPT-4o, "
            "GPT-4.1 and what was tuned on them on 14 January 2027. An open base model stays yours."
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


def _number(said: str | None) -> int:
    """A count as it was said; words such as "a handful" are few."""
    return int(said) if said and said.isdigit() else 0


def _text(value: Any) -> str:
    return "; ".join(value) if isinstance(value, (list, tuple)) else str(value or "")
