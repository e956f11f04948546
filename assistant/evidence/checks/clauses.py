"""One text of a brief, cut into sentences and clauses, and what of it is certain.

Cutting is where wrong checks come from: "For complaints, start with 'Sorry'" must not become "start with 'Sorry'". So
a text with a condition, an exception or an example gives nothing, a clause counts only behind clauses whose subject is
the answer, too, and a length counts only where nothing speaks of parts of the answer.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import regex

from assistant.evidence.checks import lexicon_reader
from assistant.evidence.checks.grammar import Clause, Found, read
from assistant.evidence.checks.lexicon_reader import COMMA, GUARD, UNKNOWN, Lexicon, LexToken

_SENTENCES = regex.compile(
    r"\n+|(?<!\b(?:max|min|ca|approx|e\.g|i\.e|etc|bzw|incl|z|z\.\s?B|d\.h|p|p\.\s?ej|p\.\s?ex|ej|ex|nr|no))[.!?]\s+|;\s*",
    regex.IGNORECASE,
)
_MARKER = regex.compile(r"^\s*(?:[-*•–]|\d{1,2}[.)])\s+")
_LABELS = regex.compile(r"^(?P<left>[^:]+):\s*(?P<items>[^:\n]+?)\s*\.?$")
_LABEL = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N} _-]{0,30}")
_LAST = regex.compile(r",?\s+(?:or|and|oder|und|sau|și|si|o|y|ou|et)\s+|\s*[,/|]\s*")
LIMITED = "The word '{word}' may limit it or be a guess."
PART = "The length may be that of a part of the answer."
UNQUOTED = "Put the exact words in quotation marks."
UNCLEAR = "No plain rule can check this."
MOST_CUTS = 60  # of a sentence; one with more is not cut


@dataclass
class TextReading:
    """What one text gave: kinds and arguments with the clause they come from, and what is left with the reason."""

    found: list[tuple[str, Found]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    unknown: int = 0  # words that the lexicon does not have
    limited: bool = False  # it has a condition, an exception, an example or a guess in it


def read_text(text: str, of: str, denied: bool = False) -> TextReading:
    """What a text of the brief's field `of` asks for, in whichever of the languages understands it best.

    `denied`: the text stands in a list of what must not be. Where two languages understand it equally well and
    differently, nothing is certain.
    """
    readings = [_read(text, of, denied, lexicon_reader.lexicon(code)) for code in lexicon_reader.LANGUAGES]
    least = min(reading.unknown for reading in readings)
    best = [reading for reading in readings if reading.unknown == least]
    asked = {repr([found for _, found in reading.found]) for reading in best}
    silent = [reading for reading in best if reading.limited]
    if len(asked) > 1 and silent:
        return silent[0]
    return best[0] if len(asked) == 1 else TextReading(left=[(text.strip(), UNCLEAR)], unknown=least)


@dataclass
class _Piece:
    """A clause with its words as written, the text it was split from at a bare comma or not, and what it gave."""

    clause: Clause
    text: str
    joined: bool  # a word stood before it, such as "and"
    found: Found | None
    why: str  # it gave nothing, or would have


@dataclass(frozen=True)
class _Sentence:
    """A sentence, its tokens, and how it is to be read."""

    text: str
    tokens: tuple[LexToken, ...]
    of: str
    denied: bool
    concord: bool

    def piece(self, start: int, end: int, joined: bool) -> _Piece | None:
        """The clause of these tokens; None where there is none between them."""
        part = self.tokens[start:end]
        if not part:
            return None
        clause = Clause(part, self.denied, self.concord)
        return _Piece(clause, self.text[part[0].start : part[-1].end], joined, read(clause, self.of), _why(clause))


def _read(text: str, of: str, denied: bool, lexicon: Lexicon) -> TextReading:
    bare, quotes = lexicon_reader.unquoted(text)
    sentences = [_MARKER.sub("", part).strip() for part in _SENTENCES.split(bare)]
    reading, parts, limits = TextReading(), [], []
    for sentence in filter(None, sentences):
        labels = _labels(sentence, of, denied, lexicon, quotes)
        if labels:
            reading.found.append((lexicon_reader.requoted(sentence, quotes), labels))
            continue
        tokens = tuple(lexicon.tokens(sentence, quotes))
        reading.unknown += sum(token.symbol == UNKNOWN for token in tokens)
        limits += [word for token in tokens if (word := sentence[token.start : token.end]) and _limits(token, word)]
        parts.append((sentence, _pieces(_Sentence(sentence, tokens, of, denied, lexicon.concord))))
    if limits:
        return TextReading([], [(text.strip(), LIMITED.format(word=limits[0]))], reading.unknown, True)
    everything = [piece for _, pieces in parts for piece in pieces]
    denies = any(piece.clause.negations for piece in everything)
    for _, pieces in parts:
        _hold_back(pieces, lexicon, denies)
    lengths = [piece for piece in everything if piece.found and piece.clause.length]
    for piece in [piece for piece in lengths if not _about_all(piece, everything)]:
        piece.found, piece.why = None, PART
    for sentence, pieces in parts:
        _tell(sentence, pieces, quotes, reading)
    return reading


def _limits(token: LexToken, word: str) -> bool:
    """Whether a word may limit what it stands beside, in this language or, where it is none of this, in another."""
    foreign = token.symbol == UNKNOWN and lexicon_reader.first_word(word) in lexicon_reader.limiting_words()
    return foreign or token.symbol == GUARD


def _tell(sentence: str, pieces: list[_Piece], quotes: list[str], reading: TextReading) -> None:
    """Add a sentence's clauses to the reading; one of which nothing was understood is told whole."""
    if not any(piece.found for piece in pieces):
        why = next((piece.why for piece in pieces if piece.why != UNCLEAR), UNCLEAR)
        reading.left.append((lexicon_reader.requoted(sentence, quotes), why))
        return
    for piece in pieces:
        shown = lexicon_reader.requoted(piece.text, quotes).strip(" ,")
        if piece.found:
            reading.found.append((shown, piece.found))
        elif shown:
            reading.left.append((shown, piece.why))


def _pieces(sentence: _Sentence) -> list[_Piece]:
    """The sentence cut at commas and "and" into the longest clauses that are understood, and what lies between.

    Where everything named is forbidden, an "or" is a cut, too.
    """
    tokens = sentence.tokens
    cuts = [
        -1,
        *(i for i, token in enumerate(tokens) if token.symbol in (",ao" if sentence.denied else ",a")),
        len(tokens),
    ]
    if len(cuts) > MOST_CUTS:
        cuts = [-1, len(tokens)]
    found, at = [], 0
    while at < len(cuts) - 1:
        joined = cuts[at] < 0 or tokens[cuts[at]].symbol != COMMA or (at > 0 and cuts[at] == cuts[at - 1] + 1)
        end, piece = at + 1, None
        for to in range(len(cuts) - 1, at, -1):
            piece = sentence.piece(cuts[at] + 1, cuts[to], joined)
            end = to
            if piece is None or piece.found:
                break
        if piece is not None:
            found.append(piece)
        at = end
    return found


def _hold_back(pieces: list[_Piece], lexicon: Lexicon, denies: bool) -> None:
    """Take back what stands beside something that may change its meaning.

    `denies`: the text says "not" somewhere, so in a list of what must not be it is open what the rest of it means.
    """
    limited = len(pieces) > 1 and not pieces[0].found and not pieces[1].joined
    opener = lexicon_reader.first_word(pieces[0].text) in lexicon.openers if pieces else False
    verb_denied = foreign = False
    for before, after in itertools.pairwise(pieces):
        if after.clause.goes_on and (after.found is None or before.found is None):
            before.found = after.found = None
        if after.clause.contrast and any(kind == "contains" for kind, _ in before.found or ()):
            before.found = None
    for piece in pieces:
        clause = piece.clause
        lacks_not = not clause.negations and (verb_denied or (clause.denied and denies))
        if (limited and opener) or lacks_not or (foreign and not clause.whole):
            piece.found = None
        verb_denied = verb_denied or any(token.symbol == "X" for token in clause.tokens)
        foreign = foreign or not (piece.found or clause.neutral or clause.imperative)


def _about_all(piece: _Piece, everything: list[_Piece]) -> bool:
    """Whether a length is that of the whole answer: no other clause speaks of a part."""
    others = [other for other in everything if other is not piece]
    framed = any(token.symbol in "BF" for other in others for token in other.clause.tokens)
    if framed and not (piece.clause.whole and any(token.symbol in "WC" for token in piece.clause.tokens)):
        return False
    return piece.clause.whole or all(other.found or other.clause.neutral or other.clause.negations for other in others)


def _labels(sentence: str, of: str, denied: bool, lexicon: Lexicon, quotes: list[str]) -> Found | None:
    """Labels without quotes behind a colon: "Answer with one of these labels: billing, delivery, other"."""
    parts = _LABELS.match(sentence)
    if parts is None or denied:
        return None
    left = Clause(tuple(lexicon.tokens(parts["left"], quotes)))
    shape = "".join(token.symbol for token in left.tokens if token.symbol not in ".usp~")
    named = regex.fullmatch(r"H?yc+", shape) or (shape == "y" and (left.whole or of == "format"))
    labels = [part.strip() for part in _LAST.split(lexicon_reader.requoted(parts["items"], quotes)) if part.strip()]
    labels = list(dict.fromkeys(label.strip("'") for label in labels))
    right = len(labels) > 1 and all(_LABEL.fullmatch(label) and len(label.split()) < 5 for label in labels)
    return [("one_of", tuple(labels))] if named and right else None


def _why(clause: Clause) -> str:
    """Why a clause gave nothing."""
    symbols = [token.symbol for token in clause.tokens]
    return UNQUOTED if set(symbols) & set("BFT") and "Q" not in symbols and "N" not in symbols else UNCLEAR
