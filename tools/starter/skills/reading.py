"""Reading: answer from one or several passages with the sentence that answers, cite it, or say that none does."""

from __future__ import annotations

import re
from functools import cache
from random import Random
from typing import NamedTuple

from tools.starter.sample import Sample, capital, facts, fillers, frames, slots_of, turns
from tools.starter.skills.telling import LOOSE, WORDS, Told, loose, once, told
from tools.starter.style import PLAIN, instruction, style
from tools.starter.words import Words, lists

GUIDE = "Use these passages when they answer the question, and cite them like [1]."
OTHER_GUIDES = (
    "Answer from these passages and cite them like [1].",
    "Sources (cite them as [1], [2] ...):",
    "Here is what our documents say. Give the number of the passage.",
    "Use the passages below and name the source as [1].",
    "Passages, each with the number to cite:",
    "Quote the passage that answers, with its number.",
)
UNCITED = (
    "Answer from these passages, without citing them.",
    "What you know (do not cite):",
    "Documents, for you only:",
    "Background, no citations please:",
)
UNKNOWN = "I could not find this in the documents."
UNKNOWN_RULES = (
    *(
        f"{when}, {what} {{q}}."
        for when in (
            "If the passages do not answer", "When you cannot find the answer", "If it is not in the documents",
            "Without an answer in the passages", "When nothing there answers", "If the text does not say",
            "Where the documents are silent", "In case the answer is missing",
        )
        for what in ("say", "reply", "write", "answer", "just say", "respond with")
    ),
    "Say {q} when the text does not help.", "For anything that is not in the text the reply is {q}.",
    "Not in the text? Then {q}.", "Unknown things get the answer {q}.", "{q} is what you say when you do not know.",
)  # fmt: skip
REPLIES = (
    "I am sorry, the documents do not say that.",
    "Sorry, this is not in the documents I have.",
    "The passages do not answer that question.",
    "I do not know.",
    "Not in the documents",
    "Unfortunately I have no information about this.",
    "That is not covered here. Please ask {person}.",
    "I have looked, but the {noun} pages do not mention it.",
    "no answer",
    "Please call {phone} about that.",
    "{word}",
    "I cannot say. Write to {email}.",
)
ASK_PREFIX = (
    *("",) * 8, "Hi, ", "Hello! ", "Excuse me, ", "Quick question: ", "Good morning. ", "Sorry to bother you. ",
    "I am {person}. ", "I have a question. ", "Please tell me: ", "Hi there. ", "My name is {name}. ", "Hey, ",
    "I bought the {product}. ", "{person} told me to ask. ", "I was in {place} and wonder: ", "Dear team, ",
)  # fmt: skip
ASK_SUFFIX = (
    *("",) * 8, " Thanks!", " Thank you.", " Please let me know.", " Can you help?", " It is urgent.", " Cheers",
    " I need to know by {day}.", " Regards, {name}",
)  # fmt: skip
GENERIC = (
    "What about the {x}?", "Tell me about the {x}.", "What do you know about the {x}?", "Anything about the {x}?",
    "I have a question about the {x}.", "{x}?", "Can you tell me something about the {x}?",
    "Is there news on the {x}?", "What does it say about the {x}?", "Which passage is about the {x}?",
    "I am looking for the {x}.", "How is it with the {x}?", "What is written on the {x}?", "Please explain the {x}.",
    "What should I know about the {x}?", "The {x}, please.", "I would like to know more about the {x}.",
    "Do the documents mention the {x}?", "My question is about the {x}.", "Give me the part about the {x}.",
    "Find the sentence with the {x}.", "What was that about the {x}?", "Is it true about the {x}?",
    "What can you say on the {x}?", "Where do you mention the {x}?", "Details on the {x}?",
)  # fmt: skip
CONTEXT = (
    "Context: {c}\n\nQuestion: {q}", "Context: {c}\nQuestion: {q}", "{c}\n\n{q}", "Read this text.\n{c}\n\n{q}",
    "Text: {c}\nQ: {q}", "Passage:\n{c}\n\nAnswer this question: {q}", "{q}\n\nHere is the text: {c}",
    'Answer from this text: "{c}"\n{q}', "Notes: {c}\n\nUse the notes to answer: {q}", "Q: {q}\nContext: {c}\nA:",
    "Document:\n{c}\n\n{q}", "{q}\n---\n{c}", "Given the text below, answer: {q}\n\n{c}", "Page: {c}\n\nUser: {q}",
    "<text>{c}</text>\n{q}", "Based on this: {c}\n\nAnswer: {q}", "{c}\nFrom this text: {q}", "Facts: {c}\n{q}",
)  # fmt: skip
SHORT = (
    "Answer with a few words.", "Give only the value.", "Reply with the value only.", "Just the answer, no sentence.",
    "Only the value, please.", "As short as possible.", "No full sentence.", "One value, nothing else.",
    "Give the bare answer.", "Short answer only.", "In a word or a number.", "Without a sentence around it.",
)  # fmt: skip
TITLES = (
    "{brand}", "{brand}: {noun}", "FAQ", "Handbook, page {n}", "About us", "{word}.txt", "Terms", "{noun} guide",
    "{noun}.pdf", "Notes about {noun} {n}", "The {noun}", "{noun} > {noun2}", "Page {n}", "{adj} {noun} rules",
    "Guide > {verbing} > {noun}", "{word}.md > {noun}", "Our {noun} and {noun2}", "Questions on {verbing}",
    "Manual {code}",
)  # fmt: skip
LOOSE_SHARE = 0.25  # of the sentences that are asked for: they fit no kind, so nothing but their words finds them


class Size(NamedTuple):
    """How much there is to read: numbers to draw from."""

    passages: tuple[int, ...]
    facts: tuple[int, ...]  # in a passage
    fillers: tuple[int, ...]  # sentences between them


USUAL = Size((1, 2, 3, 3, 4, 4), (1, 2, 2, 3), (0, 1, 1, 2, 3, 4, 5))
SMALL = Size((1, 2, 2, 3, 4), (1, 1, 2), (0, 0, 0, 1))
BIG = Size((4, 6, 8, 10), (3, 4, 5, 6), (0, 1, 1, 2, 3, 4, 12))  # as long as the window allows
AROUND = (0, 1, 1, 2, 3, 4, 7)  # sentences around the facts of a text that stands alone


@cache
def _common() -> frozenset[str]:
    """Words that frame a sentence: nobody asks about these."""
    lines = [line for one in (*facts(), *frames()) for line in (*one.statements, *one.questions)]
    everything = " ".join([*GENERIC, *lines])
    named = {word.lower() for name in ("noun", "adj", "verb", "do", "verbing", "item") for word in lists()[name]}
    return frozenset(WORDS.findall(re.sub(r"{\w+}", "", everything).lower())) - named


def several(r: Random, w: Words, count: int) -> list[Told]:
    """Facts that can stand side by side: a kind of fact comes twice only if its questions name their subject."""
    found: list[Told] = []
    used: set[str] = set()
    while len(found) < count:
        if r.random() < LOOSE_SHARE:
            found.append(loose(r, w, LOOSE))
            continue
        fact = w.pick(r, frames() if r.random() < 0.7 else facts())
        if used and r.random() < 0.2:
            # Another of the same kind: only its values tell them apart.
            fact = r.choice([one.fact for one in found if one.fact.questions])
        if fact.title and fact.title in used and not all("{" in question for question in fact.questions):
            continue
        used.add(fact.title)
        found.append(told(r, w, fact))
    return found


def passage(
    r: Random, w: Words, inside: list[Told], business: dict[str, str], around: tuple[int, ...] = AROUND
) -> tuple[str, str]:
    """A title and a text of the given facts and so many other sentences, as prose or as a list."""
    sentences = [one.sentence for one in inside]
    for _ in range(r.choice(around)):
        sentences.insert(r.randint(0, len(sentences)), capital(w.fill(r, w.pick(r, fillers()), dict(business))))
    title = inside[0].fact.title if r.random() < 0.3 and inside[0].fact.title else r.choice(TITLES)
    title = capital(w.fill(r, title, dict(inside[0].slots) | business))
    if r.random() < 0.15:
        return title, "\n" + "\n".join(r.choice(("- ", "* ")) + one for one in sentences)
    return title, " ".join(sentences)


def question_for(r: Random, w: Words, one: Told, context: str = "") -> str:
    """A user's question about a fact; where its context is given, sometimes with words that stand only there."""
    fitting = [ask for ask in one.fact.questions if slots_of(ask) <= one.slots.keys()]
    question = w.fill(r, w.reworded(r, r.choice(fitting)), one.slots) if fitting else ""
    if context and (not fitting or r.random() < 0.4):
        question = _about(r, w, one.sentence, context) or question
    before, after = w.fill(r, w.ask(r, ASK_PREFIX), {}), w.fill(r, w.ask(r, ASK_SUFFIX), {})
    text = (before + (question or f"What about {one.sentence}") + after).strip()
    return text.lower().rstrip("?.") if r.random() < 0.05 else text


def _about(r: Random, w: Words, sentence: str, context: str) -> str:
    """A question with two or three words of the sentence, one of which stands nowhere else in the context."""
    words = [word for word in dict.fromkeys(WORDS.findall(sentence)) if word.lower() not in _common()]
    alone = once(words, context)
    if not alone:
        return ""
    keys = [r.choice(alone)]
    keys += [word for word in r.sample(words, min(len(words), r.choice((0, 1, 1, 2)))) if word not in keys]
    keys.sort(key=sentence.index) if r.random() < 0.7 else r.shuffle(keys)
    return capital(w.ask(r, GENERIC).format(x=r.choice((" ", " ", " and the ", ", ")).join(keys)))


def cited(text: str, mark: int) -> str:
    """The sentence with its citation before the full stop."""
    return f"{text[:-1]} [{mark}]{text[-1]}" if text[-1] in ".!?" else f"{text} [{mark}]"


def library(
    r: Random, w: Words, business: dict[str, str], size: Size
) -> tuple[str, list[tuple[int, Told]], list[Told]]:
    """Numbered passages as the system message shows them, what each tells, and facts that are in none."""
    count = r.choice(size.passages)
    everything = several(r, w, count * max(3, *size.facts) + 2)
    shown: list[tuple[int, Told]] = []
    parts = []
    for number in range(1, count + 1):
        inside = [everything.pop() for _ in range(r.choice(size.facts))]
        shown += [(number, one) for one in inside]
        title, text = passage(r, w, inside, business, size.fillers)
        parts.append(f"[{number}] {title}: {text}")
    titles = {one.fact.title for _, one in shown if one.fact.title}
    return "\n\n".join(parts), shown, [one for one in everything if one.fact.questions and one.fact.title not in titles]


def rag(r: Random, w: Words, shots: int = 0) -> Sample:
    """The app's retrieval shape: an instruction, numbered passages, perhaps shots, one to four questions."""
    business = {"brand": w.brand(r), "place": w.entity(r, "place")}
    small = w.small(r)
    house = style(r, w, dict(business)) if r.random() < (0.1 if small else 0.35) or shots else PLAIN
    rules = list(house.rules) if not shots or r.random() < 0.5 else []
    unknown = UNKNOWN
    if r.random() < 0.4:
        unknown = w.fill(r, w.pick(r, REPLIES), {})
        rules.append(w.ask(r, UNKNOWN_RULES).format(q=f'"{unknown}"'))
    guides = (GUIDE, w.ask(r, OTHER_GUIDES), w.ask(r, UNCITED))
    guide = r.choices(guides, (75, 17, 8))[0]
    size = SMALL if small else BIG if r.random() < 0.15 else USUAL
    text, shown, missing = library(r, w, business, size)
    lines: list[str] = []
    for one in several(r, w, shots):
        lines += [question_for(r, w, one, one.sentence), house.dress(one.sentence)]
    r.shuffle(shown)
    asked = r.choice((1, 1, 2)) if shots else r.choice((1, 2, 2, 3, 4))
    for mark, one in shown[: asked * w.times(r)]:
        if missing and r.random() < 0.14:
            other = r.choice(missing)
            lines += [question_for(r, w, other), house.dress(unknown)]
        else:
            answer = one.sentence if guide == guides[-1] else cited(one.sentence, mark)
            lines += [question_for(r, w, one, text), house.dress(answer)]
    task = " ".join(rules) if small and r.random() < 0.8 else instruction(r, w, business, rules)
    system = f"{task}\n\n{guide}\n\n{text}".strip()
    # No passage has what a shot says.
    return Sample("reading+shots" if shots else "reading", turns(system, *lines), frozenset(range(shots)))


def rag_shots(r: Random, w: Words) -> Sample:
    """Retrieval with one to six shots in house style."""
    return rag(r, w, r.choice((1, 2, 2, 3, 4, 6)))


def context(r: Random, w: Words) -> Sample:
    """A text in the user's message and a question, answered by its sentence or by the value alone."""
    told_facts = several(r, w, r.choice((1, 2, 3, 4, 5)))
    _, text = passage(r, w, told_facts, {"brand": w.brand(r)}, SMALL.fillers if w.small(r) else AROUND)
    system = "" if r.random() < 0.5 else instruction(r, w, {}, [])
    lines: list[str] = []
    for _ in range(min(w.times(r), 2 * len(told_facts))):
        one = r.choice(told_facts)
        question, answer = _short(r, w, one) if r.random() < 0.4 else ("", "")
        if not question:
            question, answer = question_for(r, w, one, text), one.sentence
        asking = question if lines else w.ask(r, CONTEXT).format(c=text, q=question).strip()
        lines += [asking, answer]
    return Sample("context", turns(system, *lines))


def _short(r: Random, w: Words, one: Told) -> tuple[str, str]:
    """A question for the one value of a statement that the question does not name; ("", "") when there are several."""
    known = slots_of(one.statement)
    asks = [ask for ask in one.fact.questions if slots_of(ask) <= known and len(known - slots_of(ask)) == 1]
    if not asks:
        return "", ""
    ask = r.choice(asks)
    value = one.slots[next(iter(known - slots_of(ask)))]
    return f"{w.fill(r, ask, one.slots)} {w.ask(r, SHORT)}", value if value in one.sentence else capital(value)
