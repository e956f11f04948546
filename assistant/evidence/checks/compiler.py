"""The rules that turn a brief into checks and thresholds. What is not certain is told with its reason, not guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import regex

from assistant.errors import AttuneError
from assistant.evidence.checks import answer_language, assertion, clauses, thresholds
from assistant.evidence.checks.assertion import Argument, BriefCheck
from assistant.evidence.checks.compiled import Compiled, Doubtful, NotChecked
from assistant.evidence.checks.lexicon_reader import languages_in
from assistant.evidence.checks.measuring import measure
from assistant.evidence.checks.thresholds import Threshold
from assistant.record.types import Brief

FIELDS = ("language", "format", "must", "must_not", "tone", "success")
RIVAL = "The verdict compares the variants itself."
NO_SHARE = "No share of the answers is named that could be counted."
CONTRADICTS = "Another line of the brief asks for something else."
_RIVAL = regex.compile(
    r"\b(?:untrained|baseline|best prompt|better than|higher than|closer|besser als|höher als|mejor que|meilleure? que"
    r"|mai bun[ăe]? decât|than (?:the|our)|than (?:\w+ ){0,2}prompt)\b",
    regex.IGNORECASE,
)
_THEY_WRITE = regex.compile(
    r"^(?:they|people|customers?|users?|everybody|clients?)\s+(?:write|ask)s?\s+(?:to us\s+)?in\s+[\p{L} ,/]+?"
    r"[,;.]?\s+(?:and\s+|but\s+)?(?:we|it|the assistant|the answers?)?\s*(?:should\s+|must\s+|always\s+)*"
    r"(?:answers?|repl(?:y|ies)|responds?)\s+(?:only\s+|always\s+|is\s+|are\s+)*in\s+(?P<name>\p{L}+)\s*(?:only)?\.?$",
    regex.IGNORECASE,
)


def compile_brief(brief: Brief) -> Compiled:
    """The checks and thresholds that a brief's words name without doubt, and the rest with its reason."""
    checks: list[BriefCheck] = []
    left: list[NotChecked] = []
    for field in FIELDS[:-1]:
        for text in _texts(brief, field):
            reading = _language(text) if field == "language" else clauses.read_text(text, field, field == "must_not")
            checks += [made for said, found in reading.found for made in _made(found, said, field)]
            if field != "tone":  # nobody expects a tone to be counted
                left += [NotChecked(field, said, why) for said, why in reading.left]
    reached, shared, unread = _success(brief.success)
    checks, contradicting = _agreeing(_once([*shared, *checks]), brief)
    known = {check.id for check in checks}
    wanted = [one for one in reached if one.subject in thresholds.SUBJECTS or one.subject in known]
    return Compiled(tuple(checks), tuple(wanted), (*left, *unread, *contradicting))


def settled(compiled: Compiled, approved: Sequence[str]) -> Compiled:
    """The same without the checks that more than half of the approved answers fail: those are doubtful.

    `approved`: answers of the train side alone. With none nothing is doubtful.
    """
    results = [found for found in measure(compiled, approved) if found.told and 2 * found.kept < found.told]
    doubtful = tuple(Doubtful(found.check, found.kept, found.told) for found in results)
    ids = {found.check.id for found in doubtful}
    return replace(
        compiled,
        checks=tuple(check for check in compiled.checks if check.id not in ids),
        thresholds=tuple(wanted for wanted in compiled.thresholds if wanted.subject not in ids),
        doubtful=(*compiled.doubtful, *doubtful),
    )


def of_checks(checks: Iterable[BriefCheck], compiled: Compiled) -> Compiled:
    """What a person's own list asks for: those checks, a threshold for each share of one, the brief's other ones."""
    listed = tuple(_once(checks))
    own = [wanted for wanted in compiled.thresholds if wanted.subject in thresholds.SUBJECTS]
    ids = {check.id for check in listed}
    doubtful = tuple(one for one in compiled.doubtful if one.check.id not in ids)
    shares = (_threshold(check) for check in listed if check.share)
    return Compiled(listed, (*own, *shares), compiled.not_checked, doubtful)


def _texts(brief: Brief, field: str) -> list[str]:
    value = getattr(brief, field)
    return [text for text in ([value] if isinstance(value, str) else value) if text.strip()]


def _made(found: Iterable[tuple[str, Argument]], said: str, field: str, share: float | None = None) -> list[BriefCheck]:
    """Checks of kinds and arguments; one that cannot be made, such as a count of 0 words, is none."""
    made = []
    for kind, argument in found:
        try:
            made.append(assertion.make(kind, argument, said, field, share))
        except AttuneError:
            return []
    return made


def _language(text: str) -> clauses.TextReading:
    """The field names two languages where people write in another: then the one of the answers counts."""
    found = _THEY_WRITE.match(text.strip())
    code = answer_language.code_of(found["name"]) if found else None
    if code:
        return clauses.TextReading([(text.strip(), [("language", code)])])
    return clauses.read_text(text, "language")


def _success(text: str) -> tuple[list[Threshold], list[BriefCheck], list[NotChecked]]:
    """Thresholds, checks that a share must keep, and what is left."""
    reached, checks, left = [], [], []
    for part in thresholds.cut(text):
        found = thresholds.share_of(part)
        made = _made(found.found, part, "success", found.share) if found else []
        if found and found.subject:
            reached.append(Threshold(part, found.subject, "at_least", found.share))
        elif made:
            checks += made
            reached += [_threshold(check) for check in made]
        else:
            left.append(NotChecked("success", part, RIVAL if _RIVAL.search(part) else NO_SHARE))
    return reached, checks, left


def _threshold(check: BriefCheck) -> Threshold:
    return Threshold(check.source_text, check.id, "at_least", check.share or 1.0)


def _once(checks: Iterable[BriefCheck]) -> list[BriefCheck]:
    """Each check once; the first counts."""
    return list({check.id: check for check in reversed(list(checks))}.values())[::-1]


def _agreeing(checks: list[BriefCheck], brief: Brief) -> tuple[list[BriefCheck], list[NotChecked]]:
    """Checks that can all be kept, and the texts of those that contradict another or a language named elsewhere."""
    wrong = {check.id for check in checks for other in checks if _contradict(check, other)}
    elsewhere = _languages_named(brief)
    wrong |= {check.id for check in checks if check.kind == "language" and elsewhere - {str(check.argument)}}
    left = [NotChecked(check.field, check.source_text, CONTRADICTS) for check in checks if check.id in wrong]
    return [check for check in checks if check.id not in wrong], left


def _contradict(one: BriefCheck, other: BriefCheck) -> bool:
    """Whether no answer could keep both."""
    if one.id == other.id:
        return False
    if one.kind == other.kind and one.kind in ("starts_with", "ends_with", "language", "one_of"):
        return True
    pairs = {("json", "language"), ("json", "starts_with"), ("json", "ends_with"), ("has_url", "no_url")}
    pairs |= {("has_list", "no_list"), ("has_list", "no_bullets"), ("contains", "not_contains")}
    kinds = tuple(sorted((one.kind, other.kind)))
    if kinds in {tuple(sorted(pair)) for pair in pairs}:
        return "contains" not in kinds or one.argument == other.argument
    unit = one.kind.partition("_")[2]
    bounds = {one.kind: one.argument, other.kind: other.argument}
    low, high = bounds.get(f"min_{unit}"), bounds.get(f"max_{unit}")
    return isinstance(low, int) and isinstance(high, int) and low > high


def _languages_named(brief: Brief) -> set[str]:
    """Codes of the languages that the brief names, quotations and the words about who writes in which set aside."""
    texts = [text for field in FIELDS for text in _texts(brief, field) if not _THEY_WRITE.match(text.strip())]
    return {code for text in texts for code in languages_in(text)}
