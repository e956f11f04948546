"""One check of an answer: what it asks, whether an answer keeps it, and the sentence a person reads."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from assistant.errors import AttuneError
from assistant.evidence.checks import answer_language, counting, shapes

Argument = str | int | tuple[str, ...]
MOST_TEXT = 2000  # characters of an argument
MOST_PARTS = 100  # labels or phrases of one check
MOST_COUNT = 100_000

_TEXTS = {
    "contains": ("contains", shapes.contains),
    "not_contains": ("never says", shapes.contains),
    "starts_with": ("starts with", shapes.starts_with),
    "not_starts_with": ("never starts with", shapes.starts_with),
    "ends_with": ("ends with", shapes.ends_with),
    "not_ends_with": ("never ends with", shapes.ends_with),
}
_PATTERNS = {"pattern": "matches the pattern", "not_pattern": "never matches the pattern"}
_COUNTS = {
    f"{bound}_{unit}": (bound, unit, f"has at {'most' if bound == 'max' else 'least'}")
    for unit in counting.UNITS
    for bound in ("max", "min")
}
_PLAIN = {
    "json": ("is valid JSON", shapes.is_json),
    "has_url": ("has a link", shapes.has_url),
    "no_url": ("has no link", shapes.has_url),
    "has_list": ("has a list", shapes.has_list),
    "no_list": ("has no list", shapes.has_list),
    "no_bullets": ("has no bullet points", shapes.has_bullets),
    "no_emoji": ("has no emoji", shapes.has_emoji),
    "no_markdown": ("has no Markdown", shapes.has_markdown),
}
TAKES: dict[str, str] = {
    **dict.fromkeys(_TEXTS, "text, or several texts of which any counts"),
    **dict.fromkeys(_PATTERNS, "a regular expression"),
    **dict.fromkeys(_COUNTS, "a number"),
    "language": "a language's name or code",
    "one_of": "two or more labels",
    "json_schema": "a JSON schema",
    **dict.fromkeys(_PLAIN, ""),
}
LENGTH_KINDS = frozenset(_COUNTS)
SEVERAL = frozenset({*_TEXTS, "one_of"})  # kinds whose argument may be several texts


@dataclass(frozen=True)
class BriefCheck:
    """A check. `field`: the field of the brief it comes from; `source_text`: the words there, or a person's own.

    `argument` is a text, a number, or several texts, as the kind takes (`TAKES`); "" for a kind that takes none.
    `share`: of the answers, how many must keep it, above 0 and at most 1; None = no share was named.
    The id is made of kind and argument, so the same check has the same id wherever it comes from.
    """

    id: str
    field: str
    source_text: str
    kind: str
    argument: Argument = ""
    share: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As in case.toml: text, field, kind, argument, share; what is empty is left out."""
        argument = list(self.argument) if isinstance(self.argument, tuple) else self.argument
        found = {"text": self.source_text, "field": self.field, "kind": self.kind, "argument": argument}
        return {name: value for name, value in (found | {"share": self.share}).items() if value not in ("", None)}


def make(kind: str, argument: Any = "", text: str = "", field: str = "", share: Any = None) -> BriefCheck:
    """A check of a known kind with an argument that fits. Raises AttuneError for any other.

    Numbers may be written as text, languages as names or codes, several texts as a list, a JSON schema as an object.
    """
    if kind not in TAKES:
        raise AttuneError(f"There is no check called '{kind}'.", f"Choose one of {', '.join(TAKES)}.")
    fitting = _argument(kind, argument)
    wanted = _share(share)
    source = text.strip() or _sentence(kind, fitting)
    return BriefCheck(_id(kind, fitting), field, source, kind, fitting, wanted)


def from_json(value: Any) -> BriefCheck:
    """The check of an object with kind, argument, text, field and share. Raises AttuneError for anything else."""
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str):
        raise AttuneError("A check has no kind.", 'Write kind = "contains" and an argument that fits it.')
    unknown = sorted(set(value) - {"text", "field", "kind", "argument", "share"})
    if unknown:
        raise AttuneError(f"A check has no '{unknown[0]}'.", "It has text, kind, argument and share.")
    text, field = (str(value.get(name, "")) for name in ("text", "field"))
    return make(value["kind"], value.get("argument", ""), text, field, value.get("share"))


def holds(check: BriefCheck, answer: str) -> bool | None:
    """Whether an answer keeps the check; None where it cannot be told, e.g. the language of two words."""
    kind, argument = check.kind, check.argument
    if kind in _TEXTS:
        texts = argument if isinstance(argument, tuple) else (str(argument),)
        return any(_TEXTS[kind][1](answer, text) for text in texts) != kind.startswith("not_")
    if kind in _PATTERNS:
        found = shapes.matches(answer, str(argument))
        return None if found is None else found != kind.startswith("not_")
    if kind in _COUNTS:
        bound, unit, _ = _COUNTS[kind]
        span = counting.UNITS[unit](answer)
        return span.at_most(int(str(argument))) if bound == "max" else span.at_least(int(str(argument)))
    if kind in _PLAIN:
        return _PLAIN[kind][1](answer) != kind.startswith("no_")
    if kind == "language":
        return answer_language.written_in(answer, str(argument))
    if kind == "one_of":
        return shapes.is_one_of(answer, argument if isinstance(argument, tuple) else (str(argument),))
    return shapes.fits_schema(answer, str(argument))


def describe(check: BriefCheck) -> str:
    """The check as a person reads it: 'contains "Kind regards"', 'has at most 80 words'."""
    return _sentence(check.kind, check.argument)


def _sentence(kind: str, argument: Argument) -> str:
    if kind in _TEXTS:
        return f"{_TEXTS[kind][0]} {_listed(argument)}"
    if kind in _PATTERNS:
        return f"{_PATTERNS[kind]} {argument}"
    if kind in _COUNTS:
        _, unit, words = _COUNTS[kind]
        return f"{words} {argument} {unit[:-1] if argument == 1 else unit}"
    if kind in _PLAIN:
        return _PLAIN[kind][0]
    if kind == "language":
        return f"is in {answer_language.name(str(argument))}"
    return f"is one of {_listed(argument)}" if kind == "one_of" else "is JSON that fits the schema"


def _listed(argument: Argument) -> str:
    """Quoted texts with "or" before the last."""
    quoted = [f'"{text}"' for text in (argument if isinstance(argument, tuple) else (str(argument),))]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def _id(kind: str, argument: Argument) -> str:
    """Readable and the same for the same check: json, max_words-80, language-de, contains-1f3a9c."""
    if argument == "":
        return kind
    if isinstance(argument, int) or kind == "language":
        return f"{kind}-{argument}"
    parts = list(argument) if isinstance(argument, tuple) else [argument]
    return f"{kind}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:6]}"


def _argument(kind: str, value: Any) -> Argument:
    """The argument in its kind's own type. Raises AttuneError where it does not fit."""
    if kind in _PLAIN:
        if value not in ("", None):
            raise AttuneError(f"The check '{kind}' takes no argument.", "Leave it out.")
        return ""
    if kind in _COUNTS:
        return _number(kind, value)
    if kind in SEVERAL:
        return _several(kind, value)
    if kind == "json_schema":
        return shapes.checked_schema(value, MOST_TEXT * 10)
    text = _text(kind, value)
    if kind == "language":
        code = answer_language.code_of(text)
        if code is None:
            known = ", ".join(answer_language.name(code) for code in answer_language.names())
            raise AttuneError(f"'{text}' is not a language that can be told.", f"Choose one of {known}.")
        return code
    return shapes.checked_pattern(text)


def _number(kind: str, value: Any) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value.strip()) < 9:
        value = int(value.strip())
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_COUNT:
        raise AttuneError(f"The check '{kind}' needs a whole number.", f"Give one from 1 to {MOST_COUNT}.")
    return value


def _several(kind: str, value: Any) -> Argument:
    """One text as it is, several as a tuple without repetitions."""
    parts = list(value) if isinstance(value, list | tuple) else [value]
    texts = tuple(dict.fromkeys(_text(kind, part) for part in parts))
    if len(texts) > MOST_PARTS or not texts:
        raise AttuneError(f"The check '{kind}' needs 1 to {MOST_PARTS} texts.", "Give them as a list.")
    if kind == "one_of" and len(texts) < 2:
        raise AttuneError("The check 'one_of' needs at least two labels.", "Give them as a list.")
    return texts if len(texts) > 1 else texts[0]


def _text(kind: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT:
        raise AttuneError(f"The check '{kind}' needs a text.", f"Give one of at most {MOST_TEXT} characters.")
    return value.strip()


def _share(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise AttuneError("A check's share must be above 0 and at most 1.", "Write 0.95 for 95 %.")
    return float(value)
