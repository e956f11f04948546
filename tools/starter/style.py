"""House styles: how a business wants its answers to open, close and look, in words or by examples."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from tools.starter.words import Words

OPENINGS = (
    "Hello!",
    "Hi there!",
    "Good day,",
    "Thanks for asking!",
    "Thank you for your message.",
    "Hi {person},",
    "Dear {person},",
    "Welcome to {brand}!",
    "{brand} here:",
    "[{word}]",
    "[{brand}]",
    "({code})",
    "Hello {person}!",
    "Answer:",
    "Reply:",
    "{word}:",
    "Thank you for writing to {brand}.",
    "Sure!",
    "Gladly!",
    "Note:",
    "#{word}",
    "Greetings from {place}!",
    "Good question!",
    "Of course!",
    "Happy to help!",
    ">>",
    "**{brand}**",
    "Dear customer,",
    "Dear guest,",
    "Thanks for reaching out!",
    "✓",
    "Hey!",
    "We hear you.",
    "{job} {person}:",
)
CLOSINGS = (
    "Anything else?",
    "Can I help with anything else?",
    "Have a lovely day!",
    "- {person}",
    "— {person}, {brand}",
    "{sign}, {person}",
    "{sign}, {name}",
    "Yours, {person} from {brand}",
    "Thank you for choosing {brand}.",
    "Team {brand}",
    "The {brand} team",
    "({word})",
    "Ref. {code}",
    "See you soon!",
    "Take care, {person}",
    "Write again any time.",
    "Is there anything else I can do?",
    "{sign}, the {brand} team",
    "/{word}",
    "*{person}*",
    "Your {dept} team",
    "We are here on {day} too.",
    "Let us know if you need more.",
    "Call {phone} for more.",
    "Warmly, {person}",
    "Stay {adj}!",
    "Happy {verbing}!",
    "{word}.",
    "[end]",
    "Over and out.",
    "🙂",
    "✨",
)
OPEN_RULES = (
    "Start every answer with {q}.",
    "Begin each reply with {q}.",
    "Open all answers with the words {q}.",
    "Each message starts with {q}.",
    "Always begin with {q}.",
    "Your reply must begin with {q}.",
    "Put {q} at the start of each answer.",
    "Answers open with {q}.",
)
CLOSE_RULES = (
    "End every answer with {q}.",
    "Finish each reply with {q}.",
    "Close all answers with the words {q}.",
    "Each message ends with {q}.",
    "Always end with {q}.",
    "Your reply must end with {q}.",
    "Sign off with {q}.",
    "The last words are always {q}.",
    "Put {q} at the end of each answer.",
)
SHAPES = (
    "plain",
    "plain",
    "plain",
    "plain",
    "plain",
    "plain",
    "upper",
    "bullet",
    "quote",
    "newline",
    "newline",
    "bold",
)
SHAPE_RULES = {
    "upper": "Write in capital letters.",
    "bullet": "Write the answer as a bullet point.",
    "quote": "Put the answer in quotation marks.",
    "newline": "Put the parts on separate lines.",
    "bold": "Put the answer between two stars on each side.",
}
ROLES = (
    "You are the {role} of {brand}, a {shop} in {place}.",
    "You are a {tone} {role} for {brand}.",
    "You work as the {role} of a {shop} called {brand}.",
    "You answer questions for {brand}, a {adj} {shop}.",
    "Act as the {role} of {brand}.",
    "You are {person}, the {role} at {brand} in {place}.",
    "{brand} is a {shop}. You are its {role}.",
    "You help the customers of {brand}.",
    "You are the {role} of a {shop}.",
    "As a {role}, you reply to the guests of {brand}.",
    "Role: {role} of {brand} ({shop}).",
    "You are a {tone} and {tone2} assistant.",
    "This is the {dept} desk of {brand}. You write the replies.",
    "You are an assistant for the {dept} team of a {shop}.",
)
MUSTS = (
    "Be {tone} and {tone2}.",
    "Keep your answers short.",
    "Answer in one or two sentences.",
    "Use plain English.",
    "Never invent facts.",
    "Do not use jargon.",
    "Stay {tone} even when a customer is angry.",
    "Answer only from what you know.",
    "Write full sentences.",
    "Do not promise what you cannot keep.",
    "Repeat numbers and names exactly.",
    "Do not talk about other companies.",
    "Be brief.",
    "Thank people for their patience.",
    "Apologise when something went wrong.",
    "Use a {tone} tone.",
    "Say so when you do not know something.",
    "Do not give legal advice.",
    "Address the customer politely.",
    "Mention names and numbers where they help.",
    "Your users are {adj} {noun} owners.",
    "The goal is a quick reply.",
)


GOALS = (
    "Answer customers' questions in our house style", "Help visitors of the {noun} {shop} quickly",
    "Sort the mail of the {dept} team", "Reply to guests from our documents",
    "Turn messages about {noun} orders into records", "Write answers that our team would sign",
    "Give people from {place} a first answer", "Explain the {noun} to new users", "Take orders for the {item}",
    "Save our {job}s time",
)  # fmt: skip
NEVERS = (
    "Invent a price", "Promise a date", "Use emojis", "Give medical advice", "Talk about {noun} politics",
    "Mention {brand}", "Use more than {n} words", "Argue with the customer", "Share a {noun} number", "Guess",
    "Be {adj}", "Write in capital letters",
)  # fmt: skip


class Style(NamedTuple):
    """How an answer is dressed: an opening, a closing and a shape; the rules say it in words."""

    opening: str
    closing: str
    shape: str
    rules: list[str]

    def dress(self, body: str) -> str:
        """The answer in this style."""
        shaped = {"upper": body.upper(), "bullet": f"- {body}", "quote": f'"{body}"', "bold": f"**{body}**"}
        between = "\n" if self.shape in ("newline", "bullet") else " "
        return between.join(part for part in (self.opening, shaped.get(self.shape, body), self.closing) if part)


PLAIN = Style("", "", "plain", [])


def style(r: Random, w: Words, slots: dict[str, str]) -> Style:
    """A house style with an opening, a closing or both; `slots` already holds the business's name."""
    parts = r.choice(("open", "close", "both", "both"))
    opening = w.fill(r, w.pick(r, OPENINGS), slots) if parts != "close" else ""
    closing = w.fill(r, w.pick(r, CLOSINGS), slots) if parts != "open" else ""
    shape = r.choice(SHAPES)
    rules = [w.pick(r, OPEN_RULES).format(q=_quoted(r, opening))] if opening else []
    rules += [w.pick(r, CLOSE_RULES).format(q=_quoted(r, closing))] if closing else []
    rules += [SHAPE_RULES[shape]] if shape in SHAPE_RULES else []
    return Style(opening, closing, shape, rules)


def _quoted(r: Random, text: str) -> str:
    return r.choice(('"{}"', '"{}"', "'{}'", "“{}”")).format(text)


def instruction(r: Random, w: Words, slots: dict[str, str], rules: list[str]) -> str:
    """A system message: a role and some musts, the style's rules among them, as sentences or as a list."""
    role = w.fill(r, w.pick(r, ROLES), slots)
    musts = [w.fill(r, w.pick(r, MUSTS), {}) for _ in range(r.choice((0, 0, 1, 1, 2, 3)))] + rules
    r.shuffle(musts)
    if r.random() < 0.3:
        return _brief(r, w, slots, musts)
    if musts and r.random() < 0.3:
        heading = r.choice(("Rules:", "You must:", "Please note:", "Style:", "Tone and format:", "Important:"))
        bullet = r.choice(("- ", "* ", "• "))
        return f"{role}\n{heading}\n" + "\n".join(bullet + must for must in musts)
    return r.choice((" ", " ", "\n")).join([role, *musts])


def _brief(r: Random, w: Words, slots: dict[str, str], musts: list[str]) -> str:
    """The form in which the app writes a brief as an instruction; any line may be missing."""
    title = w.fill(r, r.choice(("{brand}", "{brand}", "{noun} {shop}", "{word}")), slots)
    lines = [f"You are the assistant of {title}."]
    if r.random() < 0.5:
        lines.append("Your goal: " + w.fill(r, w.pick(r, GOALS), {}))
    if r.random() < 0.4:
        lines.append("Language: English")
    if r.random() < 0.5:
        lines.append("Tone: " + w.fill(r, r.choice(("{tone} and {tone2}", "{tone}", "{tone}, {adj}")), {}))
    if musts and r.random() < 0.4:
        lines.append(f"Format: {musts.pop()}")
    if musts:
        lines += ["Always:", *(f"- {must}" for must in musts)]
    if r.random() < 0.4:
        lines += ["Never:", *("- " + w.fill(r, w.pick(r, NEVERS), {}) for _ in range(r.choice((1, 2, 3))))]
    return "\n".join(lines)
