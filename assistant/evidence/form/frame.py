"""The frame that approved answers share: how they open and close, the lines they all have. Learned, never written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.evidence.form import kinds
from assistant.evidence.form.phrases import pieces, recurring, squeezed

SHARED = 0.8  # of the approved answers have a part, or it is none of the frame's
FEWEST = 5  # answers below which what recurs is chance
OPENS, CLOSES, LINE, LINES, JSON, ONE_OF = "opens", "closes", "line", "lines", "json", "one of"
KINDS = (OPENS, CLOSES, LINE, LINES, JSON, ONE_OF)
_SAID = {
    OPENS: "opens with {}",
    CLOSES: "ends with {}",
    LINE: "has a line that begins with {}",
    LINES: "has {} lines",
    JSON: "is JSON with {}",
    ONE_OF: "is one of {}",
}


@dataclass(frozen=True)
class Part:
    """`kind`: opens or closes (the whole answer), line (a line of it begins so), lines (how many it has), one of (it is
    that and nothing else): one of the `phrases` is enough; json: the phrases are keys that it has, all of them.

    `share`: of the approved answers that have it, 0 to 1.
    """

    kind: str
    phrases: tuple[str, ...]
    share: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"phrases": list(self.phrases)}

    @property
    def sentence(self) -> str:
        many = {JSON: ", ", ONE_OF: ", "}.get(self.kind, " or ")
        said = many.join(phrase if self.kind == LINES else f"'{phrase}'" for phrase in self.phrases)
        return _SAID[self.kind].format(said or "any keys")


@dataclass(frozen=True)
class Frame:
    """The parts, in the order in which an answer has them; none where approved answers share none."""

    parts: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.parts)

    def kept(self, answer: str) -> dict[str, bool]:
        """Of each part, by its sentence, whether the answer has it."""
        return {part.sentence: _has(answer, part) for part in self.parts}

    def keeps(self, answer: str) -> bool:
        return all(_has(answer, part) for part in self.parts)

    def body(self, answer: str) -> str:
        """The answer without its frame: what it says."""
        text = answer.strip()
        for part in self.parts:
            text = _without(text, part)
        return text

    def bare(self) -> str:
        """An answer that is the frame and nothing else: the most usual phrase of every part; JSON is left empty."""
        if self.parts and self.parts[0].kind == JSON:
            return kinds.empty(self.parts[0].phrases)
        opens = " ".join(part.phrases[0] for part in self.parts if part.kind == OPENS)
        rest = [part.phrases[0] for kind in (ONE_OF, LINE, CLOSES) for part in self.parts if part.kind == kind]
        return "\n".join(text for text in (opens, *rest) if text)

    def to_json(self) -> list[dict[str, Any]]:
        return [part.to_json() for part in self.parts]

    @classmethod
    def from_json(cls, value: Sequence[dict[str, Any]]) -> Frame:
        return cls(tuple(Part(str(p["kind"]), tuple(map(str, p["phrases"])), float(p.get("share", 1))) for p in value))


def learn(answers: Sequence[str]) -> Frame:
    """The frame of approved answers (of the train split alone: what is tested on must not shape its own measure)."""
    split = [pieces(answer) for answer in answers if answer.strip()]
    if len(split) < FEWEST:
        return Frame()
    if keys := kinds.keys(answers, SHARED):
        return Frame((Part(JSON, keys.shared, keys.share),))
    if labels := kinds.labels(answers):
        return Frame((Part(ONE_OF, labels, 1.0),))
    found = [
        _part(OPENS, [lines[0] for lines in split], len(split)),
        *_lines([lines[1:] for lines in split], len(split)),
        _part(CLOSES, [lines[-1][::-1] for lines in split], len(split)),
    ]
    parts = [part for part in found if part is not None]
    if parts and (count := _count(split)):  # of answers that share nothing else, the length says little
        parts.append(count)
    closing = {phrase for part in parts if part.kind == CLOSES for phrase in part.phrases}
    return Frame(tuple(part for part in parts if part.kind != LINE or not closing & set(part.phrases)))


def _part(kind: str, tokens: Sequence[Sequence[str]], of: int) -> Part | None:
    """The phrases with which token lists begin, where nearly all begin with one of a few."""
    found = recurring(tokens, of)
    share = sum(found.values()) / of
    if share < SHARED:
        return None
    phrases = sorted(found, key=lambda phrase: (-found[phrase], phrase))
    written = ["".join(phrase[::-1] if kind == CLOSES else phrase).strip() for phrase in phrases]
    if kind == CLOSES:  # read from its end, a phrase stops at the end of the sentence before
        written = [text.lstrip(".!?…。！？।؟ ") or text for text in written]
    return Part(kind, tuple(dict.fromkeys(written)), round(share, 4))


def _lines(rest: Sequence[Sequence[Sequence[str]]], of: int) -> list[Part]:
    """Beginnings of lines after the first, one part each: an answer has it once or more."""
    found = []
    left = [list(lines) for lines in rest]
    while part := _line(left, of):
        found.append(part)
        left = [[line for line in lines if not _begins("".join(line), part.phrases)] for lines in left]
    return found


def _line(rest: Sequence[Sequence[Sequence[str]]], of: int) -> Part | None:
    counts: dict[tuple[str, ...], int] = {}
    every = [line for lines in rest for line in lines]
    for phrase in recurring(every, max(1, len(every)), least=SHARED * of / max(1, len(every)) * 0.999):
        text = ("".join(phrase).strip(),)
        has = sum(any(_begins("".join(line), text) for line in lines) for lines in rest)
        counts[text] = has
    best = max(counts, key=lambda text: counts[text], default=None)
    if best is None or counts[best] < SHARED * of:
        return None
    return Part(LINE, best, round(counts[best] / of, 4))


def _count(split: Sequence[Sequence[Sequence[str]]]) -> Part | None:
    """How many lines nearly all have, where that is more than one."""
    (lines, n), *_ = Counter(map(len, split)).most_common()
    return Part(LINES, (str(lines),), round(n / len(split), 4)) if lines > 1 and n >= SHARED * len(split) else None


def _has(answer: str, part: Part) -> bool:
    if part.kind == LINES:
        return str(len(pieces(answer))) in part.phrases
    if part.kind == JSON:
        return kinds.has_keys(answer, part.phrases)
    text = squeezed(answer)
    phrases = [squeezed(phrase) for phrase in part.phrases]
    if part.kind == OPENS:
        return any(text.startswith(phrase) for phrase in phrases)
    if part.kind == CLOSES:
        return any(text.endswith(phrase) for phrase in phrases)
    if part.kind == ONE_OF:
        return text in phrases
    return any(_begins(line, part.phrases) for line in answer.splitlines()[1:])


def _begins(line: str, phrases: Sequence[str]) -> bool:
    return any(squeezed(line).startswith(squeezed(phrase)) for phrase in phrases)


def _without(text: str, part: Part) -> str:
    if part.kind in (JSON, ONE_OF, LINES):
        return text  # the shape is around nothing that could be taken away
    for phrase in sorted(part.phrases, key=len, reverse=True):
        words = r"\s+".join(re.escape(word) for word in phrase.split())
        ends = {OPENS: rf"\A\s*{words}\s*", CLOSES: rf"\s*{words}\s*\Z", LINE: rf"(?m)^[ \t]*{words}[ \t]*"}
        found, count = re.subn(ends[part.kind], "", text, flags=re.IGNORECASE)
        if count:
            return found
    return text
