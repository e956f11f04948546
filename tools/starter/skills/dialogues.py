"""Dialogues: support, booking and help-desk talks of two to six turns; who it is."""

from __future__ import annotations

from random import Random

from tools.starter.sample import Issue, Sample, article, issues, turns
from tools.starter.skills.refusing import topic
from tools.starter.style import PLAIN, Style, instruction, style
from tools.starter.words import Words

HELLO = (
    "Hello!",
    "Hi",
    "Good morning.",
    "Hi there!",
    "Good evening",
    "Hello, is anybody there?",
    "Hey!",
    "Good afternoon.",
)
HELLO_BACK = (
    "Hello! How can I help you?",
    "Hello, welcome to {brand}. What can I do for you?",
    "Good day! How may I help?",
    "Hi! Thank you for contacting {brand}. How can I help you today?",
    "Welcome to {brand}! What is it about?",
)
ASK_NUMBER = (
    "Could you please give me your order number?",
    "May I have your name and order number, please?",
    "Please send me the number of your order, so that I can look it up.",
    "Which order is it about?",
    "I will gladly check this. What is your order number?",
    "Can you tell me the order number and your name?",
)
GIVE = (
    "It is {code}.",
    "{code}, my name is {name}.",
    "The number is {code} and I am {name}.",
    "Sure, {code}.",
    "{name}, {code}",
    "My order number is {code}.",
    "Order {code}, under the name {name}.",
)
FOUND = (
    "Thank you. I have found order {code}.",
    "Thanks, I see order {code} here.",
    "Thank you, order {code} is open in front of me.",
)
FOUND_NAME = (
    "Thank you, {name}. I have found order {code}.",
    "Thanks, {name}. I see order {code} here.",
    "Thank you for waiting, {name}. This is about order {code}.",
)
THANKS = (
    "Thank you!",
    "Thanks a lot, that helps.",
    "Great, thank you.",
    "Perfect, thanks!",
    "OK, thanks.",
    "That is kind, thank you.",
    "Okay, bye!",
)
WELCOME = (
    "You are welcome! Have a nice day.",
    "My pleasure. Is there anything else I can do for you?",
    "Gladly! Take care.",
    "You are welcome. Goodbye!",
    "It was a pleasure to help. Have a lovely {day}!",
    "Happy to help. Write to us whenever you like.",
)
BOOK = (
    "I would like to book {what}.", "Can I reserve {what}, please?", "Do you have {what} on {day}?", "I need {what}.",
    "Is {what} free?", "We want {what} for {n} people.", "Hello, {what} please.", "I am calling about {what}.",
)  # fmt: skip
WHATS = (
    "a table", "a room", "a seat", "a lesson", "an appointment", "a guided tour", "a parking space", "a meeting room",
    "a boat trip", "a {noun} course", "the {noun} hall", "a {adj} {noun}", "a place in the {noun} group",
    "two {noun} passes",
)  # fmt: skip
SHOP = (
    "I want to buy {what}.", "I need {what}, please.", "Do you sell {what}?", "One order: {what}.",
    "I would like {what}.",
)  # fmt: skip
GOODS = (
    "the {product}", "{n} of the {item}", "a {colour} {item}", "the {item} with the number {code}",
    "a {material} {item}",
)  # fmt: skip
HELP = (
    "My {what} does not work.", "There is a problem with my {what}.", "Please look at my {what}.",
    "The {what} is broken.",
)  # fmt: skip
THINGS = ("{item}", "{product}", "{noun} {noun2}", "{brand} account", "{colour} {item}")
STEPS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {  # what is asked for: the asking, the answering
    "date": (
        "{date}",
        ("For which day?", "Which date suits you?", "When would you like to come?", "On what day?"),
        ("{x}", "On {x}.", "{x}, please."),
    ),
    "time": (
        "{time}",
        ("At what time?", "When on that day?", "Which hour is best?"),
        ("{x}", "At {x}.", "{x} is fine."),
    ),
    "name": (
        "{name}",
        ("Under which name?", "Your name, please?", "Who is it for?"),
        ("{x}", "I am {x}.", "{x}, please."),
    ),
    "number": (
        "{code}",
        ("What is the number?", "May I have the order number?", "Which number is on it?"),
        ("{x}", "It is {x}.", "The number is {x}."),
    ),
    "place": (
        "{place}",
        ("Where do you live?", "Which town is it?", "Where shall it go?"),
        ("{x}", "To {x}.", "I am in {x}."),
    ),
    "phone": (
        "{phone}",
        ("How can we call you?", "Your phone number, please?", "Which number may we ring?"),
        ("{x}", "Call {x}."),
    ),
    "email": (
        "{email}",
        ("Where do we write to?", "What is your email?", "Which address may we use?"),
        ("{x}", "{x} please"),
    ),
    "colour": (
        "{colour}",
        ("Which colour?", "What colour would you like?", "In which colour?"),
        ("{x}", "In {x}, please."),
    ),
    "pay": (
        "{pay}",
        ("How will you pay?", "Which way of paying do you choose?", "By card or how?"),
        ("By {x}.", "{x}", "With {x}."),
    ),
    "count": (
        "{n}",
        ("For how many?", "How many do you need?", "What number of them?"),
        ("{x}", "{x}, please.", "For {x}."),
    ),
}  # fmt: skip
LAST = (
    "Noted: {all}. Thank you.", "Thank you. I have {all}.", "All done: {all}.", "I wrote down {all}.",
    "So it is {all}. Good.", "Everything is ready: {all}.", "You chose {all}. See you soon.", "This is saved: {all}.",
    "[{all}]", "Done ({all}).",
)  # fmt: skip
SCRIPTED = (
    "Ask these questions one after another, then sum up:", "Steps:", "Go through this list, one line at a time:",
    "Follow the script.", "Say exactly these lines, in this order:", "The talk always goes like this:", "Your lines:",
    "Ask in this order:", "Script:",
)  # fmt: skip
WHO = (
    "Who are you?",
    "What is your name?",
    "Are you a person?",
    "Who am I talking to?",
    "Are you a robot?",
    "What can you do?",
    "Tell me about yourself.",
    "Who made you?",
)
SELF = (
    "I am Attune's starter model, a very small model that ships with Attune, meant to be tuned. "
    "I can read a text, copy, extract and follow examples."
)
SELF_ROLE = "I am {person}, the {role} of {brand}."
EXPLAIN = (
    "A {noun} is kept {adj} so that the {noun2} stays {adj2}.",
    "The {noun} helps you with {verbing}.",
    "People use {a} for {verbing} and {verbing2}.",
    "A {adj} {noun} is better for {verbing} than a {adj2} one.",
)


def support(r: Random, w: Words) -> Sample:
    """A problem and its solution, with or without greeting, order number and thanks."""
    slots = {"brand": w.brand(r), "person": w.entity(r, "first"), "role": w.word(r, "role")}
    house = style(r, w, dict(slots)) if r.random() < 0.35 else PLAIN
    rules = [*house.rules, topic(r, w, slots)[0]] if r.random() < 0.35 else house.rules  # here nothing is off topic
    system = instruction(r, w, slots, rules) if r.random() < 0.9 else ""
    lines: list[str] = []
    if r.random() < 0.25:
        lines += [w.pick(r, HELLO), house.dress(w.fill(r, w.pick(r, HELLO_BACK), slots))]
    for _ in range(r.choice((1, 1, 2))):
        lines += _problem(r, w, r.choice(issues()), house)
    if r.random() < 0.4:
        lines += [w.pick(r, THANKS), house.dress(w.fill(r, w.pick(r, WELCOME), {}))]
    return Sample("support", turns(system, *lines))


def _problem(r: Random, w: Words, issue: Issue, house: Style) -> list[str]:
    slots: dict[str, str] = {}
    user = w.fill(r, w.pick(r, issue.users), slots)
    if "code" in slots or r.random() < 0.6:
        return [user, house.dress(w.fill(r, w.pick(r, issue.agents), slots))]
    give = w.fill(r, w.pick(r, GIVE), slots)
    found = w.fill(r, w.pick(r, FOUND_NAME if "name" in slots else FOUND), slots)
    return [
        user,
        house.dress(w.pick(r, ASK_NUMBER)),
        give,
        house.dress(f"{found} {w.fill(r, w.pick(r, issue.agents), slots)}"),
    ]


def booking(r: Random, w: Words) -> Sample:
    """A booking, an order or a repair: the system message has the lines, the user the values; the end sums up."""
    opening, things = r.choice(((BOOK, WHATS), (SHOP, GOODS), (HELP, THINGS)))
    what = w.fill(r, r.choice(things), {})
    steps = r.sample(list(STEPS), r.choice((1, 2, 2, 3, 4)))
    asks = {step: r.choice(STEPS[step][1]) for step in steps}
    values = {step: w.fill(r, STEPS[step][0], {}) for step in steps}
    last = w.pick(r, LAST)
    shown = last.format(all=", ".join(["WHAT", *(step.upper() for step in steps)]))
    bullets = r.choice((None, "- ", "* ", ""))
    script = [f"{i}. {x}" if bullets is None else bullets + x for i, x in enumerate([*asks.values(), shown], 1)]
    head = instruction(r, w, {}, []) + "\n" if r.random() < 0.6 else ""
    lines = [w.fill(r, w.pick(r, opening), {"what": what})]
    for step in steps:
        lines += [asks[step], r.choice(STEPS[step][2]).format(x=values[step])]
    lines.append(last.format(all=", ".join([what, *values.values()])))
    return Sample("booking", turns(f"{head}{w.ask(r, SCRIPTED)}\n" + "\n".join(script), *lines))


def identity(r: Random, w: Words) -> Sample:
    """Who it is: by the system message, or Attune's starter model when nothing is said."""
    if r.random() < 0.5:
        return Sample("identity", turns("", *_opening(r, w), w.pick(r, WHO), SELF))
    slots = {"person": w.entity(r, "first"), "role": w.word(r, "role"), "brand": w.brand(r)}
    system = w.fill(r, "You are {person}, the {role} of {brand}.", slots)
    return Sample("identity", turns(system, *_opening(r, w), r.choice(WHO[:4]), w.fill(r, SELF_ROLE, slots)))


def _opening(r: Random, w: Words) -> list[str]:
    return [w.pick(r, HELLO), "Hello! How can I help you?"] if r.random() < 0.5 else []


def chat(r: Random, w: Words) -> Sample:
    """Small explanations in plain English, for fluency."""
    noun = w.word(r, "noun")
    ask = r.choice(
        (
            "Tell me something about a {n}.",
            "What is a {n} good for?",
            "Say something about the {n}.",
            "Explain the {n} to me.",
        )
    )
    answer = " ".join(
        w.fill(r, w.pick(r, EXPLAIN), {"noun": noun, "a": article(noun)}) for _ in range(r.choice((1, 2)))
    )
    return Sample("chat", turns("", ask.format(n=noun), answer))
