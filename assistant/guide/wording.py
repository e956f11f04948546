"""What a message means: answers, skips, corrections, facts and questions, read by rules. Pure functions of the text."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from assistant.guide import commands, terms

ALIASES: dict[str, tuple[str, ...]] = {
    "goal": ("goal", "purpose", "use case", "aim", "objective", "task"),
    "users": ("users", "user", "audience", "readers", "reader"),
    "language": ("language", "languages"),
    "tone": ("tone", "tone of voice", "voice", "style"),
    "format": ("format", "answer format", "output format", "form", "length"),
    "must": ("must", "must do", "must always", "always", "requirements"),
    "must_not": ("must not", "must_not", "must never", "mustn't", "never", "forbidden", "avoid"),
    "success": ("success", "success test", "success criterion", "success measure", "measure of success", "metric"),
    "alternatives": ("alternatives", "alternatives tried", "tried so far", "tried"),
    "costs": ("costs", "cost", "budget"),
    "benefits": ("benefits", "benefit", "expected benefit"),
}
_FIELD = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
_LONGEST_FIRST = sorted(_FIELD, key=len, reverse=True)
_ALIAS = "|".join(map(re.escape, _LONGEST_FIRST))
_NOUN = "|".join(re.escape(alias) for alias in _LONGEST_FIRST if _FIELD[alias] not in ("must", "must_not"))

_LEAD = (
    r"(?:(?:no|nope|sorry|actually|wait|hmm|oh|well|oops|correction|i meant|i mean|rather|please|and|also|but|so)\b"
    r"[,:.!]?\s+)*"
)
_MARKED = re.compile(rf"(?:^|(?<=[;\n,.]))\s*(?:the |our |my )?({_ALIAS})\s*[:=]\s*", re.I)
_SHOULD = re.compile(
    rf"^{_LEAD}(?:the |our |my )?({_NOUN}) "
    r"(?:should(?: always)? be|shall be|must be|needs? to be|ha(?:s|ve) to be|is|are|will be)"
    r"(?: rather| more like)? (.+)$",
    re.I | re.S,
)
_CHANGE = re.compile(
    rf"^{_LEAD}(?:can you |could you |let'?s |i want to |i'?d like to )?(?:change|set|make|update|correct|fix)"
    rf" (?:the |our |my )?({_ALIAS})\b(?: to be| to| into| as|:| =)?\s*(.*)$",
    re.I | re.S,
)
_CORRECTING = re.compile(r"^(?:no\b|actually|sorry|wait|oops|correction|change|set)\b", re.I)
_RULE = re.compile(
    rf"^(?:{_LEAD}(?:it |the assistant |answers? )?|add(?: to)?:? )"
    r"(must not|must never|should never|never|don'?t|must always|must|always)\s+(?:also )?(.+)$",
    re.I | re.S,
)
_ALSO = re.compile(r"^(?:and |please )?(?:also|additionally|add)\b", re.I)
_AGAIN = re.compile(
    rf"^{_LEAD}(?:can we |can i |i want to |i'?d like to |please |let'?s )?"
    r"(?:go back to|back to|return to|ask me again about|(?:i )?changed my mind (?:about|on))"
    rf" (?:the |my )?(?:question (?:about|on) )?(?:the |my )?({_ALIAS})(?: question)?$",
    re.I,
)
_WHAT_SAID = re.compile(
    r"^(?:what(?:'s| is| was| are)|what did i (?:say|answer|tell you)(?: about| on| for)?|show(?: me)?)"
    rf" (?:my|the|our) (?:answer (?:to|on|about) )?(?:the )?({_ALIAS})(?: now| so far)?$"
    rf"|^what did i (?:say|answer|tell you)(?: about| on| for) (?:my|the|our )?\s*({_ALIAS})$",
    re.I,
)
_WRONG = re.compile(
    r"^(?:wrong|not right|incorrect|not correct)(?:[,;.:]? (?:and )?(?:it|they) (?:should|must|needs? to) be)? ?", re.I
)
_MEANT = re.compile(r"^(?:no,? |sorry,? )?i meant?:? (.+)$", re.I | re.S)

_EXPLAIN = re.compile(
    r"^(?:please |can you |could you )*"
    r"(?:explain|define|what(?:'s| is| are| does| do)|tell me about|meaning of|what do you mean by)"
    r"(?: to me)? (?:the |an? )?(.+?)(?: means?| stand for| again| please)?$",
    re.I,
)
_OPEN = r"what|how|why|which|who|where|when"
_ASKING = re.compile(
    rf"^(?:and |but |so )?(?:{_OPEN}|can|could|do|does|is|are|should|will|would|may)\b", re.I
)  # fmt: skip
_ASKING_OPENLY = re.compile(rf"^(?:and |but |so )?(?:{_OPEN})\b", re.I)

_YES = frozenset(
    "yes|y|yeah|yep|yup|sure|ok|okay|of course|please do|do it|do that|go ahead|sounds good|sounds great|fine|correct"
    "|right|that's right|that is right|yes please|please|let's go|let's do it|alright|all right|absolutely|certainly"
    "|looks good|good|great|perfect|exactly|confirm|confirmed|i confirm|agreed|approve|start it|yes do it"
    "|yes go ahead|ok do it".split("|")
)
_AGREEING = re.compile(r"^(?:yes|yeah|sure|ok|okay|please)(?: (?:go ahead|do|build|make|propose|freeze)\b.{0,30})$")
_NO = frozenset(
    "no|n|nope|nah|no thanks|no thank you|not now|not yet|don't|do not|rather not|better not|decline|declined"
    "|no don't|not today|maybe later".split("|")
)
_NOTHING = frozenset(
    "none|nothing|nothing special|nothing in particular|nothing particular|no rules|n/a|na|-|no preference|anything"
    "|any|doesn't matter|does not matter|whatever|up to you|you decide|you choose|don't care|i don't care|not really"
    "|no special|nothing else|none of them|none yet|nothing yet|nothing so far|not applicable|i don't mind".split("|")
)
_WHY = re.compile(r"^(?:but |and )?why\b|^(?:what for|reason|what is this for|is this important)$", re.I)
_SKIP = re.compile(
    r"^(?:please |let'?s |i'?d rather |can we |can i |may i |i want to )?(?:skip|pass|leave)"
    r"(?: (?:it|this|that|open|empty|out|the|question|one|on|for now|please))*$"
    r"|^(?:later|ask me later|next question)$"
    r"|^(?:i(?:'?d| would)? )?(?:rather|prefer) not(?: to)? (?:say|answer|tell)$",
    re.I,
)
_UNKNOWN = re.compile(
    r"^(?:well )?(?:i )?(?:really |just |honestly )?(?:do not|don'?t|dont|cannot|can'?t) (?:really )?(?:know|say|tell)"
    r"(?: (?:yet|that|this|it|the answer|now|really))*$"
    r"|^(?:i'?m |i am )?(?:not (?:really )?(?:sure|certain)|unsure|undecided)(?: (?:yet|about (?:that|this|it)))*$"
    r"|^(?:no idea|idk|dunno|no clue|hard to say|good question|i have no idea)$",
    re.I,
)
_SKIP_FIELD = re.compile(rf"^(?:please )?skip (?:the )?({_ALIAS})(?: question)?$", re.I)
_SKIP_ALL = re.compile(
    r"^(?:please )?skip (?:all|everything|the rest|all the rest|all of (?:it|them)|the interview)$", re.I
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Intent:
    """What a message asks for. `facts` holds answers by field; lists in it are to be added to what is there."""

    kind: str
    field: str = ""
    text: str = ""
    facts: dict[str, str | list[str]] = dataclasses.field(default_factory=dict)
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def read(text: str, asked: str = "") -> Intent:
    """The intent of a message. `asked` is the field of the question it answers, empty when none was asked."""
    said = text.replace("’", "'").replace("‘", "'").strip()
    plain = re.sub(r"[\s,;:]+", " ", said.lower()).strip(" .!?\"'") or said
    found = _bare(plain, said, asked) or _skip(plain) or _facts(said, asked) or _correction(said, asked)
    found = found or _command(plain) or _question(said, plain, asked)
    return found or Intent("answer" if asked else "unclear", asked, said)


def _bare(plain: str, said: str, asked: str) -> Intent | None:
    """Messages of one fixed wording: yes, no, nothing, why."""
    if plain in _YES or (not asked and _AGREEING.match(plain)):
        return Intent("yes", asked, said)
    if plain in _NO:
        return Intent("no", asked, said)
    if plain in _NOTHING:
        return Intent("nothing" if asked else "no", asked, said)
    return Intent("why", asked, said) if _WHY.match(plain) else None


def _skip(plain: str) -> Intent | None:
    if _SKIP_ALL.match(plain):
        return Intent("skip_all")
    if match := _SKIP_FIELD.match(plain):
        return Intent("skip", _FIELD[match[1].lower()])
    return Intent("skip") if _SKIP.match(plain) or _UNKNOWN.match(plain) else None


def _facts(said: str, asked: str) -> Intent | None:
    """Facts marked by name, "tone: warm; format: two sentences"; what stands before them answers the question."""
    marks = list(_MARKED.finditer(said))
    if not marks:
        return None
    found: dict[str, str | list[str]] = {}
    before = re.sub(rf"^{_LEAD}$", "", said[: marks[0].start()].strip(" ;,.\n") + " ", flags=re.I).strip()
    if before and asked:
        found[asked] = before
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        value = said[mark.end() : following.start() if following else len(said)].strip(" ;,\n")
        name = _FIELD[mark[1].lower()]
        if name == asked and mark[1].lower() != name:  # "Length: two sentences" is all of it the answer about the form
            value = f"{mark[1]}: {value}" if value else ""
        if value:
            found[name] = f"{found[name]}; {value}" if name in found else value
    return Intent("facts", asked, facts=found) if found else None


def _correction(said: str, asked: str) -> Intent | None:
    """ "Actually the tone should be formal", "change the goal to ...", "it must also never ..."."""
    text = said.rstrip(" .!?")
    if match := _AGAIN.match(text):
        return Intent("ask", _FIELD[match[1].lower()])
    if match := _WHAT_SAID.match(text):
        return Intent("ask", _FIELD[(match[1] or match[2]).lower()])
    if (match := _CHANGE.match(text)) or (match := _SHOULD.match(text)):
        name, value = _FIELD[match[1].lower()], _WRONG.sub("", match[2]).strip(" \"'")
        # what should get better is often worded so: an answer about the goal is kept whole
        if asked == "goal" and not _CORRECTING.match(text):
            return None
        return Intent("facts", asked, facts={name: value}) if value else Intent("ask", name)
    if (match := _RULE.match(text)) and (not asked or _ALSO.match(text)):
        name = "must_not" if re.search(r"not|never|don'?t", match[1], re.I) else "must"
        return Intent("facts", asked, facts={name: [match[2].strip()]})
    return Intent("meant", asked, match[1]) if (match := _MEANT.match(text)) else None


def _command(plain: str) -> Intent | None:
    found = commands.read(plain)
    return Intent(found[0], text=plain, options=found[1]) if found else None


def _question(said: str, plain: str, asked: str) -> Intent | None:
    """A question to the guide, unless it may be the answer: a success test is often worded as one, and "explain the
    next step" may be what every answer must do."""
    if (match := _EXPLAIN.match(plain)) and (terms.find(match[1]) or said.endswith("?") or plain.startswith("what")):
        return Intent("explain", asked, match[1])
    start = _ASKING_OPENLY if asked == "success" else _ASKING
    return Intent("question", asked, said) if said.endswith("?") and start.match(plain) else None
