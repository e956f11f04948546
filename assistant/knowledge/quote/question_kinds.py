"""What kind of thing a question asks for (a price, a time, a code...), and which texts hold one. English only."""

from __future__ import annotations

import re

_SPAN = r"(?:second|minute|hour|day|week|month|year)s?"
_COUNT = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|twenty|thirty|forty|fifty"
    r"|half an?|once|twice|single)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|week(?:days?|ends?)"
_MONTH = r"january|february|march|april|june|july|august|september|october|november|december"
_CURRENCY = r"(?:[£$€¥%]|(?:pounds?|pence|dollars?|euros?|cents?|percent|EUR|USD|GBP|CHF)\b)"
_MONEY = rf"(?:[£$€¥] ?[\d.,]*\d|\d[\d.,]* ?{_CURRENCY})"
_COST = r"(?:prices?|costs?|fees?|charges?|rates?)"
_KINDS = {  # kind -> (what asks for it in a question, what it looks like in a text)
    "price": (
        rf"how much|{_COST}|expensive|owe|pay (?:for|to)",
        rf"{_MONEY}|\bfree\b|\b\d+[.,]\d\d\b|\b(?:{_COST}|pays?)\W+(?:\w+\W+){{0,2}}\d",
    ),
    "amount": (r"how much(?= \w+ (?:do|does|should|can|is there|are there) )", r"\d"),
    "span": (
        rf"how (?:long|often|soon|late|early|far|quick\w*|fast|many {_SPAN})",
        rf"\b(?:\d+|{_COUNT})(?: \w+)? {_SPAN}\b|\b(?:once|twice|every|each|an?) (?:\w+ )?{_SPAN}\b|\bat once\b",
    ),
    "time": (
        r"when|what time|which (?:days?|month)|opening|hours|open|close|how (?:late|early)",
        rf"\b\d{{1,2}}(?:[.:]\d\d)? ?(?:am|pm)\b|\b\d{{1,2}}[:.]\d\d\b"
        rf"|\b(?:{_DAY}|{_MONTH}|noon|midnight|closed|shut)\b|\b\d+(?:st|nd|rd|th)\b|\b{_COUNT} {_SPAN}\b",
    ),
    "weight": (r"weighs?|weight|how heavy", r"\d ?(?:k?g|kilos?|grams?|lbs?|pounds?|ounces?|oz|tons?|tonnes?)\b"),
    "number": (
        r"how (?:many|big|large|tall|hot|warm|cold|deep|wide|high|old)|what (?:size|temperature)|temperature"
        r"|minimum|maximum",
        rf"\d|\b{_COUNT}\b",
    ),
    "code": (r"(?:pass)?codes?|password|pin", r"\b[A-Z]{2,}\d*\b|\b[A-Z]+\d+\b|\b\w*[a-z]\d{2,}\b|\b\d{4,}\b"),
    "contact": (
        r"phone|telephone|number to (?:call|ring)|call|ring|e-?mail|contact|reach",
        r"\S@\S|\b0\d[\d ]{5,}\d|\+\d[\d ]{6,}",
    ),
}
_ASKS = {kind: re.compile(rf"\b(?:{asks})\b", re.IGNORECASE) for kind, (asks, _) in _KINDS.items()}
_HOLDS = {kind: re.compile(held, 0 if kind == "code" else re.IGNORECASE) for kind, (_, held) in _KINDS.items()}
_COUNTED = {"number", "amount", "weight"}  # of which a price is none
_CERTAIN = re.compile(
    r"^\W*(?:and |so |but )?when\b"
    r"|\bhow (?:much|many|long|often|soon|old|heavy|big|large|tall|hot|warm|cold|deep|wide|high)\b"
    r"|\bwhat (?:time|temperature|size)\b|\bweighs?\b",
    re.IGNORECASE,
)


def asked(question: str) -> frozenset[str]:
    """The kinds of thing that a question asks for; none where it asks for a yes, a reason or a way."""
    found = frozenset(kind for kind, pattern in _ASKS.items() if pattern.search(question))
    return found - {"price"} if found & {"weight", "amount"} else found


def certain(question: str) -> bool:
    """Whether it asks for such a thing and nothing else: a text without one is no answer, whatever it is about."""
    return bool(_CERTAIN.search(question))


def without(question: str) -> str:
    """The question without the words that only say what kind of thing it asks for."""
    for kind in asked(question):
        question = _ASKS[kind].sub(" ", question)
    return question


def held(text: str, kinds: frozenset[str]) -> bool:
    """Whether a text holds something of one of the kinds."""
    bare = re.sub(_MONEY, "", text) if kinds & _COUNTED and "price" not in kinds else text
    return any(_HOLDS[kind].search(bare if kind in _COUNTED else text) for kind in kinds)
