"""Picking: the right one of a few very short sentences, by one of its words; looking up, with little around it."""

from __future__ import annotations

from random import Random

from tools.starter.sample import Sample, turns
from tools.starter.skills.reading import GENERIC, cited
from tools.starter.skills.telling import WORDS, loose, once
from tools.starter.words import Words

BRIEF = tuple(
    f"{subject} {verb} {rest}."
    for subject in (
        "{person}", "{name}", "The {noun}", "{brand}", "{word}", "Our {item}", "{place}", "A {noun}", "My {noun}",
        "{adj} {noun}", "{n} {noun}", "{code}", "Every {job}", "No {noun}",
    )
    for verb in ("{verb}", "needs", "has", "is", "likes", "sells", "hates", "opens", "goes to", "costs", "in")
    for rest in (
        "{person2}", "the {noun2}", "{word2}", "{n2}", "{price}", "{place2}", "a {adj2} {noun2}", "{item2}", "{code2}",
        "{day}", "{time}", "{colour} {noun2}",
    )
)  # fmt: skip
NUMBERS = ("Which passage is it?", "Answer with the number alone.", "Only the citation.", "Where? Give the mark.")


def pick(r: Random, w: Words) -> Sample:
    """A handful of very short sentences, asked for by one of their words: looking up, with little around it."""
    lines = [loose(r, w, BRIEF).sentence for _ in range(r.choice((2, 2, 3, 3, 4, 5, 7)))]
    marked, alone = r.random() < 0.5, r.random() < 0.3
    shown = [f"[{i}] {line}" for i, line in enumerate(lines, 1)] if marked else lines
    text = r.choice(("\n", "\n\n", " ") if marked else ("\n", " ", " ")).join(shown)
    system = w.ask(r, NUMBERS) if marked and alone else ""
    asked: list[str] = []
    for mark, one in r.sample([*enumerate(lines, 1)], len(lines)):
        words = once(WORDS.findall(one), text)
        for word in r.sample(words, min(len(words), r.choice((1, 1, 2)))):
            question = w.ask(r, GENERIC).format(x=word)
            answer = f"[{mark}]" if system else cited(one, mark) if marked else one
            asked += [question if asked else f"{text}\n\n{question}", answer]
    if not asked:
        return pick(r, w)
    return Sample("pick", turns(system, *asked))
