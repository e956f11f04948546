"""Rewriting: short, formal, friendly, bullets, tags, sign-offs; the wish is told in words."""

from __future__ import annotations

from functools import cache
from random import Random

from tools.starter.sample import Sample, issues, turns
from tools.starter.words import TEXTS, Words

ASKS = {
    "formal": (
        "Rewrite formally: {x}",
        "Make this formal: {x}",
        "Say it in a formal way: {x}",
        "Write this for a business letter: {x}",
        "Please put this in formal English: {x}",
    ),
    "friendly": (
        "Rewrite in a friendly tone: {x}",
        "Make this friendlier: {x}",
        "Say it warmly: {x}",
        "Write this in a kind way: {x}",
        "Please make it sound friendly: {x}",
    ),
    "short": (
        "Shorten: {x}",
        "Make this shorter: {x}",
        "Say it in a few words: {x}",
        "Summarise: {x}",
        "Give me a brief version: {x}",
    ),
    "casual": (
        "Rewrite casually: {x}",
        "Make this casual: {x}",
        "Say it as to a friend: {x}",
        "Write this in a chatty way: {x}",
    ),
}
EXTRAS = (
    "sign it with {q}",
    "start with {q}",
    "put {q} at the end",
    "add the tag {q} in front",
    "end with {q}",
    "begin with {q}",
)


@cache
def versions() -> tuple[dict[str, str], ...]:
    """The same message in four styles, many times."""
    blocks = (TEXTS / "styles.txt").read_text(encoding="utf-8").strip().split("\n\n")
    return tuple(dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks)


def rewrite(r: Random, w: Words) -> Sample:
    """One message from one style into another, sometimes with a tag or a signature."""
    texts = w.pick(r, versions())
    source, target = r.sample(list(texts), 2)
    slots: dict[str, str] = {}
    text, answer = w.fill(r, texts[source], slots), w.fill(r, texts[target], slots)
    if r.random() < 0.4:
        return Sample("rewriting", turns(r.choice(ASKS[target]).format(x="").strip(" :") + ".", text, answer))
    user = w.pick(r, ASKS[target]).format(x=text)
    if r.random() < 0.4:
        extra = w.pick(r, EXTRAS)
        add = w.slot(r, r.choice(("name", "word", "brand", "person", "sign")))
        user += f"\nAlso {extra.format(q=add)}."
        answer = (
            f"{add} {answer}"
            if "start" in extra or "front" in extra or "begin" in extra
            else f"{answer} {add}"
        )
    return Sample("rewriting", turns("", user, answer))


def points(r: Random, w: Words) -> Sample:
    """Sentences into bullets or numbered steps."""
    sentences = [w.fill(r, w.pick(r, r.choice(issues()).users), {}) for _ in range(r.randint(2, 4))]
    way = r.choice(("bullets", "a numbered list", "dashes", "separate lines"))
    bullet = {"bullets": "• ", "dashes": "- ", "separate lines": ""}
    lines = [
        f"{i + 1}. {x}" if way == "a numbered list" else bullet[way] + x for i, x in enumerate(sentences)
    ]
    ask = r.choice(
        (
            "Write this as {w}: {x}",
            "Turn this into {w}: {x}",
            "{x}\n\nPlease make it {w}.",
            "Use {w} for this text: {x}",
        )
    )
    return Sample("points", turns("", ask.format(w=way, x=" ".join(sentences)), "\n".join(lines)))
