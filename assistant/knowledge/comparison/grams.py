"""Canonical texts -> the n-grams they are compared by: hashed, sorted, each once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import regex

Hashes = np.ndarray[Any, np.dtype[np.uint64]]
LETTERS, SYLLABLES = 5, 2  # characters of an n-gram: of letters, and of the scripts of which a character says more
_WORTH = 2.5  # n-grams of letters that a pair of such characters counts as
_DENSE = regex.compile(r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u30fc]")
_FACTOR, _BY_TWO = np.uint64(0x9E3779B97F4A7C15), np.uint64(1 << 63)


def of(text: str) -> Hashes:
    """The n-grams of a canonical text, its ends marked by spaces; at least one."""
    padded = f" {text} " if text else "    "
    codes = np.frombuffer(padded.encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32).astype(np.uint64)
    if text.isascii() or not _DENSE.search(text):
        return np.unique(_rolled(codes, LETTERS))
    dense = np.zeros(len(codes), dtype=bool)
    dense[[found.start() for found in _DENSE.finditer(padded)]] = True
    pairs = _rolled(codes, SYLLABLES)[dense[:-1] | dense[1:]] | _BY_TWO
    if len(codes) < LETTERS:
        return np.unique(pairs)
    plain = ~np.lib.stride_tricks.sliding_window_view(dense, LETTERS).any(axis=1)
    return np.unique(np.concatenate([pairs, _rolled(codes, LETTERS)[plain]]))


def _rolled(codes: Hashes, size: int) -> Hashes:
    """A hash of 63 bits of every window of `size` characters; of the whole where it is shorter."""
    size = min(size, len(codes))
    windows = np.lib.stride_tricks.sliding_window_view(codes, size)
    hashes = np.zeros(len(windows), dtype=np.uint64)
    for place in range(size):
        hashes = (hashes ^ windows[:, place]) * _FACTOR
        hashes ^= hashes >> np.uint64(29)
    kept: Hashes = hashes & ~_BY_TWO
    return kept


def worth(hashes: Hashes) -> np.ndarray[Any, np.dtype[np.float64]]:
    """What n-grams say beside one of letters: two signs of Chinese are a word, which has several of those."""
    found: np.ndarray[Any, np.dtype[np.float64]] = np.where(hashes & _BY_TWO, _WORTH, 1.0)
    return found


def stacked(texts: Sequence[str]) -> tuple[Hashes, np.ndarray[Any, np.dtype[np.int64]]]:
    """The n-grams of all texts one after the other, and where each text begins: shape (len(texts) + 1,)."""
    found = [of(text) for text in texts]
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([len(grams) for grams in found], out=starts[1:])
    return (np.concatenate(found) if found else np.zeros(0, dtype=np.uint64)), starts
