"""A value and Excel's number format -> what Excel shows: 15% for 0.15, 01234 for 1234, 14:30 for a time.

Percent, decimals, thousands, leading zeros, currencies, texts around the number, dates, times and durations. Fractions,
exponents, conditions and the month names of other languages are left: then the value itself is shown.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|[_*].|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<span>h+|m+|s+)\]|\[[^\]]*\]'
    r"|(?P<half>AM/PM|A/P)|(?P<part>y+|m+|d+|h+|s+(?:\.0+)?)|(?P<digits>[#0?][#0?,]*(?:\.[#0?]*)?,*|\.[#0?]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_SHORT_DATES = ("mm-dd-yy", "m/d/yy h:mm")  # built in: shown in the order of whoever looks at it
_OWN_LANGUAGE = re.compile(r"\[\$-(?!0*(?:409|809|1009|C09|1409)\])[^\]]+\]", re.IGNORECASE)
_SYSTEM = re.compile(r"\[\$-(?:F800|F400|x-sys\w+)", re.IGNORECASE)
_CONDITION = re.compile(r"\[[<>=]")
_SECTION = re.compile(r'(?:"[^"]*"|\\.|\[[^\]]*\]|[^;"\\\[]|["\\\[])*')


def shown(value: object, number_format: str) -> object:
    """The text that Excel shows; the value itself, for whoever prints it, where the format adds nothing."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (datetime, date, time, timedelta)):
        return _moment(value, number_format)
    if isinstance(value, (int, float)):
        return _number(value, number_format)
    return value


def _number(value: float, number_format: str) -> object:
    plain = f"{value:.10g}" if isinstance(value, float) else str(value)
    plain = plain if "e" not in plain else str(value)
    section, size = _section(number_format, value)
    tokens = list(_TOKEN.finditer(section))
    digits = [token["digits"] for token in tokens if token["digits"]]
    odd = {"/", "e", "g", "@"} & {str(token["other"]).lower() for token in tokens}
    if (
        section.strip()
        and not digits
        and not odd
        and not _CONDITION.search(number_format)
        and not any(token["part"] for token in tokens)
    ):
        return "".join(map(_literal, tokens)).strip() or plain  # a text in place of the number
    if not digits or odd or _CONDITION.search(number_format) or any(token["part"] for token in tokens):
        return int(value) if isinstance(value, float) and value.is_integer() else plain
    percents = sum(token["other"] == "%" for token in tokens)
    amount = Decimal(repr(size)) * 100**percents
    if len(digits) > 1:
        texts = _dealt(int(amount), digits) if not any("." in one for one in digits) else []
        if not texts:
            return plain
    else:
        texts = [_written(amount, digits[0])]
    sign = "-" if value < 0 and size < 0 else ""
    left = iter(texts)
    return (sign + "".join(next(left) if token["digits"] else _literal(token) for token in tokens)).strip()


def _section(number_format: str, value: float) -> tuple[str, float]:
    """The part of a format that is for this value, and the value as this part shows it."""
    parts, rest = list[str](), number_format
    while True:
        found = _SECTION.match(rest)
        part = found[0] if found else ""
        parts.append(part)
        if len(part) == len(rest):
            break
        rest = rest[len(part) + 1 :]
    if value < 0 and len(parts) > 1:
        return parts[1], -value
    return (parts[2] if value == 0 and len(parts) > 2 else parts[0]), value


def _written(amount: Decimal, pattern: str) -> str:
    """A number without its sign, by a pattern such as #,##0.00."""
    scaled = pattern.rstrip(",")
    amount = abs(amount) / 1000 ** (len(pattern) - len(scaled))
    whole, _, behind = scaled.partition(".")
    rounded = amount.quantize(Decimal(1).scaleb(-len(behind)), ROUND_HALF_UP)
    text, _, decimals = f"{rounded:f}".partition(".")
    while decimals and len(decimals) > behind.count("0") and decimals.endswith("0"):
        decimals = decimals[:-1]
    text = text.lstrip("0").zfill(whole.count("0"))
    grouped = f"{int(text):,}" if "," in whole and text else text
    return f"{grouped}.{decimals}" if decimals else grouped or ("" if behind else "0" * ("0" in whole))


def _dealt(amount: int, patterns: list[str]) -> list[str]:
    """The digits of a number over several groups, as in 000-0000, from the last one on."""
    left, texts = str(abs(amount)), list[str]()
    for place, pattern in reversed(list(enumerate(patterns))):
        size = len(pattern.replace(",", ""))
        own = left if place == 0 else left[-size:]
        left = "" if place == 0 else left[:-size]
        texts.insert(0, own.zfill(pattern.count("0")))
    return texts


def _literal(token: re.Match[str]) -> str:
    return token["quoted"] or token["escaped"] or token["currency"] or token["other"] or ""


def _moment(value: datetime | date | time | timedelta, number_format: str) -> object:
    section = _section(number_format, 1)[0]
    tokens = list(_TOKEN.finditer(section))
    parts = [token["part"] or "" for token in tokens]
    named = any(len(part) > 2 and part[0] in "mdMD" for part in parts)
    foreign = named and bool(_OWN_LANGUAGE.search(section))
    if foreign or section in _SHORT_DATES or _SYSTEM.search(section) or not any(parts):
        return _plain(value) if not isinstance(value, timedelta) else str(value)
    if isinstance(value, timedelta):
        return _duration(value, tokens)
    moment = value if isinstance(value, datetime) else _at(value)
    half = any(token["half"] for token in tokens)
    texts = []
    for at, token in enumerate(tokens):
        part = (token["part"] or token["span"] or "").lower()
        if part.startswith("m") and _minutes(tokens, at):
            part = part.replace("m", "n")
        texts.append(_part(moment, part, half) if part else _half(moment, token) or _literal(token))
    return "".join(texts).strip()


def _at(value: date | time) -> datetime:
    return datetime.combine(date(1900, 1, 1), value) if isinstance(value, time) else datetime.combine(value, time())


def _plain(value: datetime | date | time) -> object:
    """A moment without the zeros that nobody wrote."""
    if isinstance(value, datetime) and value.time() != time():
        return f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
    return value if isinstance(value, (datetime, date)) else f"{value:%H:%M:%S}".removesuffix(":00")


def _minutes(tokens: list[re.Match[str]], at: int) -> bool:
    """Whether an m is minutes: after hours, or before seconds."""
    parts = [(place, (token["part"] or token["span"] or "").lower()) for place, token in enumerate(tokens)]
    before = next((part for place, part in reversed(parts) if place < at and part), "")
    after = next((part for place, part in parts if place > at and part), "")
    return before.startswith("h") or after.startswith("s")


def _part(moment: datetime, part: str, half: bool) -> str:
    """One part of a moment: y, m (months), d, h, n (minutes) or s, as often as its text is long."""
    if part[0] == "y":
        return f"{moment:%Y}" if len(part) > 2 else f"{moment:%y}"
    if part[0] in "md" and len(part) > 2:
        name = f"{moment:%B}" if part[0] == "m" else f"{moment:%A}"
        return name if len(part) == 4 else name[:1] if len(part) == 5 else name[:3]
    hour = moment.hour % 12 or 12 if half else moment.hour
    number = {"m": moment.month, "d": moment.day, "h": hour, "n": moment.minute, "s": moment.second}[part[0]]
    return str(number).zfill(2 if len(part) > 1 else 1)


def _half(moment: datetime, token: re.Match[str]) -> str:
    if not token["half"]:
        return ""
    text = "AM" if moment.hour < 12 else "PM"
    return text if len(token["half"]) > 3 else text[0]


def _duration(value: timedelta, tokens: list[re.Match[str]]) -> str:
    """A length of time, such as 26:30 by [h]:mm."""
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    texts = []
    for at, token in enumerate(tokens):
        part = (token["span"] or token["part"] or "").lower()
        unit = 60 if part.startswith("m") and _minutes(tokens, at) else {"h": 3600, "s": 1, "m": 60}.get(part[:1], 0)
        if not unit:
            texts.append(_literal(token))
            continue
        whole = seconds // unit
        texts.append(str(whole if token["span"] else whole % (24 if unit == 3600 else 60)).zfill(len(part)))
    return sign + "".join(texts).strip()
