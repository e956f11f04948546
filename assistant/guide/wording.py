"""What a message means: answers, skips, corrections, facts and questions, read by rules. Pure functions of the text."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from assistant.conversations.formats import pasted
from assistant.guide import commands, cues, facts, terms
from assistant.record.types import OPTIONAL_FIELDS

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
    "examples": ("examples", "good answers", "good examples"),
    "bad_example": ("bad example", "bad_example", "bad answer"),
}
_FIELD = {alias: name for name, aliases in ALIASES.items() for alias in aliases}
_LONGEST_FIRST = sorted(_FIELD, key=len, reverse=True)
_ALIAS = "|".join(map(re.escape, _LONGEST_FIRST))
_NOUN = "|".join(re.escape(alias) for alias in _LONGEST_FIRST if _FIELD[alias] not in ("must", "must_not"))

_LEAD = (
    r"(?:(?:no|nope|sorry|actually|wait|hmm|oh|well|oops|correction|i meant|i mean|rather|please|and|also|but|so)\b"
    r"[,:.!]?\s+)*"
)
_MARKED = re.compile(rf"(?:^|(?<=[;\n,.]))\s*{_LEAD}(?:the |our |my |brand |house )*({_ALIAS})\s*[:=]\s*", re.I)
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
_NOT_BUT = re.compile(
    rf"^{_LEAD}(?:the |our |my )?({_NOUN}) (?:is|are|should be|must be) not .+?[,;]? (?:but|it (?:should|must) be"
    rf"|it is|rather)"
    r" (?:rather )?(.+)$",
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
_MEANT = re.compile(
    r"^(?:(?:no|sorry|oh|wait),? )*(?:i meant?|make that|i should have said|correction):? (.+)$", re.I | re.S
)

_EXPLAIN = re.compile(
    r"^(?:please |can you |could you )*"
    r"(?:explain|define|what(?:'s| is| are| does| do)|tell me about|meaning of|what do you mean by)"
    r"(?: to me)? (?:the |an? )?(.+?)(?: means?| stand for| again| please)?$",
    re.I,
)
_OPEN = r"what|how|why|which|who|where|when"
_ASKING = re.compile(rf"^(?:and |but |so )?(?:{_OPEN}|can|could|do|does|is|are|should|will|would|may)\b", re.I)
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
    "|no special|nothing else|none of them|none yet|nothing yet|nothing so far|not applicable|i don't mind|irrelevant"
    "|not important|not relevant|it doesn't matter|that doesn't matter|doesnt matter|dont care|idc"
    "|no requirements|not needed|not necessary|unnecessary".split("|")
)
_NOTHING_LIKE = re.compile(
    r"^(?:no|nope|nah|none|nothing|not really|well no)(?: (?:no|nothing|none|not|really|special|fixed|specific"
    r"|particular"
    r"|in particular|at all|so far|yet|right now|thanks|thank you|sorry|fixed form|special format|rules?))*$"
    r"|^(?:there (?:is|are) |we have )?no (?:(?:special|particular|fixed|specific|set|strict|real) )?"
    r"(?:form|format|style|tone|rules?|requirements?|preferences?|structure)(?: (?:really|yet|at all|needed"
    r"|required))?$"
    r"|^(?:(?:no|nope|sorry) )?(?:(?:i|we) )?(?:do not|don'?t|dont|haven'?t(?: got)?) (?:have|got)? ?(?:an?|any"
    r"|such)? ?(?:\w+ )?"
    r"(?:one|ones|any|examples?|samples?|anything)(?: (?:yet|sorry|at hand|to hand|right now|like that))*$"
    r"|^(?:sorry )?(?:i|we) have (?:none|nothing|no (?:\w+ )?(?:one|examples?|answers?))(?: (?:yet|to hand|at hand"
    r"|sorry|right now))*$"
    r"|^not (?:right )?(?:now|yet|today)(?: sorry| thanks)?$",
    re.I,
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
    r"^(?:i )?(?:do not|don'?t|dont|haven'?t) (?:have|got) (?:a|any|the (?:slightest|faintest)) (?:clue"
    r"|idea)(?: (?:yet|ask me later))*$"
    r"|^(?:i )?(?:do not|don'?t|dont) know (?:what|how|where|which|if|whether)\b[^.\d]{0,40}$"
    r"|^(?:well )?(?:i )?(?:really |just |honestly )?(?:do not|don'?t|dont|cannot|can'?t"
    r"|couldn'?t) (?:really )?(?:know|say|tell)"
    r"(?: (?:yet|that|this|it|the answer|now|really))*$"
    r"|^(?:i'?m |i am )?(?:not (?:really )?(?:sure|certain)|unsure|undecided)(?: (?:yet|about (?:that|this|it)))*$"
    r"|^(?:sorry )?(?:i )?(?:have )?(?:no idea|idk|dunno|no clue|hard to say|good question|can'?t think of (?:one"
    r"|any|anything))"
    r"(?: (?:yet|tbh|really|honestly|sorry|right now|at the moment))*$",
    re.I,
)
_REFUSAL = re.compile(
    r"^(?:(?:sorry|well|no|hmm) )*(?:(?:that'?s |it'?s |this is |that is )?(?:none of your business"
    r"|not your business|private"
    r"|(?:a )?secret|confidential|not important|too personal)"
    r"|i (?:won'?t|will not|refuse to|don'?t want to|do not want to|can'?t) (?:say|tell|answer|share|disclose)"
    r"(?: (?:that|this|it|you))*|no comment|not telling)(?: (?:please )?(?:skip|next)(?: (?:it|this|that|one))*)?$"
    r"|^.{0,40} (?:let'?s |please )?skip (?:it|this|that|this one|that one)$",
    re.I,
)
_YES_FIRST = re.compile(
    r"^(?:(?:(?:yes|yeah|yep|yup|sure|ok|okay)\b[,:;.!\s-]+|(?:right|well|so|hmm+|um+|uh|ok"
    r"|good question)[,:.]\s+)+)(?=\S)",
    re.I,
)
_FILLERS = re.compile(r"^(?:(?:hmm+|um+|uh+|er+|well|honestly|oh|sorry|tbh|i guess|like|so|ok|okay) )+", re.I)
_TAKEN_BACK = re.compile(
    r"^(.{1,60}?)[.,;!?-]*\s+(?:(?:oh|ah|hm+),? )?(?:no,? wait|wait,? no|no,? sorry|sorry,? no|scratch that|correction"
    r"|sorry,? i meant?|i meant?)\b[,:.]?\s+(.+)$",
    re.I | re.S,
)
_CAN_YOU = re.compile(r"^(?:can|could|would|will) (?:you|it|we|this|the \w+) ")
_SKIP_FIELD = re.compile(rf"^(?:please )?skip (?:the )?({_ALIAS})(?: question)?$", re.I)
_SKIP_ALL = re.compile(
    r"^(?:please )?skip (?:all|everything|the rest|all the rest|all of (?:it|them)|the interview)$", re.I
)


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
    if pasted.looks_like(said) and asked not in OPTIONAL_FIELDS:
        return Intent("paste", asked, said)
    bare = _FILLERS.sub("", plain) or plain
    found = _bare(plain, said, asked) or _skip(plain) or ((_bare(bare, said, asked) or _skip(bare)) if asked else None)
    if asked in OPTIONAL_FIELDS:  # a sample answer may look like anything else
        corrects = _CORRECTING.match(said) or (_SHOULD.match(said) and re.search(r"\b(?:should|must)\b", plain))
        found = found or (_correction(said, asked) if corrects else None) or _command(plain)
        return found or Intent("answer", asked, said)
    said = _last_word(said)
    found = found or _marked(said, asked) or (None if asked else _command(plain)) or _told(said, asked, several=True)
    found = found or _correction(said, asked) or _command(plain) or _question(said, plain, asked)
    found = found or _told(said, asked)
    return found or Intent("answer" if asked else "unclear", asked, _YES_FIRST.sub("", said) or said)


def _bare(plain: str, said: str, asked: str) -> Intent | None:
    """Messages of one fixed wording: yes, no, nothing, why."""
    if plain in _YES or (not asked and _AGREEING.match(plain)):
        return Intent("yes", asked, said)
    if plain in _NO:
        return Intent("no", asked, said)
    if plain in _NOTHING or _NOTHING_LIKE.match(plain):
        return Intent("nothing" if asked else "no", asked, said)
    return Intent("why", asked, said) if _WHY.match(plain) and not commands.read(plain) else None


def _skip(plain: str) -> Intent | None:
    if _SKIP_ALL.match(plain):
        return Intent("skip_all")
    if match := _SKIP_FIELD.match(plain):
        return Intent("skip", _FIELD[match[1].lower()])
    return Intent("skip") if any(p.match(plain) for p in (_SKIP, _UNKNOWN, _REFUSAL)) else None


def _last_word(said: str) -> str:
    """A message without what it takes back: "German. No wait, English"."""
    match = _TAKEN_BACK.match(said)
    return match[2] if match and len(match[1].split()) <= 3 else said


def _told(said: str, asked: str, several: bool = False) -> Intent | None:
    """Facts that are not marked. `several`: only where the message tells about more than one question."""
    found = facts.find(said, asked)
    if found is None or (several and len(found.told) + bool(found.rest) < 2):
        return None
    facts_by_field = dict(found.told)
    if asked and found.rest:
        facts_by_field[asked] = _YES_FIRST.sub("", found.rest) or found.rest
    return Intent("facts", asked, facts=facts_by_field)


def _marked(said: str, asked: str) -> Intent | None:
    """Facts marked by name, "tone: warm; format: two sentences"; what stands before them answers the question."""
    marks = list(_MARKED.finditer(said))
    if not marks:
        return None
    told: dict[str, str | list[str]] = {}
    before = re.sub(rf"^{_LEAD}$", "", said[: marks[0].start()].strip(" ;,.\n") + " ", flags=re.I).strip()
    parts = [(asked, before)] if before and asked else []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        value = said[mark.end() : following.start() if following else len(said)].strip(" ;,\n")
        name = _FIELD[mark[1].lower()]
        if name == asked and mark[1].lower() != name:  # "Length: two sentences" is all of it the answer about the form
            value = f"{mark[1]}: {value}" if value else ""
        parts += [(name, value)] if value else []
    named: dict[str, str] = {}
    for name, value in parts:  # "users: our team. Never mention prices" tells about the next field too
        more = facts.find(value, name)
        if more and more.rest:
            told, value = more.told | told, more.rest
        named[name] = f"{named[name]}; {value}" if name in named else value
    found = {**told, **named}
    return Intent("facts", asked, facts=found) if found else None


def _correction(said: str, asked: str) -> Intent | None:
    """ "Actually the tone should be formal", "change the goal to ...", "it must also never ..."."""
    text = said.rstrip(" .!?")
    if match := _AGAIN.match(text):
        return Intent("ask", _FIELD[match[1].lower()])
    if match := _WHAT_SAID.match(text):
        return Intent("ask", _FIELD[(match[1] or match[2]).lower()])
    if match := _NOT_BUT.match(text):
        return Intent("facts", asked, facts={_FIELD[match[1].lower()]: match[2]})
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
    if asked == "goal" and (match := _CAN_YOU.match(plain)) and cues.TASK.match(plain[match.end() :]):
        return None  # "can you sort our mails?" is what it should do
    start = _ASKING_OPENLY if asked == "success" else _ASKING
    marked = said.endswith("?") or not asked  # with no question of ours open, it needs no mark to be one
    return Intent("question", asked, said) if marked and start.match(plain) else None
