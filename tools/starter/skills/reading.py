"""Reading: answer from one or several passages, cite the right one, say when none answers."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from tools.starter.sample import Fact, Sample, answer_for, capital, facts, fillers, turns
from tools.starter.style import PLAIN, instruction, style
from tools.starter.words import Words, spoken

GUIDE = "Use these passages when they answer the question, and cite them like [1]."
OTHER_GUIDES = (
    "Answer from these passages and cite them like [1].",
    "Sources (cite them as [1], [2] ...):",
    "Passages:",
    "Here is what our documents say. Give the number of the passage.",
    "Use the passages below and name the source.",
)
UNCITED = (
    "Answer from these passages, without citing them.",
    "What you know (do not cite):",
    "Documents, for you only:",
)
UNKNOWN = (
    "I am sorry, the documents do not say that.",
    "I could not find this in the documents.",
    "Sorry, this is not in the documents I have.",
    "The passages do not answer that question.",
    "I do not know; our documents say nothing about it.",
    "Unfortunately I have no information about this.",
    "I am afraid that I cannot find an answer in the documents.",
    "That is not covered by the documents.",
    "I have looked, but the documents do not mention it.",
    "Sorry, I do not have that information.",
)
UNKNOWN_RULES = (
    "If the passages do not answer, say {q}.",
    "When you cannot find the answer, reply {q}.",
    "If it is not in the documents, write {q}.",
    "Say {q} when the text does not help.",
)
ASK_PREFIX = (
    "",
    "",
    "",
    "",
    "",
    "",
    "Hi, ",
    "Hello! ",
    "Excuse me, ",
    "Quick question: ",
    "Good morning. ",
    "Sorry to bother you. ",
    "I am {person}. ",
    "I have a question. ",
    "Please tell me: ",
    "Hi there. ",
    "My name is {name}. ",
)
ASK_SUFFIX = (
    "",
    "",
    "",
    "",
    "",
    "",
    " Thanks!",
    " Thank you.",
    " Please let me know.",
    " Can you help?",
    " It is urgent.",
    " Cheers",
)
CONTEXT = (
    "Context: {c}\n\nQuestion: {q}",
    "Context: {c}\nQuestion: {q}",
    "{c}\n\n{q}",
    "Read this text.\n{c}\n\n{q}",
    "Text: {c}\nQ: {q}",
    "Passage:\n{c}\n\nAnswer this question: {q}",
    "{q}\n\nHere is the text: {c}",
    'Answer from this text: "{c}"\n{q}',
    "Notes: {c}\n\nUse the notes to answer: {q}",
    "Q: {q}\nContext: {c}\nA:",
)
SHORT = (
    "Answer with a few words.",
    "Give only the value.",
    "Reply with the value only.",
    "Just the answer, no sentence.",
)
COINED = Fact(
    "Notes about {noun} {n}",
    (
        "{person} {verb} the {adj} {noun} near {place}.",
        "Near {place}, {person} {verb} the {adj} {noun}.",
        "The {adj} {noun} was {verb} by {person} near {place}.",
        "It was {person} who {verb} the {adj} {noun} near {place}.",
    ),
    (
        "Who {verb} the {adj} {noun}?",
        "By whom was the {adj} {noun} {verb}?",
        "What was {verb} by {person}?",
        "Where was the {adj} {noun} {verb}?",
        "What do you know about the {adj} {noun}?",
        "Which thing did {person} have {verb}?",
    ),
    (
        "{person} {verb} the {adj} {noun} near {place}.",
        "The {adj} {noun} was {verb} by {person} near {place}.",
    ),
)
COUNTED = Fact(
    "The {noun}",
    (
        "The {adj} {noun} holds {n} {colour} {noun2} pieces.",
        "There are {n} {colour} {noun2} pieces in the {adj} {noun}.",
        "{n} {colour} {noun2} pieces are kept in the {adj} {noun}.",
        "In the {adj} {noun} you find {n} {colour} {noun2} pieces.",
    ),
    (
        "How many {noun2} pieces are in the {adj} {noun}?",
        "What is in the {adj} {noun}?",
        "What does the {adj} {noun} hold?",
        "Where are the {colour} {noun2} pieces?",
    ),
    (
        "The {adj} {noun} holds {n} {colour} {noun2} pieces.",
        "There are {n} {colour} {noun2} pieces in the {adj} {noun}.",
    ),
)
NAMED = Fact(
    "About {word}",
    (
        "{word} is {adj} {noun} number {n}, and its keeper is {name}.",
        "The keeper of {word} is {name}, who has {n} {adj} {noun} signs.",
        "{name} keeps {word} and {n} {adj} {noun} signs.",
        "At {word}, {name} looks after {n} {adj} {noun} signs.",
    ),
    (
        "Who keeps {word}?",
        "What do you know about {word}?",
        "Who looks after {word}?",
        "Tell me about {word}.",
    ),
    ("{name} looks after {word}.", "The keeper of {word} is {name}.", "{name} keeps {word}."),
)


class Told(NamedTuple):
    """A fact with its values, as one sentence."""

    fact: Fact
    statement: str
    slots: dict[str, str]

    @property
    def sentence(self) -> str:
        """The statement with its values."""
        return capital(spoken(self.statement.format(**self.slots)))


def told(r: Random, w: Words, fact: Fact) -> Told:
    """State a fact with fresh values."""
    slots: dict[str, str] = {}
    for question in fact.questions:
        w.fill(r, question, slots)
    statement = w.pick(r, fact.statements)
    w.fill(r, statement, slots)
    return Told(fact, statement, slots)


def several(r: Random, w: Words, count: int) -> list[Told]:
    """Facts that can stand side by side: one kind comes twice only if its questions name their subject."""
    found: list[Told] = []
    used: set[str] = set()
    while len(found) < count:
        fact = r.choice((COINED, COUNTED, NAMED)) if r.random() < 0.2 else r.choice(facts())
        if found and r.random() < 0.25:
            fact = r.choice(found).fact
        if fact.title in used and not all("{" in question for question in fact.questions):
            continue
        used.add(fact.title)
        found.append(told(r, w, fact))
    return found


def passage(r: Random, w: Words, inside: list[Told], business: dict[str, str]) -> tuple[str, str]:
    """A title and a text of 30 to 120 words around the given facts."""
    sentences = [one.sentence for one in inside]
    for _ in range(r.choice((0, 1, 1, 2, 3, 4, 7))):
        sentences.insert(
            r.randint(0, len(sentences)), capital(w.fill(r, w.pick(r, fillers()), dict(business)))
        )
    title = w.fill(
        r,
        r.choice(
            (
                inside[0].fact.title,
                inside[0].fact.title,
                "{brand}",
                "{brand}: {noun}",
                "FAQ",
                "Handbook, page {n}",
                "About us",
                "{word}.txt",
                "Terms",
                "{noun} guide",
            )
        ),
        dict(inside[0].slots) | business,
    )
    return title, " ".join(sentences)


def question_for(r: Random, w: Words, one: Told) -> str:
    """A user's question about a fact, sometimes with a greeting or a word of thanks around it."""
    question = w.fill(r, w.pick(r, one.fact.questions), one.slots)
    before = w.fill(r, r.choice(ASK_PREFIX), {})
    text = before + question + r.choice(ASK_SUFFIX)
    return text.lower().rstrip("?.") if r.random() < 0.04 else text


def cited(text: str, mark: int) -> str:
    """The sentence with its citation before the full stop."""
    return f"{text[:-1]} [{mark}]{text[-1]}" if text[-1] in ".!?" else f"{text} [{mark}]"


def library(r: Random, w: Words, business: dict[str, str]) -> tuple[str, list[tuple[int, Told]], list[Told]]:
    """Numbered passages as the system message shows them, what each tells, and facts that are in none."""
    count = r.choice((1, 2, 3, 3, 4, 4))
    everything = several(r, w, count * 3 + 1)
    shown: list[tuple[int, Told]] = []
    parts = []
    for number in range(1, count + 1):
        inside = [everything.pop() for _ in range(r.choice((1, 2, 2, 3)))]
        shown += [(number, one) for one in inside]
        title, text = passage(r, w, inside, business)
        parts.append(f"[{number}] {title}: {text}")
    titles = {one.fact.title for _, one in shown}
    return "\n\n".join(parts), shown, [one for one in everything if one.fact.title not in titles]


def rag(r: Random, w: Words, shots: int = 0) -> Sample:
    """The app's retrieval shape: an instruction, numbered passages, perhaps shots, one to three questions."""
    business = {"brand": w.brand(r), "place": w.entity(r, "place")}
    house = style(r, w, dict(business)) if r.random() < 0.45 or shots else PLAIN
    rules = list(house.rules) if not shots or r.random() < 0.6 else []
    unknown = w.pick(r, UNKNOWN)
    if r.random() < 0.4:
        rules.append(w.pick(r, UNKNOWN_RULES).format(q=f'"{unknown}"'))
    guide = r.choices((GUIDE, w.pick(r, OTHER_GUIDES), w.pick(r, UNCITED)), (80, 12, 8))[0]
    text, shown, missing = library(r, w, business)
    lines: list[str] = []
    for one in several(r, w, shots):
        lines += [question_for(r, w, one), house.dress(answer_for(r, one.fact, one.statement, one.slots))]
    r.shuffle(shown)
    for mark, one in shown[: r.choice((1, 1, 2)) if shots else r.choice((1, 2, 2, 3, 4))]:
        if missing and r.random() < 0.13:
            lines += [question_for(r, w, r.choice(missing)), house.dress(unknown)]
        else:
            answer = capital(answer_for(r, one.fact, one.statement, one.slots))
            lines += [
                question_for(r, w, one),
                house.dress(answer if guide in UNCITED else cited(answer, mark)),
            ]
    system = f"{instruction(r, w, business, rules)}\n\n{guide}\n\n{text}"
    return Sample("reading+shots" if shots else "reading", turns(system, *lines))


def rag_shots(r: Random, w: Words) -> Sample:
    """Retrieval with one to three shots in house style."""
    return rag(r, w, r.choice((1, 2, 2, 3, 4, 6)))


def context(r: Random, w: Words) -> Sample:
    """A text in the user's message and a question, answered by a sentence or by the value alone."""
    told_facts = several(r, w, r.choice((1, 2, 3, 4, 5)))
    _, text = passage(r, w, told_facts, {"brand": w.brand(r)})
    one = r.choice(told_facts)
    question = w.fill(r, w.pick(r, one.fact.questions), one.slots)
    system = "" if r.random() < 0.5 else instruction(r, w, {}, [])
    answer = capital(answer_for(r, one.fact, one.statement, one.slots))
    values = [
        name for name in one.slots if "{" + name + "}" in one.statement and "{" + name + "}" not in question
    ]
    if len(values) == 1 and r.random() < 0.5:
        question, answer = f"{question} {w.pick(r, SHORT)}", one.slots[values[0]]
    user = w.pick(r, CONTEXT).format(c=text, q=question)
    return Sample("context", turns(system, user, answer))
