"""Several facts in one message: it is cut into clauses, and each goes to the question of the brief that it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.guide import cues
from assistant.record.types import LIST_FIELDS, OPTIONAL_FIELDS

EARLY = ("goal", "users", "language", "tone", "format")  # while one of these is asked, people tell all about their case
LONGEST = 4000  # characters: a longer message is not cut up; it is too long for an answer anyway
NAMES = {
    "goal": "goal|purpose|use case|aim|objective",
    "users": "users?|audience|readers?",
    "language": "languages?",
    "tone": "tone(?: of voice)?|voice|style",
    "format": "format|answer format|output format|form|length",
    "must_not": "must[ _]never|must[ _]not",
    "success": "success(?: test| criterion| measure)?|metric",
    "alternatives": "alternatives?",
    "costs": "costs?|budget",
    "benefits": "benefits?",
}
_LEAD = re.compile(
    r"^(?:(?:no|nope|sorry|actually|wait|hmm|oh|well|oops|correction|i meant?|rather|please|and|also|but|so|plus|btw"
    r"|then"
    r"|additionally|because|by the way|honestly|um+|uh+|ok|okay|yeah|i (?:think|guess|suppose)|maybe|probably"
    r"|it means)\b[,:.!]?\s+)+",
    re.I,
)
_NAMED = re.compile(
    rf"^(?:(?:the|our|my) )?(?:{'|'.join(f'(?P<{name}>{alias})' for name, alias in NAMES.items())})"
    r" (?:should(?: (?:always|also))?(?: (?:be|include|contain|mention))?|shall be|must(?: (?:be|never be))?"
    r"|needs? to be"
    r"|ha(?:s|ve) to be|is|are|will be)(?: rather| more like)? "
    r"(?!(?:still|off|wrong|bad|too|not|now|right|an issue|a problem|missing|inconsistent|all over|different)\b)",
    re.I,
)
_FILLER = re.compile(
    r",\s*(?:i'?d say|i (?:think|guess|suppose|believe)|honestly|please|tbh|btw|by the way|i(?:'m"
    r"| am) afraid)(?=[,.;!]|$),?",
    re.I,
)
_COMMA = r"(?<=[,)])\s+|\s+(?=\()|\s+[–—-]\s+"
_AND = r"\s+(?=(?:and|but|so|plus|btw|oh|also (?:we|it|they|the|never))\b)"
_RUN_ON = (
    r"(?<!\bit)(?<!\bthey)(?<!\bmust)(?<!\bshould)(?<!\band)(?<!\bbut)(?<!\bso)(?<!\bwe)(?<!\bwhat)(?<!\bwho)"
    r"(?<!\bthat)(?<!\bto)(?<!\bthe)(?<!\bour)(?<!\balso)(?<!\bi)(?<!\bif)(?<!\bof)(?<!\bfor)(?<!\bin)(?<!\bat)"
    r"(?<!\bby)(?<!\bis)(?<!\bare)(?<!\bthan)(?<!\bwith)(?<!\bfrom)(?<!\bunder)(?<!\bover)\s+"
    r"(?=(?:we (?:get|have|handle|receive|tried)|they (?:write|speak|mail|are|want|need)|it (?:should|must|has to)"
    r"|never|must (?:not|never)"
    r"|(?:the |our )?(?:tone|language|budget|format|answers?|repl(?:y|ies)) (?:should|must|is|are)\b|no cloud"
    r"|nothing (?:may|must|can)"
    r"|(?:about|around|roughly|approximately|maybe|~) ?\d))"
)
_ENDS = " ,;()\n–—-"
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\s*\n+\s*")
_PIECE = re.compile(f"{_COMMA}|{_AND}|{_RUN_ON}", re.I)
_LIMIT = r"(?:should|must|may|can|shall)?\s?(?:never|not ever|mustn'?t|shouldn'?t|not)"
_IT = r"(?:(?:it|they|we|you|(?:the |every |each )?(?:assistant|answers?|repl(?:y|ies)|bot|output))\s+)?"
_OPENING = {  # what is left out where a clause is noted by itself
    "must_not": re.compile(rf"^{_IT}(?:{_LIMIT}\s+(?:also )?|do not |don'?t )", re.I),
    "must": re.compile(rf"^{_IT}(?:should |must |has to |have to |needs? to )?(?:always |also )*", re.I),
    "tone": re.compile(
        rf"^{_IT}(?:should |must |needs? to |has to )?(?:always )?(?:(?:be|sound|feel|stay)s? "
        rf"|tone )",
        re.I,
    ),
    "format": re.compile(rf"^{_IT}(?:should |must |needs? to |has to )?(?:always )?(?:be )?", re.I),
    "users": re.compile(r"^(?:it'?s for |it is for |for )", re.I),
}


@dataclass(frozen=True)
class FactPiece:
    """A clause: where it stands in the message, the field it tells about ("" = whatever was asked), and whether it says
    so plainly. `value` is what to note; `named` where it named the field, which replaces what was noted before."""

    start: int
    end: int
    field: str
    plain: bool
    value: str
    named: bool = False
    task: bool = False  # says what the assistant is to do


@dataclass(frozen=True)
class FoundFact:
    """What a message says: the `rest` answers the question that was asked; `told` goes to other fields, in lists where
    it is to be added to what is there."""

    rest: str
    told: dict[str, str | list[str]]


def find(text: str, asked: str) -> FoundFact | None:
    """The facts of a message, None where it is all about the question asked, or says nothing that can be told apart."""
    if asked in OPTIONAL_FIELDS or len(text) > LONGEST:
        return None  # a sample answer, which is not about the brief, or more than anybody types
    text = _FILLER.sub("", text)
    pieces = _pieces(text, asked)
    told = [piece for piece in pieces if piece.field and piece.field != asked]
    rest = " ".join(text[p.start : p.end].strip(" ,;") for p in pieces if not p.field or p.field == asked)
    rest = rest.strip(" ,;()")
    if asked and not re.search(r"\w", re.sub(r"^(?:hi|hello|hey)\b", "", rest, flags=re.I)):
        if not any(piece.plain for piece in told):
            return None
        rest = ""
    noted = _noted(told)
    _add_askers(text, asked, noted)
    if asked == "goal" and "language" not in noted and (match := cues.IN_LANGUAGE.search(cues.mend(rest))):
        noted["language"] = [match[1].title()]  # "answer mails in German" stays whole, and tells the language
    form = next((piece.value for piece in told if piece.field == "format"), "")
    if "tone" not in noted and asked != "tone" and cues.TONE_WORD.search(cues.mend(form)):
        noted["tone"] = [form]  # "short and friendly"
    if asked == "goal" and noted and cues.BACKGROUND.match(rest.lower()) and not any(p.task for p in pieces):
        if isinstance(noted.get("users"), list):
            noted["users"] = [f"{noted['users'][0]} ({rest})"]
        rest = ""
    return FoundFact(rest, noted) if noted else None


def _pieces(text: str, asked: str) -> list[FactPiece]:
    """The clauses of a message, neighbours about the same field joined."""
    found: list[FactPiece] = []
    for spans in _spans(text):
        for number, (start, end) in enumerate(spans):
            last_field = found[-1].field if found else ""
            piece = _piece(text, start, end, asked, not number or last_field != "")
            if not piece.value:
                continue  # "no, wait," and the like
            # a clause without a cue of its own goes on with the one before it
            same = not (piece.field or piece.task) or (piece.field == last_field and not piece.named)
            same = same or ((last_field or asked) == "tone" and piece.field == "must_not" and " " not in piece.value)
            if number and found and same:
                last = found.pop()
                between = re.search(r"[\s,;()–—-]*$", text[last.start : last.end])
                value = last.value + (between[0] if between else "") + text[start:end].rstrip(_ENDS)
                found.append(replace(last, end=end, value=value, task=last.task or piece.task))
            else:
                found.append(piece)
    return found


def _spans(text: str) -> list[list[tuple[int, int]]]:
    """Where each clause of each sentence begins and ends. The marks of a clause are looked for in a mended copy, which
    has the same words as the text."""
    plain = cues.mend(text)
    words = [match.start() for match in re.finditer(r"\S+", text)]

    def place(offset: int) -> int:
        before = len(plain[:offset].split())
        return words[before] if before < len(words) else len(text)

    ends = [*(match.start() for match in _SENTENCE.finditer(plain)), len(plain)]
    found = []
    for start, end in pairwise([0, *ends]):
        cuts = [place(start), *(place(m.end()) for m in _PIECE.finditer(plain, start + 1, end)), place(end)]
        found.append([(a, b) for a, b in pairwise(cuts) if a < b])
    return found


def _piece(text: str, start: int, end: int, asked: str, alone: bool) -> FactPiece:
    """One clause and its field. `alone`: it does not go on with a list of something that has no field.

    Cues are looked for in a mended copy, which has as many words as the original.
    """
    said = text[start:end].strip(_ENDS)
    lead = _LEAD.match(f"{said} ")
    meant = lead is not None and start > 0 and re.search(r"i meant?\b", lead[0], re.I)
    said = said[lead.end() :] if lead else said
    plain = cues.mend(said).rstrip(".!")
    if named := _NAMED.match(plain):
        field = str(named.lastgroup)
        value = _from_word(said, len(plain[: named.end()].split()))
        return FactPiece(start, end, field, True, value, named=True)
    if meant:
        return FactPiece(start, end, "", True, said)  # puts the clause before it right
    if asked == "goal" and cues.TASK.match(plain):
        return FactPiece(start, end, "", True, said, task=True)
    before = text[:start].rstrip()[-1:]
    if before and before in ".!?;" and asked not in ("costs", "benefits", "success") and cues.A_RATE.match(plain):
        return FactPiece(start, end, "benefits", True, said)
    if alone and (before in ("", *",.!?;:)") or text[start] == "(") and asked in EARLY and cues.BARE_TONE.match(plain):
        return FactPiece(start, end, "tone", False, said)
    if alone and asked in EARLY and asked != "tone" and cues.BARE_FORM.match(plain):
        return FactPiece(start, end, "format", False, _value("format", said, plain))
    for cue in cues.CUES:
        if (cue.plain or asked in EARLY or asked == cue.field) and cue.pattern.search(plain):
            return FactPiece(start, end, cue.field, cue.plain, _value(cue.field, said, plain))
    return FactPiece(start, end, "", False, said)


def _value(field: str, said: str, plain: str) -> str:
    """What a clause says about a field, without the words that only say which field it is."""
    if field == "language" and (spoken := cues.SPOKEN.search(plain)) and re.search(r"\b(?:we|they|us)\b", plain):
        return _from_word(said, len(plain[: spoken.start()].split()))
    opening = _OPENING.get(field)
    match = opening.match(plain) if opening else None
    return _from_word(said, len(plain[: match.end()].split())) if match and match.end() < len(plain) else said


def _from_word(text: str, number: int) -> str:
    return " ".join(text.split()[number:])


def _noted(pieces: list[FactPiece]) -> dict[str, str | list[str]]:
    noted: dict[str, str | list[str]] = {}
    for piece in pieces:
        value = piece.value.strip(' .,;()\n"')
        if not value:
            continue
        before = noted.get(piece.field)
        if piece.named and piece.field not in LIST_FIELDS and not value.lower().startswith("also "):
            noted[piece.field] = f"{before}; {value}" if isinstance(before, str) else value
        elif isinstance(before, str):
            noted[piece.field] = f"{before}; {value}"
        else:
            noted[piece.field] = [*(before or []), re.sub(r"^also ", "", value)]
    return noted


def _add_askers(text: str, asked: str, noted: dict[str, str | list[str]]) -> None:
    """Who writes to the assistant also reads its answers: "customers mail us in German"."""
    if noted and "users" not in noted and asked != "users" and (match := cues.ASKERS.search(cues.mend(text))):
        words = (match[1] or match[2]).split()
        noted["users"] = [" ".join(word for word in words if word not in ("and", "our", "the", "when", "if", "most"))]
