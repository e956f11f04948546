"""The numbers that a text states, as numbers: with sign, separators of thousands, decimals, percent and currency."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import regex

from assistant.evidence.scorers import folding

_CODES = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cny": "¥", "inr": "₹", "krw": "₩", "rub": "₽", "chf": "chf"}
_MONEY = rf"(?:\p{{Sc}}|(?i:{'|'.join(_CODES)})(?!\p{{L}}))"
_NARROW = regex.compile(r"(?<=\p{Nd})[\u00a0\u2007\u2009\u202f](?=\p{Nd}{3}(?!\p{Nd}))")
_THOUSANDS = "\u066c"  # Arabic's separator of thousands: it means nothing else, so it stands for the narrow spaces
_NUMBER = regex.compile(
    # What follows a letter is a part of a code (RET30), and a dash after a letter or digit is a hyphen (3-5).
    rf"""(?<![\p{{Latin}}\p{{Greek}}\p{{Cyrillic}}\p{{Nd}}_])
    (?P<sign>(?<![\p{{L}}\p{{M}}\p{{Nd}}\p{{Pe}}%])[-+])?
    (?P<before>{_MONEY}\s?(?P<inner>[-+])?)?
    (?:(?P<digits>\p{{Nd}}+(?:[.,٫٬'’_]\p{{Nd}}+)*|(?<!\p{{Nd}})[.٫]\p{{Nd}}+)(?P<part>[¼-¾⅐-⅞])?|(?P<part>[¼-¾⅐-⅞]))
    (?P<power>[eE][-+]?\p{{Nd}}{{1,2}}(?![\p{{L}}\p{{Nd}}]))?
    (?P<after>\s?(?:[%٪‰]|{_MONEY}))?""",
    regex.VERBOSE,
)
_SIGN_APART = regex.compile(r"^([-+])\s+(?=[\p{Nd}\p{Sc}])")
_GROUPS = regex.compile(r"^(?P<head>\D*\p{Nd}{1,3})(?P<tail>(?: \p{Nd}{3})+)(?!\p{Nd})")


class Quantity(NamedTuple):
    """`value`: plain decimal digits, "-1234.5"; `unit`: "%", a currency sign, or empty where none is named."""

    value: str
    unit: str


def numbers(answer: str, reference: str) -> float | None:
    """F1 of the numbers that both state, each as often as it is stated; None where the reference states none."""
    wanted = stated(reference)
    return f1(stated(answer), wanted) if wanted else None


def stated(text: str) -> list[Quantity]:
    """The numbers of a text, in its order. A date, version or address counts as its pieces."""
    return [quantity for found in _NUMBER.finditer(_readable(text)) for quantity in _read(found)]


def whole(text: str) -> Quantity | None:
    """The number that a text is, and nothing else; None for anything more, and for codes with leading zeros (007)."""
    text = _SIGN_APART.sub(r"\1", _readable(text).strip())
    if grouped := _GROUPS.match(text):
        text = grouped["head"] + grouped["tail"].replace(" ", _THOUSANDS) + text[grouped.end() :]
    found = _NUMBER.fullmatch(text)
    if found is None or found["power"] or regex.match(r"0\d", _ascii(found["digits"] or "")):
        return None
    read = _read(found)
    return read[0] if len(read) == 1 else None


def f1(found: Sequence[Quantity], wanted: Sequence[Quantity]) -> float:
    """F1 of two bags of numbers; one without a unit equals the same number with any."""
    if not found and not wanted:
        return 1.0
    return 2 * matched(found, wanted) / (len(found) + len(wanted))


def matched(found: Sequence[Quantity], wanted: Sequence[Quantity]) -> int:
    """How many numbers pair off: first those with the same unit, then those where one side names none."""
    left, right = Counter(found), Counter(wanted)
    same = left & right
    left, right = left - same, right - same
    pairs = same.total()
    for one, other in ((left, right), (right, left)):
        for quantity in [q for q in one if not q.unit]:
            for match in [q for q in other if q.value == quantity.value and q.unit]:
                count = min(one[quantity], other[match])
                one[quantity] -= count
                other[match] -= count
                pairs += count
    return pairs


def _readable(text: str) -> str:
    narrow = _NARROW.sub(_THOUSANDS, unicodedata.normalize("NFC", text))
    return folding.composed(narrow).replace("−", "-").replace("–", "-").replace("US$", "$")


def _read(found: regex.Match[str]) -> list[Quantity]:
    minus = "-" in ((found["sign"] or "") + (found["inner"] or ""))
    unit = _unit(found["before"]) or _unit(found["after"])
    digits, part = _ascii(found["digits"] or "0"), found["part"]
    value = _value(digits)
    if value is None:  # 12.05.2024: no number is written so
        return [Quantity(_plain(piece, minus and not place), "") for place, piece in enumerate(_pieces(digits))]
    if part:
        value = str(Decimal(value) + Decimal(str(round(unicodedata.numeric(part), 6))))
    if found["power"]:
        value = format(Decimal(value + _ascii(found["power"]).lower()), "f")
    return [Quantity(_plain(value, minus), unit)]


def _value(digits: str) -> str | None:
    """Digits with separators -> plain decimal digits; None where the separators fit no way of writing a number.

    A comma alone before three digits parts thousands (1,234), a point alone is always decimal (1.234).
    """
    marks = [c for c in digits if not c.isdecimal()]
    kinds = list(dict.fromkeys(marks))
    if not kinds:
        return digits
    last = marks[-1]
    whole, _, decimals = digits.rpartition(last)
    if len(kinds) == 1:
        grouped = _grouped(digits, last)
        if last in ".٫" and len(marks) == 1:
            return f"{whole or '0'}.{decimals}"
        if last == "," and len(marks) == 1 and not grouped:
            return f"{whole or '0'}.{decimals}"
        return "".join(_pieces(digits)) if grouped else None
    if len(kinds) == 2 and marks.count(last) == 1 and last in ".,٫" and _grouped(whole, kinds[0]):
        return f"{''.join(_pieces(whole))}.{decimals}"
    return None


def _grouped(digits: str, mark: str) -> bool:
    """Groups of three, as most write thousands, or of two before the last three, as in India (12,34,567)."""
    first, *rest = digits.split(mark)
    short = {len(group) for group in rest[:-1]}
    return 1 <= len(first) <= 3 and first[0] != "0" and len(rest[-1]) == 3 and (short <= {3} or short == {2})


def _pieces(digits: str) -> list[str]:
    return [piece for piece in regex.split(r"\D", digits) if piece]


def _plain(value: str, minus: bool) -> str:
    whole, _, decimals = value.partition(".")
    whole, decimals = whole.lstrip("0") or "0", decimals.rstrip("0")
    plain = f"{whole}.{decimals}" if decimals else whole
    return f"-{plain}" if minus and plain != "0" else plain


def _ascii(digits: str) -> str:
    """Digits of any script as 0 to 9."""
    return "".join(str(unicodedata.decimal(c, c)) for c in digits)


def _unit(text: str | None) -> str:
    sign = (text or "").strip(" +-").lower().replace("٪", "%").strip()
    return _CODES.get(sign, sign)
