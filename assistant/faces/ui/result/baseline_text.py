"""The report on the untrained variants as HTML: answers, citations, and apart from both what the search finds."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from assistant.evidence import scorers
from assistant.faces.ui.result import compare_text

ANSWERS = ("variant", "score", "95 % interval", "minus prompt", "cites", "cites what answers", "tokens", "n")
SEARCH = {"recall@1": "the first", "recall@3": "the first three", "recall@10": "the first ten"}


def report(found: Mapping[str, Any], active: str) -> str:
    """What the figures rest on stands first: generated questions are marked as such."""
    mark, colon, rest = found["note"].partition(":")  # "Generated: 12 questions made of ..."
    note = f"<b>{escape(mark)}:</b>{escape(rest)}" if colon and found["basis"] != "held-out" else escape(found["note"])
    answers = found["answers"]
    names = sorted(answers, key=lambda name: answers[name]["score"] or -1.0, reverse=True)
    rows = [_row(found, name, active) for name in names]
    return (
        f'<div class="verdict" role="status">{note}</div>{compare_text.answers(ANSWERS, rows)}{_search(found)}'
        f'<div class="quiet">Scorer: {escape(found["scorer"])}. {escape(scorers.ignores(found["scorer"]))}</div>'
    )


def _row(found: Mapping[str, Any], name: str, active: str) -> tuple[str, ...]:
    of, cites, apart = found["answers"][name], found["citations"].get(name), found["differences"].get(name)
    now = " · answers now" if of["variant"] == active else ""
    return (
        f"<b>{escape(name)}</b>{now}",
        _number(of["score"]),
        f"{_number(of['low'])} to {_number(of['high'])}",
        f"{apart['mean']:+.3f} ({apart['low']:+.3f} to {apart['high']:+.3f})" if apart else "–",
        _share(cites, "cited"),
        _share(cites, "right"),
        f"{of['tokens_per_request'] or 0:.0f}",
        f"{of['n']}{compare_text.flaws(of)}",
    )


def _search(found: Mapping[str, Any]) -> str:
    of = found["retrieval"]
    if not of:
        return ""
    shares = ", ".join(f"{said} in {of[name]:.0%}" for name, said in SEARCH.items())
    return (
        f'<div class="search"><b>The search alone</b>, on {of["questions"]} generated questions about the documents: '
        f"the passage that answers is {shares}; MRR {of['mrr']:.3f}, nDCG@10 {of['ndcg@10']:.3f}.</div>"
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _share(found: Mapping[str, Any] | None, name: str) -> str:
    return "–" if found is None or found[name] is None else f"{found[name]:.0%}"
