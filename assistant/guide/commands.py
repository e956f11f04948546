"""Commands of the built-in guide: short messages that ask for a step, with the options they name.

A message is a command when a word of it asks for the step and nothing in it is foreign to that step: "train on what we
have" is one, "train our colleagues on the phone system" is not. So many wordings are understood, and answers to the
interview's questions stay answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

TRAINERS = r"unsloth|trl|autotrain|openai|azure|hugging ?face|hf"

_FIXED = {
    "back": (
        r"(?:please |can we |can i |let'?s |i want to )?(?:go |one |a )*(?:step )?back"
        r"(?: one(?: question)?| a question| please"
        r"| to the (?:last|previous) question)?|(?:the )?previous(?: question)?"
    ),
    "status": (
        r"(?:the |show |show me |what(?:'?s| is) the )*state(?: of (?:the )?(?:training|job|case))?"
        r"|where (?:am i|are we|do (?:i|we) stand)(?: now)?|how far (?:am i|are we)|(?:the )?jobs?"
    ),
    "next": (
        r"(?:and |so |ok,? |okay,? )*(?:what(?:'?s| is)? (?:next|now)|next(?: step)?|continue|go on|proceed|carry on"
        r"|what (?:should|do|can) (?:i|we) do(?: next| now)?)"
    ),
    "summary": (
        r"(?:the |show |show me |a |my |give me |please )*(?:summary|brief|summari[sz]e|sum up)(?: it| this| please)?"
        r"|what (?:have you|did you) (?:understood|understand|noted?|write down)(?: so far)?"
        r"|what do you know(?: so far)?"
    ),
    "help": r"help(?: me)?|what can (?:you|i) (?:do|say|ask)(?: here)?|commands|options|menu|how does (?:this|it) work",
    "documents": (
        r"(?:please |i want to |i'?d like to |can i |how (?:do|can) i |how to )*(?:add|upload|import|attach)"
        r" (?:a |an |my |our |some |the |more )?(?:documents?|files?|pdfs?|docs)"
    ),
    "clarify": (
        r"(?:sorry )?what (?:do you|does (?:that|this|it)) mean"
        r"|(?:i )?(?:do not|don'?t|did not|didn'?t) (?:understand|get)(?: (?:it|that|this|you|the question))*"
        r"|for example"
        r"|(?:give me |show me |do you have )?(?:an )?examples?(?: please)?"
        r"|like what|such as|hmm+|huh|what|which|meaning"
    ),
    "restart": (
        r"(?:please |can we |i want to )?(?:start over|start again|restart|reset)(?: the interview| everything| it)?"
    ),
    "hello": (
        r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|start|begin|let'?s (?:go|start|begin))(?: there| attune)?"
    ),
    "thanks": (
        r"(?:ok(?:ay)? |great |good |many |perfect )*(?:thanks|thank you|thx|cheers)(?: a lot| so much| very much)?"
    ),
}
_BARE = {kind: re.compile(rf"^(?:{pattern})$", re.I) for kind, pattern in _FIXED.items()}

# Words that change nothing about a command, wherever they stand.
_FILL = frozenset(
    "a an the my our your its this that these it them there me us i we you please ok okay yes well now then so and but "
    "also just again here today right away immediately quickly soon can could would will shall may want like need let "
    "go ahead time for of to on in at with from by as up out off is are was were be been has have had do does did get "
    "got make made give show tell see look run running start started begin launch kick take put some any all every one "
    "new not am once more only propose or no too very bit little somewhere somehow anyway hello hi thanks thank really "
    "actually perhaps maybe finally already still first next latest last current whole complete into instead "
    "itself".split()
)
_LEAD = frozenset("and so but ok okay please well hey then now yes hm hmm".split())
_ASKING = frozenset("what why how when should is are does do did which who was were has have where am".split())
_MODEL = "model models tuned trained fine-tuned finetuned merged variant variants version"
_RUN = "training job run fine-tuning finetuning train fine-tune"
_OPTIONS = (
    "unsloth trl autotrain openai azure hugging face huggingface hf epoch epochs step steps lora rank learning rate lr "
    "batch size seed max using two three"
)
_SHORT = {
    "what's": "what is",
    "how's": "how is",
    "it's": "it is",
    "that's": "that is",
    "where's": "where is",
    "let's": "let us",
    "i'd": "i would",
    "i'm": "i am",
    "isn't": "is not",
    "hasn't": "has not",
    "didn't": "did not",
    "doesn't": "does not",
    "whats": "what is",
    "hows": "how is",
    "lets": "let us",
    "fine": "fine",
    "finetune": "fine-tune",
    "finetuning": "fine-tuning",
}


@dataclass(frozen=True)
class _Rule:
    """A step: what asks for it, what may stand beside that, and how the message may (`first`) and may not begin."""

    kind: str
    asks: re.Pattern[str]
    beside: frozenset[str]
    first: frozenset[str] = frozenset()
    never_first: frozenset[str] = frozenset()

    def fits(self, text: str, words: list[str]) -> bool:
        lead = next((word for word in words if word not in _LEAD), "")
        if lead == "do" and re.search(r"\bdo (?:a|an|the|another|some)\b", text):
            lead = "make"  # an order, not a question
        if (self.first and lead not in self.first) or lead in self.never_first or not self.asks.search(text):
            return False
        left = self.asks.sub(" ", text).split()
        return all(word in _FILL or word in self.beside or word[0].isdigit() for word in left)


def _rule(kind: str, asks: str, beside: str, first: str = "", never_first: frozenset[str] = frozenset()) -> _Rule:
    return _Rule(
        kind, re.compile(rf"\b(?:{asks})(?![\w-])"), frozenset(beside.split()), frozenset(first.split()), never_first
    )


_RULES = (
    _rule(
        "cancel",
        "cancel|stop|abort|end|kill|halt|terminate|interrupt",
        f"{_RUN} everything evaluation",
        never_first=_ASKING,
    ),
    _rule(
        "stopped",
        "stop(?:ped)?|fail(?:ed)?|crash(?:ed)?|abort(?:ed)?|died?|end(?:ed)?|broken?|cancel(?:l?ed)?|quit"
        r"|not (?:\w+ )?(?:training|running)|went wrong|gone wrong|happened",
        f"{_RUN} early evaluation longer more suddenly why how come what reason going wrong middle half way",
    ),
    _rule(
        "failures",
        "fail(?:s|ed|ures?|ing)?|wrong(?:ly)?|worst|worse|weak(?:ness(?:es)?|est)?|mistakes?|errors?|los[et]s?|missing"
        "|lacking|bad(?:ly)?|poor(?:ly)?|struggl(?:es?|ing)|trouble|problems?|gaps?|add|collect|need(?:ed|s)?",
        f"{_MODEL} answers answer questions conversations examples kind kinds sort spots points than baseline gets "
        "getting went goes going where which what list should evaluation test tests held-out items ones many topics",
        first="where which what show list give tell on in with how are does",
    ),
    _rule(
        "cost",
        "costs?|spent|spend|bill|invoice|money|expensive|pa(?:y|id)|charged?|took|take|minutes|hours|price",
        f"{_RUN} evaluation total far went into until how much long many what over which models both altogether",
        first="what how show tell give was",
    ),
    _rule(
        "better",
        "better|improve[ds]?|improvements?|verdict|worth|beats?|beaten|won|win|help(?:ed)?|results?|score[sd]?|best"
        "|highest|good|succeed(?:ed)?|success|work(?:ed)?",
        f"{_MODEL} training fine-tuning than before old previous base baseline untrained anything which what how much "
        "measured evaluation yet prove proved all compared who by far anyone did few-shot rag prompt",
        first="is are did does was has what which who how show give tell",
    ),
    _rule(
        "status",
        "status|progress|going|coming along|far|done|ready|finished|running|doing|longer|remaining|left|eta|update|news"
        "|there yet|still training",
        f"{_RUN} evaluation how much long when still along yet what",
        first="how is are when has what any status progress update eta news give show tell the a",
    ),
    _rule(
        "undo",
        "undo|revert|roll(?: it| that| this)? back|rollback|restore|return|back",
        f"{_MODEL} switch switching change bring last old previous before what",
        never_first=_ASKING,
    ),
    _rule(
        "switch",
        "switch(?:ing)?(?: over)?|deploy|activate|use|live|answers?|service|production|take over|turn on|enable",
        f"{_MODEL} rag few-shot prompt + rag+few-shot tuned+rag over",
        never_first=_ASKING,
    ),
    _rule(
        "export",
        "export|download|save|ollama|modelfile|gguf|vllm|adapter|package|out of here|weights|write|as a file|to a file",
        f"{_MODEL} lora dataset data set training conversations jsonl json folder file files disk safetensors hugging "
        "face format zip copy how use serve create build load import using everything work works prepare",
        never_first=_ASKING - {"how", "do"},
    ),
    _rule(
        "evaluate",
        "evaluat(?:e|ion)|measure(?:ments?)?|benchmarks?|compar(?:e|ison)|tests?|rate|score|check (?:whether|if|the)",
        f"{_MODEL} results baseline better than good rag few-shot prompt whether if everything against each other "
        "untrained performance how",
        never_first=_ASKING,
    ),
    _rule(
        "train",
        "(?:re)?train(?:ing)?|(?:fine[ -])?tun(?:e|ing)",
        f"{_MODEL} {_OPTIONS} job what we have data dataset set examples conversations everything approved answers "
        "another round base use trainer",
        never_first=_ASKING,
    ),
)
_BUILD = {
    "baseline": re.compile(r"^(?:(?:re)?(?:build|create|set up|make)\s*)?(?:the |a |my )?base ?line$"),
    "dataset": re.compile(r"^(?:(?:re)?(?:build|create|freeze|make)\s*)?(?:the |a |my )?(?:data ?set|training data)$"),
}
_POLITE = re.compile(
    r"^(?:(?:please|ok|okay|yes|now|and|then|so|let us|can you|could you|would you|i want(?: you)? to|just|go ahead and"
    r"|i would like(?: you)? to|time to|propose(?: to| an?| the)?)\s+)*"
)
_TAIL = re.compile(r"(?:\s+(?:now|please|it|this|that|again|then|for me|right away|immediately|today))*$")
_URGE = re.compile(
    r"\b(?:start|begin|run|launch) (?:the |a )?(?:training|fine-?tuning|train)"
    r"(?: (?:now|right away|immediately|job))*$",
    re.I,
)
_PAST = re.compile(r"\b(?:did|have|has|was|were|so far|went|spent|bill|total|took)\b")


def read(plain: str) -> tuple[str, dict[str, Any]] | None:
    """The command of a message and its options; None when it is none. `plain`: lower case, one space, no end marks."""
    for kind, pattern in _BARE.items():
        if pattern.match(plain):
            return kind, {}
    words = [short for word in re.findall(r"[a-z0-9+][a-z0-9.'+-]*", plain) for short in _long(word)]
    text = " ".join(words)
    core = _TAIL.sub("", _POLITE.sub("", text))
    for kind, pattern in _BUILD.items():
        if pattern.match(core):
            return kind, {}
    for rule in _RULES:
        if rule.fits(text, words) and _meant(rule.kind, text):
            return rule.kind, _options(rule.kind, text)
    return ("train", train_options(plain)) if _URGE.search(plain) else None


def train_options(text: str) -> dict[str, Any]:
    """Options named in a request to train: trainer, epochs, max_steps, lora_rank, learning_rate, batch_size, seed,
    passages."""
    found: dict[str, Any] = {}
    if match := re.search(rf"\b({TRAINERS})\b", text):
        found["trainer"] = match[1]
    words = {"one": "1", "two": "2", "three": "3"}
    if match := re.search(r"\b(\d+(?:\.\d+)?|one|two|three) epochs?", text):
        found["epochs"] = float(words.get(match[1], match[1]))
    if match := re.search(r"\b(?:learning rate|lr) (?:of )?(\d+(?:\.\d+)?(?:e-?\d+)?)\b", text):
        found["learning_rate"] = float(match[1])
    for name, pattern in (
        ("max_steps", r"\b(\d+) steps"),
        ("lora_rank", r"\brank (?:of )?(\d+)"),
        ("batch_size", r"\bbatch(?: size)? (?:of )?(\d+)"),
        ("seed", r"\bseed (\d+)"),
    ):
        if match := re.search(pattern, text):
            found[name] = int(match[1])
    if match := re.search(r"\b(with|without|no) (?:the |any )?passages\b", text):
        found["passages"] = "on" if match[1] == "with" else "off"
    return found


def _long(word: str) -> list[str]:
    return _SHORT.get(word, word).split()


def _options(kind: str, text: str) -> dict[str, Any]:
    if kind == "train":
        return train_options(text)
    if kind == "switch":
        return {"variant": _variant(text)}
    return {"form": _form(text)} if kind == "export" else {}


def _meant(kind: str, text: str) -> bool:
    """What a rule of words alone cannot tell: the object of a verb, the past, a question about the thing itself."""
    if kind == "cancel":
        return bool(re.search(rf"\b(?:{_RUN.replace(' ', '|')}|it|that|this|everything|evaluation)\b", text))
    if kind == "stopped":
        return bool(re.search(r"\b(?:why|how come|reason|did|what (?:went|has gone|happened)(?! bad))\b", text))
    if kind == "failures":
        asked_for = re.search(r"\b(?:conversa|exam|answ|quest)|\bcollect\b", text)
        return not re.search(r"\bhow many\b", text) and (not re.search(r"\b(?:add|need\w*)\b", text) or bool(asked_for))
    if kind == "cost":
        return bool(_PAST.search(text))
    if kind == "better":
        return not re.search(r"\ba (?:verdict|good)\b|\bis .*\bworth\b", text)
    if kind == "undo":
        named = re.search(r"\b(?:old|previous|before|last|version|model|variant|switch|change)\b", text)
        return bool(named) or not re.search(r"\bback\b", text) or "roll" in text
    if kind == "switch":
        alone = r"\b(?:switch\w*|deploy|activate|take over|go live)\b"
        return bool(re.search(rf"{alone}|\b(?:model|tuned|variant|rag|few-shot|prompt)\b", text))
    if kind == "export":
        thing = r"\b(?:model|adapter|lora|data|dataset|set|conversations|weights|ollama|modelfile|gguf|vllm)\b"
        return bool(re.search(thing, text)) or text.split()[-1] == "export"
    return True


def _variant(text: str) -> str:
    """A variant's name; empty for "the new model", which is the one proved better."""
    found = re.search(r"(?<!\w)(tuned ?\+ ?rag|rag ?\+ ?few-shot|few-shot|rag|prompt|tuned$)(?!\w)", text)
    return found[1].replace(" ", "") if found else ""


def _form(text: str) -> str:
    """What is to be exported: dataset, adapter, or ollama, which is the merged model with all that serves it."""
    if re.search(r"\b(?:dataset|data|conversations|jsonl)\b", text):
        return "dataset"
    return "adapter" if re.search(r"\b(?:adapter|lora)\b", text) else "ollama"
