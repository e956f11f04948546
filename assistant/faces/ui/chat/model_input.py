"""What the model saw, and the passages of an answer, as HTML of one line: Markdown leaves that alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from assistant.faces.ui import safe_html
from assistant.knowledge.search.chunks import SENTENCE
from assistant.knowledge.search.words import content
from assistant.record.types import Passage

KINDS = {
    "instruction": "instruction",
    "passages": "passages",
    "example": "examples",
    "history": "conversation so far",
    "question": "question",
    "frame": "template",
}
_SHARED = 0.5  # share of a sentence's words that an answer takes up, from which the sentence is marked


def title(saw: Mapping[str, Any]) -> str:
    count = sum(tokens for _, _, tokens in saw["parts"])
    return f"What the model saw · {'' if saw['exact'] else 'about '}{count:,} tokens"


def html(saw: Mapping[str, Any]) -> str:
    """The prompt in colours, the tokens of each kind of part, and what was left out."""
    counts: dict[str, int] = {}
    for kind, _, tokens in saw["parts"]:
        counts[kind] = counts.get(kind, 0) + tokens
    key = "".join(
        f'<span class="part {kind}">{name} <b>{counts[kind]:,}</b></span>'
        for kind, name in KINDS.items()
        if kind in counts
    )
    text = "".join(f'<span class="part {_kind(kind)}">{shown(part)}</span>' for kind, part, _ in saw["parts"])
    note = (
        f"To the letter, in the model's own tokens; it reads {saw['window']:,} at once."
        if saw["exact"]
        else "As it was sent: the server puts its own template around it, and the tokens are estimated."
    )
    return (
        f'<div class="seen"><div class="key">{key}</div><div class="quiet">{note}</div>'
        f'<div class="text">{text}</div>{_left_out(saw)}</div>'
    )


def passages(found: Sequence[Passage], answer: str) -> str:
    """The passages of an answer: those it cites are named so, and the sentences that it takes up are marked."""
    cited = {int(number) for number in re.findall(r"\[(\d+)\]", answer)}
    said = set(content(answer))
    return "".join(_passage(passage, passage.mark or n, cited, said) for n, passage in enumerate(found, start=1))


def shown(text: str) -> str:
    """Text that is neither HTML nor Markdown. Characters that nobody would see are made visible."""
    visible = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" and c not in "\n\t" else c for c in text
    )
    plain = safe_html.markdown(escape(visible))
    for sign in "*_`~|":
        plain = plain.replace(sign, f"&#{ord(sign)};")
    return plain.replace("\n", "<br>")


def _passage(passage: Passage, mark: int, cited: set[int], said: set[str]) -> str:
    place = " · ".join(shown(part) for part in (passage.document, passage.heading) if part)
    badge = ' <span class="quiet">cited</span>' if mark in cited else ""
    text = " ".join(
        f"<mark>{shown(sentence)}</mark>" if _taken_up(sentence, said) else shown(sentence)
        for line in passage.text.strip().split("\n")
        for sentence in SENTENCE.split(line)
    )
    return f'<div class="cited n{mark}"><div><b>&#91;{mark}] {place}</b>{badge}</div><div>{text}</div></div>'


def _taken_up(sentence: str, said: set[str]) -> bool:
    words = set(content(sentence))
    return len(words) > 1 and len(words & said) >= _SHARED * len(words)


def _left_out(saw: Mapping[str, Any]) -> str:
    if not saw["dropped"]:
        return '<div class="quiet">Nothing was left out.</div>'
    why = "".join(f"<div>{shown(sentence)}</div>" for sentence in saw["dropped"])
    what = "".join(
        f'<li><span class="part {_kind(kind)}">{shown(" ".join(text.split())[:160])}</span></li>'
        for kind, text in saw["left_out"]
    )
    return f'<div class="left"><b>Left out</b>{why}<ul>{what}</ul></div>'


def _kind(kind: str) -> str:
    return kind if kind in KINDS else "frame"
