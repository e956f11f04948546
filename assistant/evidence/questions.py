"""Questions for a baseline before anybody approved an answer: made of documents and of the brief's examples.

They are marked as generated wherever they show. What is held out, and whatever is near it, is never asked and never
read for one: the documents and the brief alone are, and what in them is like a held-out conversation is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from assistant.evidence.scorers.json_reading import json_of
from assistant.knowledge.comparison.containment import Texts
from assistant.knowledge.reading import ingestion
from assistant.knowledge.search import chunks
from assistant.knowledge.search.chunks import Chunk
from assistant.knowledge.search.near_duplicates import Near, key
from assistant.knowledge.search.words import content, latin, stem, words
from assistant.record.trials import BRIEF, DOCUMENT, Asked
from assistant.record.types import Document, Message

Ask = Callable[[str], str]  # a prompt -> what a capable model says to it
MOST = 40  # questions; each is answered by five variants
_KEY_WORDS = 3
_HELD = 0.7  # share of a held-out question or answer that a text holds, or of all that both say, by their n-grams
_ROW = re.compile(r"^\|(.+)\|\s*$")
_IS = re.compile(r"^(?:(The|An?|Our|Your)\s+)?([\w'’ -]{3,40}?)\s+(is|are|costs?|takes?)\s+\S", re.IGNORECASE)
_NOBODY = frozenset("it this that these those there he she they we you i what which who if when all each".split())
_ASKS = {
    "is": "What is {}?",
    "are": "What are {}?",
    "cost": "How much do {} cost?",
    "costs": "How much does {} cost?",
    "take": "How long do {} take?",
    "takes": "How long does {} take?",
}
_PROMPT = Path(__file__).resolve().parent.parent / "prompts" / "question.md"


class HeldOut:
    """Tells whether a text is, or is nearly, something of a held-out conversation."""

    def __init__(self, conversations: Sequence[Sequence[Message]]) -> None:
        said = [str(message["content"]) for talk in conversations for message in talk]
        self._texts = Texts(list(dict.fromkeys(said)))

    def __contains__(self, text: str) -> bool:
        found = self._texts.overlaps(_HELD, [text])
        return bool(((found.around >= _HELD) & found.covered | (found.alike >= _HELD)).any())


def generate(
    papers: Sequence[Document],
    examples: Sequence[str],
    held_out: HeldOut,
    sizes: chunks.Sizes | None = None,
    most: int = MOST,
    ask: Ask | None = None,
) -> list[Asked]:
    """At most `most` questions, the same ones for the same documents: one for a chunk, the documents taking turns.

    With `ask` a model words them; a reply of it that is not as it should be counts for nothing, the template's stays.
    """
    cut = [_shuffled(chunks.split(paper, sizes)) for paper in ingestion.distinct(papers)]
    rarity = Counter(name for one in cut for chunk in one for name in set(content(chunk.text)))
    made = [asked for text in examples if (asked := _of_example(text, rarity)) is not None]
    turns = [chunk for turn in zip_longest(*cut) for chunk in turn if chunk is not None]
    found: list[Asked] = []
    near = Near()
    for source in (iter(made), (one for chunk in turns if (one := _of_chunk(chunk, rarity, held_out)) is not None)):
        for asked in source:
            if len(found) >= most:
                break
            texts = [str(asked.messages[0]["content"]), asked.reference, asked.evidence]
            if not any(text in held_out for text in texts if text) and not near.add(_key(texts[0])):
                found.append(replace(asked, number=len(found)))
    if ask is None:
        return found
    passages = {(chunk.document, _evidence(chunk, rarity, held_out)): chunk.text for chunk in turns}
    return [_worded(one, passages.get((one.document, one.evidence), ""), held_out, ask) for one in found]


def holds(asked: Asked, document: str, text: str) -> bool:
    """Whether a passage is one that answers the question."""
    return bool(asked.evidence) and document == asked.document and _squashed(asked.evidence) in _squashed(text)


def _of_chunk(chunk: Chunk, rarity: Counter[str], held_out: HeldOut) -> Asked | None:
    """The question that a chunk answers; None where it says nothing that can be asked about."""
    evidence = _evidence(chunk, rarity, held_out)
    if not evidence:
        return None
    question, reference = _of_row(chunk, evidence) or (_of_sentence(evidence, rarity), evidence)
    return Asked(0, DOCUMENT, [_user(question)], reference, chunk.document, evidence, "template") if question else None


def _evidence(chunk: Chunk, rarity: Counter[str], held_out: HeldOut) -> str:
    """The sentence or table row that says most: whose words are the rarest."""
    rows = [line for line in chunk.text.split("\n") if _ROW.match(line)][2:]
    prose = [
        line for line in chunk.text.split("\n") if line.strip() and not line.lstrip().startswith(("|", "#", "```"))
    ]
    sentences = [part.strip(" -*•\t") for line in prose for part in chunks.SENTENCE.split(line)]
    usable = [text for text in (*rows, *sentences) if 4 <= len(words(text)) <= 45 and not text.endswith("?")]
    usable = [text for text in usable if len(set(content(text))) >= _KEY_WORDS and text not in held_out]
    return max(usable, key=lambda text: (_worth(text, rarity), text), default="")


def _worth(text: str, rarity: Counter[str]) -> float:
    rare = sorted(1 / max(1, rarity[name]) for name in set(content(text)))[-_KEY_WORDS:]
    return sum(rare) + 0.5 * bool(_IS.match(text))


def _of_row(chunk: Chunk, row: str) -> tuple[str, str] | None:
    """A question about a cell of a table's row, and its answer."""
    lines = [line for line in chunk.text.split("\n") if _ROW.match(line)]
    if row not in lines:
        return None
    head, cells = _cells(lines[0]), _cells(row)
    place = next((i for i in range(len(cells) - 1, 0, -1) if i < len(head) and head[i] and cells[i]), 0)
    if not place or not cells[0]:
        return None
    return f"What is the {head[place].lower()} of {cells[0]}?", f"{head[place]} of {cells[0]}: {cells[place]}"


def _of_sentence(sentence: str, rarity: Counter[str]) -> str:
    found = _IS.match(sentence)
    if found and words(found[2]) and words(found[2])[0] not in _NOBODY and content(found[2]):
        article = f"{found[1].lower()} " if found[1] else ""
        subject = found[2] if found[1] or found[2][1:2].isupper() else found[2][0].lower() + found[2][1:]
        return _ASKS[found[3].lower()].format(article + subject)
    named = _key_words(sentence, rarity)
    return f"What should I know about {', '.join(named[:-1])} and {named[-1]}?" if len(named) > 1 else ""


def _of_example(text: str, rarity: Counter[str]) -> Asked | None:
    named = _key_words(text, rarity)
    if len(named) < _KEY_WORDS:
        return None
    question = f"What do you say to somebody who asks about {', '.join(named[:-1])} and {named[-1]}?"
    return Asked(0, BRIEF, [_user(question)], text, by="template")


def _key_words(text: str, rarity: Counter[str]) -> list[str]:
    """The rarest words of a text that mean something, in its order. A word in no document is no better than a common
    one: nobody could find it."""
    kept = [word for word in dict.fromkeys(words(text)) if content(word) and (len(word) > 2 or not latin(word))]
    rare = sorted(kept, key=lambda word: (rarity[stem(word)] or 10**6, kept.index(word)))[:_KEY_WORDS]
    return [word for word in kept if word in rare]


def _worded(asked: Asked, passage: str, held_out: HeldOut, ask: Ask) -> Asked:
    """The same question in a model's words, with the answer that it found in the passage, to the letter."""
    if not passage:
        return asked
    try:
        reply = json_of(ask(_prompt(passage)), {})
        question, answer = str(reply["question"]).strip(), str(reply["answer"]).strip()
    except (ValueError, KeyError):
        return asked
    right = question.endswith("?") and 3 <= len(words(question)) <= 40 and len(words(answer)) > 0
    if not right or _squashed(answer) not in _squashed(passage) or question in held_out or answer in held_out:
        return asked
    return replace(asked, messages=[_user(question)], reference=answer, evidence=answer, by="model")


def _prompt(passage: str) -> str:
    return _PROMPT.read_text(encoding="utf-8").strip().replace("{passage}", passage)


def _shuffled(found: Sequence[Chunk]) -> list[Chunk]:
    """Chunks in an order that says nothing and is always the same."""
    return sorted(found, key=lambda chunk: hashlib.sha256(chunk.text.encode()).digest())


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _key(text: str) -> str:
    return key([_user(text)])


def _squashed(text: str) -> str:
    return " ".join(words(text))
