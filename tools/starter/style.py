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
_ALL = (
    "every answer", "each reply", "all answers", "each message", "your reply", "everything you write", "any response",
)  # fmt: skip
_SAID = ("with {q}", "with the words {q}", "by saying {q}", "with this: {q}", "with exactly {q}")
OPEN_RULES = (
    *(f"{verb} {what} {how}." for verb in ("Start", "Begin", "Open", "Always start") for what in _ALL for how in _SAID),
    "Each message starts with {q}.", "Always begin with {q}.", "Your reply must begin with {q}.",
    "Answers open with {q}.",
    "Put {q} at the start of each answer.", "The first words of an answer are {q}.",
    "Write {q} first, then the answer.",
    "Put {q} in front of what you say.", "An answer begins with {q}.", "Lead with {q}.", "First comes {q}.",
    "All replies have {q} at the beginning.", "Say {q} before anything else.", "Opening: {q}", "Greeting: {q}",
    "Start: {q}",
)  # fmt: skip
CLOSE_RULES = (
    *(f"{verb} {what} {how}." for verb in ("End", "Finish", "Close", "Always end") for what in _ALL for how in _SAID),
    "Each message ends with {q}.", "Always end with {q}.", "Your reply must end with {q}.", "Sign off with {q}.",
    "The last words are always {q}.", "Put {q} at the end of each answer.", "Write {q} last, after the answer.",
    "Add {q} behind what you say.", "An answer closes with {q}.", "Sign every answer with {q}.",
    "At the end comes {q}.",
    "All replies have {q} at the end.", "Say {q} when you are done.", "Closing: {q}", "Farewell: {q}",
    "Signature: {q}",
)  # fmt: skip
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
    "upper": (
        "Write in capital letters.", "Use capital letters only.", "All in capitals, please.", "Use upper case.",
        "Everything in capital letters.", "Answer in upper case letters.", "Put the text in capitals.",
        "No small letters.",
    ),
    "bullet": (
        "Write the answer as a bullet point.", "Use a bullet point.", "The answer is one bullet point.",
        "Put the answer behind a dash.", "Format the answer as a list item.", "Answer with a bullet.",
        "Make it a bullet point.", "As a bullet point, please.",
    ),
    "quote": (
        "Put the answer in quotation marks.", "Quote the answer.", "Use quotation marks around the answer.",
        "Write the answer between quotation marks.", "The answer stands in quotes.", "Set the text in quotation marks.",
        "In quotation marks, please.", "Wrap the answer in quotes.",
    ),
    "newline": (
        "Put the parts on separate lines.", "Each part on a line of its own.", "Use a new line for each part.",
        "Break the line between the parts.", "Write every part on its own line.", "One line for each part.",
        "Separate the parts by line breaks.", "Start a new line after each part.",
    ),
    "bold": (
        "Put the answer between two stars on each side.", "Make the answer bold.", "Write the answer in bold.",
        "The answer is in bold type.", "Set the answer in bold letters.", "Use bold for the answer.",
        "In bold, please.", "Mark the answer with double stars.",
    ),
}  # fmt: skip
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
    rules = [w.ask(r, OPEN_RULES).format(q=_quoted(r, opening))] if opening else []
    rules += [w.ask(r, CLOSE_RULES).format(q=_quoted(r, closing))] if closing else []
    rules += [w.ask(r, SHAPE_RULES[shape])] if shape in SHAPE_RULES else []
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
