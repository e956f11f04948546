"""What an answer's text looks like: which words it has and where, whether it is JSON, has a list, a link, an emoji.

Words are compared without case, typographic quotes and runs of spaces count as plain ones, and only whole words match:
"free" is not in "freedom". In scripts without spaces between words any place matches.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import regex

from assistant.errors import AttuneError
from assistant.evidence.scorers.labels import exact

PATIENCE_S = 0.2  # seconds for one search of a pattern: beyond it nothing is told
MOST_PATTERN = 500  # characters
_PLAIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‑": "-", "\u00a0": " "})
_WORD_EDGE = regex.compile(
    r"[[\p{L}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]", regex.V1
)
_URL = regex.compile(
    r"https?://\S|\bwww\.\p{L}|\]\([^)\s]+\)"
    r"|(?<![@\w.-])(?:[\p{L}\d-]+\.)+(?:com|org|net|info|io|app|shop|eu|uk|us|de|at|ch|ro|md|es|mx|fr|be|it|nl|pl)"
    r"(?![\w-]|\.\w)",
    regex.IGNORECASE,
)
_BULLET = regex.compile(r"^[ \t]*[-*+•◦▪‣·–][ \t]+\S", regex.MULTILINE)
_NUMBERED = regex.compile(r"^[ \t]*(?:\d{1,3}|[a-z])[.)][ \t]+\S", regex.MULTILINE)
_EMOJI = regex.compile(r"\p{Emoji_Presentation}|\p{Emoji}\uFE0F|[[\u2600-\u27BF]&&\p{Extended_Pictographic}]", regex.V1)
_MARKDOWN = regex.compile(
    r"^#{1,6}[ \t]+\S|\*\*\S[^*\n]*\*\*|__\S[^_\n]*__|`[^`\n]+`|^```|\[[^]\n]+\]\([^)\s]+\)|^[ \t]*\|.+\|[ \t]*$",
    regex.MULTILINE,
)


def contains(answer: str, text: str) -> bool:
    """Whether the words stand anywhere in the answer."""
    return _words_of(text).search(plain(answer)) is not None


def starts_with(answer: str, text: str) -> bool:
    """Whether the answer begins with the words."""
    return _words_of(text).match(plain(answer)) is not None


def ends_with(answer: str, text: str) -> bool:
    """Whether the answer ends with the words; a full stop or comma after them does not matter."""
    end, shown = plain(text).rstrip(" .,"), plain(answer).rstrip(" .,")
    wanted, found = (end, shown) if end else (plain(text), plain(answer))
    return any(match.end() == len(found) for match in _words_of(wanted).finditer(found, overlapped=True))


def is_one_of(answer: str, labels: tuple[str, ...]) -> bool:
    """Whether the whole answer is one of the labels, as `exact` compares them: -1 is not 1, and 👍 is not 👎."""
    return any(exact(answer, label) == 1 for label in labels)


def matches(answer: str, pattern: str) -> bool | None:
    """Whether a regular expression is found; ^ and $ also stand for ends of lines. None where it takes too long."""
    try:
        return regex.compile(pattern, regex.MULTILINE).search(answer, timeout=PATIENCE_S) is not None
    except TimeoutError:
        return None


def checked_pattern(text: str) -> str:
    """A regular expression that can be compiled. Raises AttuneError for any other."""
    if len(text) > MOST_PATTERN:
        raise AttuneError("The pattern is too long.", f"Use at most {MOST_PATTERN} characters.")
    try:
        regex.compile(text, regex.MULTILINE)
    except (regex.error, OverflowError, RecursionError) as error:
        raise AttuneError(f"The pattern cannot be read: {error}.", "Mend it, or ask for the words instead.") from error
    return text


def is_json(answer: str) -> bool:
    """Whether the whole answer is JSON (RFC 8259), without a code fence or words around it."""
    return _parsed(answer) is not _NOT_JSON


def fits_schema(answer: str, schema: str) -> bool | None:
    """Whether the answer is JSON that a schema of `checked_schema` accepts; None where a pattern takes too long."""
    value = _parsed(answer)
    if value is _NOT_JSON:
        return False
    try:
        return bool(_validator(schema).is_valid(value))
    except (TimeoutError, RecursionError):
        return None


def checked_schema(value: Any, most: int) -> str:
    """A JSON schema, object or text, as text. Raises AttuneError for one that is wrong or that names another file."""
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    try:
        schema = json.loads(value) if isinstance(value, str) else json.loads(json.dumps(value))
        if not isinstance(schema, dict):
            raise ValueError("it is not an object")
        validator_for(schema).check_schema(schema)
    except (ValueError, TypeError, RecursionError) as error:
        raise AttuneError(f"The JSON schema cannot be read: {error}.", "Give a JSON object.") from error
    except SchemaError as error:
        raise AttuneError(f"The JSON schema is wrong: {error.message}.", "Mend that part.") from error
    text = json.dumps(schema, ensure_ascii=False, sort_keys=True)
    if len(text) > most:
        raise AttuneError("The JSON schema is too long.", f"Use at most {most} characters.")
    if any(not place.startswith("#") for place in _named(schema, "$ref", "$dynamicRef")):
        raise AttuneError("The JSON schema refers to another file.", "Write that part into it.")
    if _named(schema, "patternProperties"):  # jsonschema looks for these names without a time limit
        raise AttuneError("The JSON schema has patternProperties.", "Name the properties one by one.")
    for pattern in _named(schema, "pattern"):
        checked_pattern(pattern)
    return text


def has_url(answer: str) -> bool:
    """Whether it has a web address, with or without https, or a Markdown link. An e-mail address is none."""
    return _URL.search(answer) is not None


def has_list(answer: str) -> bool:
    """Whether at least two lines are items with a bullet, or two with a number or letter."""
    return has_bullets(answer) or len(_NUMBERED.findall(answer)) > 1


def has_bullets(answer: str) -> bool:
    """Whether at least two lines begin with a bullet."""
    return len(_BULLET.findall(answer)) > 1


def has_emoji(answer: str) -> bool:
    """Whether it has a character that is shown as an emoji. ©, ™ and :-) are none."""
    return _EMOJI.search(answer) is not None


def has_markdown(answer: str) -> bool:
    """Whether it has headings, bold text, code, links or tables in Markdown. A line with a dash is none."""
    return _MARKDOWN.search(answer) is not None


def plain(text: str) -> str:
    """Text as it is compared: composed, without case, with plain quotes and single spaces."""
    import unicodedata

    return " ".join(unicodedata.normalize("NFC", text).translate(_PLAIN).casefold().split())


@cache
def _words_of(text: str) -> Any:
    """The pattern of these words as whole words."""
    wanted = plain(text)
    before = r"(?<![\p{L}\p{N}])" if _WORD_EDGE.match(wanted) else ""
    after = r"(?![\p{L}\p{N}\p{M}])" if _WORD_EDGE.match(wanted[-1:]) else ""
    return regex.compile(before + regex.escape(wanted) + after)


_NOT_JSON = object()


def _parsed(answer: str) -> Any:
    """The value of a JSON text, `_NOT_JSON` where it is none."""
    try:
        return json.loads(answer.strip(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _named(schema: Any, *keywords: str) -> list[str]:
    """The values of keywords anywhere in a schema; of one that holds a table, its names. A property that is only
    called like a keyword has a table as value where the keyword has a text."""
    if isinstance(schema, list):
        return [found for value in schema for found in _named(value, *keywords)]
    if not isinstance(schema, dict):
        return []
    own = [value for key, value in schema.items() if key in keywords and isinstance(value, str)]
    own += [name for name in schema.get("patternProperties", {}) if "patternProperties" in keywords]
    return own + [found for value in schema.values() for found in _named(value, *keywords)]


@cache
def _validator(schema: str) -> Any:
    """A validator that fetches nothing and whose patterns have a time limit."""
    from jsonschema.validators import extend, validator_for
    from jsonschema_specifications import REGISTRY

    value = json.loads(schema)
    return extend(validator_for(value), {"pattern": _pattern})(value, registry=REGISTRY)


def _pattern(_: Any, wanted: str, instance: Any, __: Any) -> Any:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not regex.search(wanted, instance, timeout=PATIENCE_S):
        yield ValidationError(f"{instance!r} does not match {wanted!r}")
