"""Commands of the built-in guide: short messages that ask for a step, with the options they name."""

from __future__ import annotations

import re
from typing import Any

TRAINERS = r"unsloth|trl|autotrain|openai|azure|hugging ?face|hf"

# Words that may stand before and after a command without changing it.
_FILL = (
    r"(?:(?:please|ok|okay|yes|now|and|then|so|let'?s|let us|can you|could you|would you|i want(?: you)? to"
    r"|i(?:'d| would)? like(?: you)? to|just|go ahead and|time to|propose(?: to| an?| the)?|start|run|do|begin"
    r"|make)\s+)*"
)
_TAIL = r"(?:\s+(?:now|please|it|this|that|again|then|for me|right away|immediately|today))*"
_OPTIONS = (
    rf"(?:[\s,]+(?:with|using|for|on|at|and|a|an|of|{TRAINERS}|\d[\d.e-]*|one|two|three|epochs?|steps?|lora|rank"
    r"|learning|rate|lr|batch|size|seed|max))*"
)
_MODEL = (
    r"(?P<variant>(?:new |tuned |trained |fine-?tuned )*model|tuned(?: ?\+ ?rag)?|prompt"
    r"|rag(?: ?\+ ?few-shot)?|few-shot)"
)
_PATTERNS = {
    "cancel": r"(?:please )?(?:cancel|stop|abort|end) (?:the |this )?(?:training|job|run|fine-?tuning|it)",
    "baseline": rf"{_FILL}(?:(?:re)?build|create|set up|make)?\s*(?:the |a |my )?base ?line{_TAIL}",
    "dataset": rf"{_FILL}(?:(?:re)?build|create|freeze|make)?\s*(?:the |a |my )?(?:data ?set|training data){_TAIL}",
    "train": (
        rf"{_FILL}(?:the )?(?:train(?:ing)?|fine[- ]?tun(?:e|ing))(?: (?:a|the|my|this) model)?"
        rf"{_TAIL}{_OPTIONS}{_TAIL}"
    ),
    "evaluate": (
        rf"{_FILL}(?:the |an )?(?:evaluat(?:e|ion)|measure(?:ment)?|benchmark|compare|test)"
        rf"(?: (?:the |my |all )?(?:models?|variants?|results?|them|baseline))?{_TAIL}"
    ),
    "switch": (
        rf"{_FILL}(?:the )?(?:switch(?:ing)?(?: over)?|deploy|activate|use|go live)(?: (?:to|with))?"
        rf"(?: (?:the |my )?{_MODEL}(?: variant)?)?{_TAIL}"
    ),
    "undo": (
        rf"{_FILL}(?:undo|revert|roll ?back|switch back)"
        rf"(?: (?:the |that |last |to )*(?:switch|model|old model|previous model|before)?)?{_TAIL}"
    ),
    "back": (
        r"(?:please |can we |can i |let'?s |i want to )?(?:go |one |a )*(?:step )?back"
        r"(?: one(?: question)?| a question| please"
        r"| to the (?:last|previous) question)?|(?:the )?previous(?: question)?"
    ),
    "status": (
        r"(?:the |show |show me |what(?:'?s| is) the )*(?:status|state|progress)(?: of (?:the )?(?:training|job|case))?"
        r"|where (?:am i|are we|do (?:i|we) stand)(?: now)?|how far (?:am i|are we|is it)|(?:the )?jobs?"
        r"|how(?:'?s| is)? (?:the )?(?:training|job|it)(?: going| doing)?"
        r"|is (?:it|the training) (?:done|ready|finished)(?: yet)?"
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
_COMMANDS = {kind: re.compile(rf"^(?:{pattern})$", re.I) for kind, pattern in _PATTERNS.items()}
_URGE = re.compile(
    r"\b(?:start|begin|run|launch) (?:the |a )?(?:training|fine-?tuning|train)"
    r"(?: (?:now|right away|immediately|job))*$",
    re.I,
)


def read(plain: str) -> tuple[str, dict[str, Any]] | None:
    """The command of a message and its options; None when it is none. `plain`: lower case, one space, no end marks."""
    for kind, pattern in _COMMANDS.items():
        if match := pattern.match(plain):
            if kind == "switch":
                return kind, {"variant": _variant(match["variant"] or "")}
            return kind, train_options(plain) if kind == "train" else {}
    return ("train", train_options(plain)) if _URGE.search(plain) else None


def train_options(text: str) -> dict[str, Any]:
    """Options named in a request to train: trainer, epochs, max_steps, lora_rank, learning_rate, batch_size, seed."""
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
    return found


def _variant(named: str) -> str:
    """A variant's name; empty for "the new model", which is the one proved better."""
    return "" if named.endswith("model") else named.replace(" ", "")
