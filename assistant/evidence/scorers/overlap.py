"""Running text: what an answer shares with the approved one, in words, in letters, and in their order."""

from __future__ import annotations

from collections import Counter

import regex

from assistant.evidence.scorers import folding

# Scripts that put no space between words: there a character, with its marks, is a token.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = regex.compile(rf"[{_UNSPACED}]")
_TOKEN = regex.compile(
    rf"(?<![\p{{L}}\p{{M}}\p{{Nd}}\p{{Pe}}])[-+]?\p{{Nd}}+(?:[.,٫٬]\p{{Nd}}+)*"  # numbers, with their sign
    rf"|[[{_UNSPACED}]--\p{{M}}]\p{{M}}*"
    rf"|(?:[[\p{{L}}\p{{N}}_]--[{_UNSPACED}]][\p{{M}}\u200c\u200d]*)(?:['’]?[[\p{{L}}\p{{N}}_]--[{_UNSPACED}]][\p{{M}}\u200c\u200d]*)*"
    r"|(?=[\p{S}\p{Regional_Indicator}\p{Extended_Pictographic}])\X"  # an emoji with its skin tone is one
    r"|[#%&@§]",
    regex.VERSION1,
)


def token_f1(answer: str, reference: str) -> float:
    """F1 of the two bags of words (SQuAD's measure); numbers keep their sign, symbols and emoji count as words."""
    found, wanted = (Counter(tokens(text)) for text in (answer, reference))
    if not found and not wanted:
        return _same(answer, reference)
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


def chrf(answer: str, reference: str) -> float:
    """Sentence chrF (character 6-grams, recall weighted twice), sacrebleu's, scaled to 0-1."""
    from sacrebleu import sentence_chrf

    answer, reference = folding.composed(answer), folding.composed(reference)
    if not answer.strip() or not reference.strip():
        return float(answer.strip() == reference.strip())
    return min(1.0, float(sentence_chrf(answer, [reference]).score) / 100)


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L: F1 of the longest common subsequence of words."""
    found, wanted = tokens(answer), tokens(reference)
    return in_order(found, wanted) if found or wanted else _same(answer, reference)


def in_order(found: list[str], wanted: list[str]) -> float:
    """F1 of the longest common subsequence of two lists, 1 where both are empty."""
    from rapidfuzz.distance import LCSseq

    if not found and not wanted:
        return 1.0
    return 2 * LCSseq.similarity(found, wanted) / (len(found) + len(wanted))


def tokens(text: str) -> list[str]:
    """Words without case and with their marks, numbers with their sign, symbols; punctuation is left out."""
    return [str(token) for token in _TOKEN.findall(folding.folded(text))]


def words(text: str) -> int:
    """About how many words a text has; three characters of a script without spaces count as one."""
    return len(text.split()) + len(_LETTER.findall(text)) // 3


def _same(answer: str, reference: str) -> float:
    """Texts without a token, such as "?", are the same or they are not."""
    return float(folding.spaced(folding.folded(answer)) == folding.spaced(folding.folded(reference)))
