"""Dialogues: support, booking and help-desk talks of two to six turns; who it is; polite refusals."""

from __future__ import annotations

from random import Random

from tools.starter.sample import Issue, Sample, article, issues, turns
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
    "I would like to book {what} for {n} people.",
    "Can I reserve {what}, please?",
    "Do you have {what} on {day}?",
    "I need {what}.",
)
WHATS = (
    "a table",
    "a room",
    "a seat",
    "a lesson",
    "an appointment",
    "a guided tour",
    "a parking space",
    "a meeting room",
    "a boat trip",
)
WHEN = (
    "Of course. For which day and time?",
    "With pleasure. When would you like to come?",
    "Gladly. Which date suits you?",
)
DATES = ("On {day} at {time}.", "{date}, please.", "{day} around {time}, if possible.", "{date} at {time}")
NAMES = (
    "Thank you. Under which name may I book it?",
    "That is free. What is your name?",
    "Good, there is space. Your name, please?",
)
BOOKED = (
    "I have booked {what} for {name}, {when}. Your code is {code}.",
    "Thank you, {name}. You have {what}, {when}.",
    "All done, {name}: {what}, {when}. We look forward to your visit.",
)
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
    "I am Attune's starter model, a very small language model. "
    "I can read a text, copy, extract and follow examples.",
    "I am the small starter model that comes with Attune. "
    "I answer best when the facts stand in the conversation.",
    "I am a very small language model, made to be tuned with Attune.",
)
SELF_ROLE = (
    "I am {person}, the {role} of {brand}.",
    "My name is {person}. I am the {role} of {brand}.",
    "I am {person} from {brand}. How can I help?",
)
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
REFUSE = (
    "I am sorry, I cannot help with that. Is there anything about {brand} that I can do for you?",
    "Sorry, that is outside what I can do here. I can help with questions about {brand}.",
    "I am afraid I cannot answer that, but I am glad to help with your orders and bookings.",
    "That is not something I can help with. May I help you with {brand}?",
    "I cannot do that, sorry. Please ask me about our services.",
)
REFUSE_RULE = (
    "Only answer questions about {brand}.",
    "Refuse politely when a question is not about {brand}.",
    "Stay on the topic of {brand}.",
    "Do not answer questions about anything else.",
    "Never give private or medical advice.",
)
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
    system = instruction(r, w, slots, house.rules) if r.random() < 0.9 else ""
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
    """A booking in three steps: what, when, who."""
    what = r.choice(WHATS)
    slots = {"what": what}
    when = w.fill(r, w.pick(r, DATES), {})
    clean = when.rstrip(".").replace(", please", "").replace(", if possible", "")
    name = w.slot(r, "name")
    lines = [w.fill(r, w.pick(r, BOOK), slots), w.pick(r, WHEN), when, w.pick(r, NAMES), name]
    done = {
        "what": what,
        "when": clean[0].lower() + clean[1:] if clean.startswith("On ") else clean,
        "name": name,
    }
    options = BOOKED[1:]
    lines.append(w.fill(r, w.pick(r, options), done))
    return Sample("booking", turns(instruction(r, w, {}, []) if r.random() < 0.8 else "", *lines))


def identity(r: Random, w: Words) -> Sample:
    """Who it is: by the system message, or Attune's starter model when nothing is said."""
    if r.random() < 0.5:
        return Sample("identity", turns("", *_opening(r, w), w.pick(r, WHO), r.choice(SELF)))
    slots = {"person": w.entity(r, "first"), "role": w.word(r, "role"), "brand": w.brand(r)}
    system = w.fill(r, "You are {person}, the {role} of {brand}.", slots)
    return Sample(
        "identity", turns(system, *_opening(r, w), r.choice(WHO[:4]), w.fill(r, r.choice(SELF_ROLE), slots))
    )


def _opening(r: Random, w: Words) -> list[str]:
    return [w.pick(r, HELLO), "Hello! How can I help you?"] if r.random() < 0.5 else []


def refusal(r: Random, w: Words) -> Sample:
    """A question that a business's assistant declines."""
    slots = {"brand": w.brand(r)}
    house = style(r, w, dict(slots)) if r.random() < 0.3 else PLAIN
    system = instruction(r, w, slots, [*house.rules, w.fill(r, w.pick(r, REFUSE_RULE), slots)])
    return Sample(
        "refusal",
        turns(system, w.fill(r, w.pick(r, OFF), {}), house.dress(w.fill(r, w.pick(r, REFUSE), slots))),
    )


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
