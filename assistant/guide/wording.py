"""What a message means: commands, answers, corrections and facts, read by rules. Pure functions of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

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
_ALIAS = "|".join(sorted(map(re.escape, _FIELD), key=len, reverse=True))
_NOUN = "|".join(sorted((re.escape(a) for a, f in _FIELD.items() if f not in ("must", "must_not")), key=len, reverse=True))

_LEAD = r"(?:(?:no|nope|sorry|actually|wait|hmm|oh|well|oops|correction|i meant|i mean|rather|please|and|also|but|so)\b[,:.!]?\s+)*"
_MARKED = re.compile(rf"(?:^|(?<=[;\n,.]))\s*(?:the |our |my )?({_ALIAS})\s*[:=]\s*", re.I)
_SHOULD = re.compile(
    rf"^{_LEAD}(?:the |our |my )?({_NOUN}) (?:should(?: always)? be|shall be|must be|needs? to be|ha(?:s|ve) to be|is|are|will be)"
    r"(?: rather| more like)? (.+)$", re.I | re.S)  # fmt: skip
_CHANGE = re.compile(
    rf"^{_LEAD}(?:can you |could you |let'?s |i want to |i'?d like to )?(?:change|set|make|update|correct|fix)"
    rf" (?:the |our |my )?({_ALIAS})\b(?: to be| to| into| as|:| =)?\s*(.*)$", re.I | re.S)  # fmt: skip
_ADD = re.compile(
    rf"^(?:{_LEAD}(?:it |the assistant |answers? )?|add(?: to)?:? )(must not|must never|should never|never|don'?t|must always|must|always)\s+(.+)$",
    re.I | re.S)  # fmt: skip
_ALSO = re.compile(r"^(?:and |please )?(?:also|additionally|add)\b", re.I)

_FILL = r"(?:(?:please|ok|okay|yes|now|and|then|so|let'?s|let us|can you|could you|would you|i want(?: you)? to|i'?d like(?: you)? to|i would like(?: you)? to|just|go ahead and|time to|propose(?: to| an?| the)?|start|run|do|begin|make)\s+)*"  # noqa: E501
_TAIL = r"(?:\s+(?:now|please|it|this|again|then|for me|right away|immediately|today))*"
_TRAINERS = r"unsloth|trl|autotrain|openai|azure|hugging ?face|hf"
_OPTIONS = rf"(?:[\s,]+(?:with|using|for|on|at|and|a|an|of|{_TRAINERS}|\d[\d.e-]*|one|two|three|epochs?|steps?|lora|rank|learning|rate|lr|batch|size|seed|max))*"  # noqa: E501
_COMMANDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"^{pattern}$", re.I))
    for kind, pattern in (
        ("cancel", r"(?:please )?(?:cancel|stop|abort|end) (?:the |this )?(?:training|job|run|fine-?tuning|it)"),
        ("baseline", rf"{_FILL}(?:(?:re)?build|create|set up|make)?\s*(?:the |a |my )?base ?line{_TAIL}"),
        ("dataset", rf"{_FILL}(?:(?:re)?build|create|freeze|make)?\s*(?:the |a |my )?(?:data ?set|training data){_TAIL}"),
        ("train", rf"{_FILL}(?:the )?(?:train(?:ing)?|fine[- ]?tun(?:e|ing))(?: (?:a|the|my|this) model)?{_TAIL}{_OPTIONS}{_TAIL}"),
        ("evaluate", rf"{_FILL}(?:the |an )?(?:evaluat(?:e|ion)|measure(?:ment)?|benchmark|compare|test)"
                     rf"(?: (?:the |my |all )?(?:models?|variants?|results?|them|baseline))?{_TAIL}"),
        ("switch", rf"{_FILL}(?:switch(?:ing)?(?: over)?|deploy|activate|use|go live)(?: (?:to|with))?"
                   rf"(?: (?:the |my )?(?P<variant>(?:new |tuned |trained |fine-?tuned )*model|tuned(?: ?\+ ?rag)?|prompt"
                   rf"|rag(?: ?\+ ?few-shot)?|few-shot)(?: variant)?)?{_TAIL}"),
        ("undo", rf"{_FILL}(?:undo|revert|roll ?back|switch back)(?: (?:the |that |last |to |it)*(?:switch|model|old model|previous model|before)?)?{_TAIL}"),  # noqa: E501
        ("back", r"(?:please )?(?:go |one |a )*(?:step )?back(?: one(?: question)?| a question| please| to the (?:last|previous) question)?"
                 r"|(?:the )?previous(?: question)?"),
        ("status", r"(?:the |show |show me |what(?:'?s| is) the )*(?:status|state|progress)(?: of (?:the )?(?:training|job|case))?"
                   r"|where (?:am i|are we|do (?:i|we) stand)(?: now)?|how far (?:am i|are we|is it)"
                   r"|how(?:'?s| is)? (?:the )?(?:training|job|it)(?: going| doing)?|is (?:it|the training) (?:done|ready|finished)(?: yet)?"
                   r"|(?:the )?jobs?"),
        ("next", r"(?:and |so |ok,? |okay,? )*(?:what(?:'?s| is)? (?:next|now)|next(?: step)?|continue|go on|proceed|carry on"
                 r"|what (?:should|do|can) (?:i|we) do(?: next| now)?)"),
        ("summary", r"(?:the |show |show me |a |my |give me |please )*(?:summary|brief|summari[sz]e|sum up)(?: it| this| please)?"
                    r"|what (?:have you|did you) (?:understood|understand|noted?|write down)(?: so far)?|what do you know(?: so far)?"),
        ("help", r"help(?: me)?|what can (?:you|i) (?:do|say|ask)(?: here)?|commands|options|menu|how does (?:this|it) work"),
        ("documents", r"(?:please |i want to |i'?d like to |can i |how (?:do|can) i |how to )*(?:add|upload|import|attach)"
                      r" (?:a |an |my |our |some |the |more )?(?:documents?|files?|pdfs?|docs)"),
        ("hello", r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|start|begin|let'?s (?:go|start|begin))(?: there| attune)?"),
        ("thanks", r"(?:many )?(?:thanks|thank you|thx|cheers)(?: a lot| so much| very much)?"),
    )
)  # fmt: skip
_URGE = re.compile(r"\b(?:start|begin|run|launch) (?:the |a )?(?:training|fine-?tuning|train)(?: (?:now|right away|immediately|job))*$", re.I)
_EXPLAIN = re.compile(
    r"^(?:please |can you |could you )*(?:explain|define|what(?:'s| is| are| does| do)|tell me about|meaning of"
    r"|what do you mean by)(?: to me)? (?:the |an? )?(.+?)(?: means?| stand for| again| please)?$", re.I)  # fmt: skip
_ASKING = re.compile(r"^(?:and |but |so )?(?:what|how|why|which|who|where|when|can|could|do|does|is|are|should|will|would|may)\b", re.I)
_OPEN = re.compile(r"^(?:and |but |so )?(?:what|how|why|which|who|where|when)\b", re.I)

_YES = frozenset(
    "yes|y|yeah|yep|yup|sure|ok|okay|of course|please do|do it|do that|go ahead|sounds good|sounds great|fine|correct|right"
    "|that's right|that is right|yes please|please|let's go|let's do it|alright|all right|absolutely|certainly|looks good"
    "|good|great|perfect|exactly|confirm|confirmed|i confirm|agreed|approve|start it|yes do it|yes go ahead|ok do it".split("|"))
_NO = frozenset(
    "no|n|nope|nah|no thanks|no thank you|not now|not yet|don't|do not|rather not|better not|decline|declined|no don't"
    "|not today|maybe later".split("|"))  # fmt: skip
_NOTHING = frozenset(
    "none|nothing|nothing special|nothing in particular|nothing particular|no rules|n/a|na|-|no preference|anything|any"
    "|doesn't matter|does not matter|whatever|up to you|you decide|you choose|don't care|i don't care|not really|no special"
    "|nothing else|none of them|none yet|nothing yet|nothing so far|not applicable|i don't mind".split("|"))  # fmt: skip
_SKIP = re.compile(
    r"^(?:please |let'?s |i'?d rather |can we |i want to )?(?:skip|pass|leave)(?: (?:it|this|that|open|empty|out|the|question|one|on|for now|please))*$"
    r"|^(?:well )?(?:i )?(?:really |just |honestly )?(?:do not|don'?t|dont|cannot|can'?t) (?:really )?(?:know|say|tell)(?: (?:yet|that|this|it|the answer|now|really))*$"  # noqa: E501
    r"|^(?:i'?m |i am )?(?:not (?:really )?(?:sure|certain)|unsure|undecided)(?: (?:yet|about (?:that|this|it)))*$"
    r"|^(?:no idea|idk|dunno|no clue|hard to say|good question|later|ask me later|next question|i have no idea)$", re.I)  # fmt: skip
_SKIP_FIELD = re.compile(rf"^(?:please )?skip (?:the )?({_ALIAS})(?: question)?$", re.I)
_SKIP_ALL = re.compile(r"^(?:please )?skip (?:all|everything|the rest|all the rest|all of (?:it|them)|the interview)$", re.I)


@dataclass(frozen=True)
class Intent:
    """What a message asks for. `facts` holds answers by field; lists in it are to be added to what is there."""

    kind: str
    field: str = ""
    text: str = ""
    facts: dict[str, str | list[str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


def read(text: str, asked: str = "") -> Intent:
    """The intent of a message. `asked` is the field of the question it answers, empty when none was asked."""
    said = text.replace("’", "'").replace("‘", "'").strip()
    plain = re.sub(r"\s+", " ", said.lower().strip(" \t\n.!?,;:\"'")) or said
    return (
        _bare(plain, said, asked) or _skip(plain) or _facts(said, asked) or _correction(said, asked)
        or _command(plain) or _question(said, plain, asked) or Intent("answer" if asked else "unclear", asked, said)
    )  # fmt: skip


def train_options(text: str) -> dict[str, Any]:
    """Options named in a request to train: trainer, epochs, max_steps, lora_rank, learning_rate, batch_size, seed."""
    low = text.lower()
    found: dict[str, Any] = {}
    if match := re.search(rf"\b({_TRAINERS})\b", low):
        found["trainer"] = match[1]
    words = {"one": "1", "two": "2", "three": "3"}
    for name, pattern, kind in (
        ("epochs", r"(\d+(?:\.\d+)?|one|two|three) epochs?", float), ("max_steps", r"(\d+) steps", int),
        ("lora_rank", r"rank (?:of )?(\d+)", int), ("batch_size", r"batch(?: size)? (?:of )?(\d+)", int),
        ("learning_rate", r"(?:learning rate|lr) (?:of )?(\d[\d.e-]*)", float), ("seed", r"seed (\d+)", int),
    ):  # fmt: skip
        if match := re.search(pattern, low):
            found[name] = kind(words.get(match[1], match[1]))
    return found


def _bare(plain: str, said: str, asked: str) -> Intent | None:
    """Messages of one fixed wording: yes, no, nothing, why."""
    if plain in _YES:
        return Intent("yes", asked, said)
    if plain in _NO:
        return Intent("no", asked, said)
    if plain in _NOTHING:
        return Intent("nothing" if asked else "no", asked, said)
    if re.match(r"(?:but |and )?why\b", plain) or plain in ("what for", "reason", "what is this for", "is this important"):
        return Intent("why", asked, said)
    return None


def _skip(plain: str) -> Intent | None:
    if _SKIP_ALL.match(plain):
        return Intent("skip_all")
    if match := _SKIP_FIELD.match(plain):
        return Intent("skip", _FIELD[match[1].lower()])
    if _SKIP.match(plain):
        return Intent("skip", text="" if re.match(r"(?:please |let's )?(?:skip|pass|next|later)", plain) else "unknown")
    return None


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
        if value:
            found[_FIELD[mark[1].lower()]] = value
    return Intent("facts", asked, facts=found) if found else None


def _correction(said: str, asked: str) -> Intent | None:
    """ "Actually the tone should be formal", "change the goal to ...", "it must also never ..."."""
    text = said.rstrip(" .!")
    if (match := _CHANGE.match(text)) or (match := _SHOULD.match(text)):
        name = _FIELD[match[1].lower()]
        if name == asked == "goal":  # a description of the goal may well begin so: keep it whole
            return None
        value = match[2].strip(" \"'")
        return Intent("facts", asked, facts={name: value}) if value else Intent("ask", name)
    if (match := _ADD.match(text)) and (not asked or _ALSO.match(text)):
        word = match[1].lower()
        name = "must_not" if re.search(r"not|never|don'?t", word) else "must"
        return Intent("facts", asked, facts={name: [match[2].strip()]})
    if match := re.match(r"^(?:no,? |sorry,? )?i meant?:? (.+)$", text, re.I | re.S):
        return Intent("meant", asked, match[1])
    return None


def _command(plain: str) -> Intent | None:
    for kind, pattern in _COMMANDS:
        if match := pattern.match(plain):
            options = train_options(plain) if kind == "train" else {}
            if kind == "switch" and match["variant"]:
                options["variant"] = match["variant"]
            return Intent(kind, text=plain, options=options)
    return Intent("train", text=plain, options=train_options(plain)) if _URGE.search(plain) else None


def _question(said: str, plain: str, asked: str) -> Intent | None:
    """A question to the guide, unless it may be the answer: a success test is often worded as one."""
    if (match := _EXPLAIN.match(plain)) and (said.endswith("?") or plain.startswith(("explain", "define", "what"))):
        return Intent("explain", asked, match[1])
    start = _OPEN if asked == "success" else _ASKING
    return Intent("question", asked, said) if said.endswith("?") and start.match(plain) else None
