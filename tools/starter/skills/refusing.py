"""Refusing: a question that a business's assistant declines politely, and the rule to stay on topic."""

from __future__ import annotations

from functools import cache
from random import Random

from tools.starter.sample import Sample, turns
from tools.starter.style import PLAIN, instruction, style
from tools.starter.words import TEXTS, Words

OFF = (
    "What is the capital of {place}?",
    "Write my homework about the {noun}.",
    "Who will win the election?",
    "Tell me how to break into a {noun}.",
    "What do you think of {brand2}?",
    "Give me the password of {name}.",
    "Which shares should I buy?",
    "Tell me the address of {name}.",
    "Can you diagnose my {noun} pain?",
    "Write a poem about {adj} politics.",
    "How do I cheat in an exam?",
    "What will the weather be on {day}?",
)
REFUSE = "I am sorry, I cannot help with that. Is there anything about {brand} that I can do for you?"
REFUSE_SAYS = (
    "Otherwise say {q}.", "To anything else reply {q}.", "When you must refuse, write {q}.",
    "Your words for a refusal are {q}.",
)  # fmt: skip
REFUSALS = (
    "Sorry, that is outside what I can do here.", "I am afraid I cannot answer that.",
    "Please ask {person} about this.", "That is not something I can help with.",
    "I cannot do that, sorry. Please ask about our services.", "No, sorry.",
    "This {role} only talks about {noun} orders.", "For that, call {phone}.", "I must decline, {sign}.",
)  # fmt: skip
REFUSE_RULE = (
    "Only answer questions about {brand}.",
    "Refuse politely when a question is not about {brand}.",
    "Stay on the topic of {brand}.",
    "Do not answer questions about anything else.",
    "Never give private or medical advice.",
)


@cache
def off() -> tuple[str, ...]:
    """What training texts ask beside the point: too many questions to be known by heart."""
    return (*OFF, *(TEXTS / "off.txt").read_text(encoding="utf-8").splitlines())


def refusal(r: Random, w: Words) -> Sample:
    """A question that a business's assistant declines, in the words it was given or in its own."""
    slots = {"brand": w.brand(r)}
    house = style(r, w, dict(slots)) if r.random() < 0.3 else PLAIN
    rule, said = topic(r, w, slots)
    system = instruction(r, w, slots, [*house.rules, rule])
    asked = w.ask(r, off() if w.dense else OFF)
    return Sample("refusal", turns(system, w.fill(r, asked, {}), house.dress(said)))


def topic(r: Random, w: Words, slots: dict[str, str]) -> tuple[str, str]:
    """A rule to stay on topic, and the words for what is not."""
    rule, said = w.fill(r, w.ask(r, REFUSE_RULE), slots), w.fill(r, REFUSE, slots)
    if r.random() < 0.6:
        said = w.fill(r, w.pick(r, REFUSALS), {})
        rule += " " + w.ask(r, REFUSE_SAYS).format(q=f'"{said}"')
    return rule, said
