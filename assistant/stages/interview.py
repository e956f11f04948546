"""Stage 1 of 6: three questions before the first proposal; the others are asked when a stage needs them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from assistant.errors import AttuneError
from assistant.record.briefs import differences
from assistant.record.store import Store
from assistant.record.types import BRIEF_QUESTIONS, LIST_FIELDS, Brief, Case

SKIP, BACK = "skip", "Back button"
ASKED_BY = ("guide", "command line")  # sources that note an answer to a question they asked


@dataclass(frozen=True)
class BriefQuestion:
    """One question of the checklist: what is asked, why it matters, and a few answers to tap.

    `before`: the stage that it is asked before; empty for one that may be asked whenever there is time.
    """

    field: str
    text: str
    why: str
    suggestions: tuple[str, ...]
    before: str = ""


_ASKED = (
    BriefQuestion(
        "goal",
        "What should the assistant do, and what about today's answers must get better?",
        "Fine-tuning changes form and habits well, and facts badly: which of the two you need decides everything.",
        ("Answer customers' questions in our house style", "Turn messages into JSON for our system"),
        "baseline",
    ),
    BriefQuestion(
        "users",
        "Who will read the answers?",
        "A customer and a colleague need different words.",
        ("Customers of our shop", "Our own support team"),
        "baseline",
    ),
    BriefQuestion(
        "must_not",
        "What must it never do?",
        "A limit written down now is cheaper than an apology later.",
        ("Never invent a price", "Never promise a date"),
        "baseline",
    ),
    BriefQuestion(
        "language",
        "In which language do they write, and in which should it answer?",
        "A model is only as good as the examples in that language.",
        ("English", "Română", "Deutsch", "Español", "Français", "The language of the question"),
        "dataset",
    ),
    BriefQuestion(
        "tone",
        "What should the answers sound like?",
        "A tone that you can name is one that can be measured.",
        ("Warm and brief", "Formal and exact"),
        "dataset",
    ),
    BriefQuestion(
        "format",
        "Is there a fixed form: an opening, a length, a sign-off, JSON?",
        "A fixed form is what fine-tuning learns from the fewest examples.",
        ("Two or three sentences, then a next step", "A JSON list"),
        "dataset",
    ),
    BriefQuestion(
        "must",
        "What must every answer do?",
        "These become rules of the prompt, and checks later.",
        ("Name the next step", "Cite the document it comes from"),
        "dataset",
    ),
    BriefQuestion(
        "success",
        "How will you know that it is better? Name something one could count.",
        "Without a measure nobody can say whether training helped.",
        ("Closer to our approved answers than the best prompt", "At least 95 % in the right format"),
        "evaluate",
    ),
    BriefQuestion(
        "alternatives",
        "What have you tried: a better prompt, a few examples in it, searching your documents?",
        "If one of these is enough, you are done without training. Attune measures all of them.",
        ("Only a prompt so far", "Prompt and examples, not good enough"),
        "finetune",
    ),
    BriefQuestion(
        "costs",
        "What may it cost: money, machine, your hours, and may the data leave this computer?",
        "This decides which trainers are possible at all.",
        ("Nothing leaves this computer, no budget", "Up to $50, cloud is fine"),
        "finetune",
    ),
    BriefQuestion(
        "benefits",
        "What is it worth: how many requests a month, and would other work use the model too?",
        "A shorter prompt pays off only with enough requests.",
        ("A few hundred a month", "Over 10,000 a month"),
        "finetune",
    ),
    BriefQuestion(
        "examples",
        "Can you paste three good answers, as you would send them, with an empty line between them?",
        "A good answer shows what rules only describe.",
        (),
    ),
    BriefQuestion(
        "bad_example",
        "And one bad answer: what should never be sent like that?",
        "Seeing what to avoid sharpens the rules and the checks.",
        (),
    ),
)
QUESTIONS: dict[str, BriefQuestion] = {question.field: question for question in _ASKED}


def blocked(store: Store, case: str) -> str | None:  # noqa: ARG001
    """Asking is always possible."""
    return None


def done(store: Store, case: str) -> bool:
    """Whether what the baseline needs was answered or skipped."""
    return not store.case(case).brief.missing


def due(brief: Brief, stage: str) -> list[str]:
    """The open questions that are asked before this stage, the first ones always among them."""
    return [name for name in brief.gaps if QUESTIONS[name].before in ("baseline", stage)]


def new(store: Store, title: str, id: str = "", owner: str = "local") -> Case:
    """Make a case. Its id is the title in letters, digits and hyphens, with a number behind it where it is taken."""
    wanted = id or _slug(title)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", wanted):
        raise AttuneError(f"'{title or id}' gives no usable name.", "Use letters and digits, at most 60 characters.")
    taken = {case.id for case in store.cases()}
    if id and id in taken:
        raise AttuneError(f"There is already a case called '{id}'.", "Choose another name.")
    number = 2
    while wanted in taken:
        wanted, number = f"{_slug(title)}-{number}", number + 1
    return store.add_case(Case(wanted, title.strip() or wanted, owner))


def run(store: Store, case: str, answers: dict[str, Any], source: str = "guide") -> Case:
    """Merge answers into the brief. "skip" leaves a question unanswered on purpose, None takes an answer back; an empty
    answer changes nothing.

    `source` is kept with the version: guide, form, file or command line. A file is the whole answer: where it leaves
    only optional questions open, they count as skipped.
    """
    unknown = sorted(set(answers) - set(BRIEF_QUESTIONS))
    if unknown:
        raise AttuneError(f"The brief has no '{unknown[0]}'.", f"It has {', '.join(BRIEF_QUESTIONS)}.")
    with store.atomic():  # two faces may answer at once: neither may undo the other's answer
        brief = store.case(case).brief
        for name, value in answers.items():
            brief = _answered(brief, name, value)
        store.set_brief(case, brief.settled() if source == "file" else brief, source)
    return store.case(case)


def take_back(store: Store, case: str) -> list[str]:
    """Take back what was answered last to a question and is still so. Gives its fields; none where nothing is."""
    with store.atomic():
        versions, now = store.brief_versions(case), store.case(case).brief
        before = [Brief(), *(version.brief for version in versions)]
        for was, version in reversed(list(zip(before, versions, strict=False))):
            changed = list(differences(was, version.brief))
            asked = version.source in ASKED_BY and not version.restored
            if not asked or set(changed) & set(differences(version.brief, now)):
                continue
            skipped = [name for name in now.skipped if name not in changed]
            skipped += [name for name in was.skipped if name in changed]
            values = {name: getattr(was, name) for name in changed}
            store.set_brief(case, replace(now, **values, skipped=tuple(skipped)), BACK)
            return changed
    return []


def _answered(brief: Brief, name: str, value: Any) -> Brief:
    skipped = tuple(field for field in brief.skipped if field != name)
    if value is None:
        return _set(brief, name, (), skipped)
    if isinstance(value, str) and value.strip().lower() == SKIP:
        return _set(brief, name, (), (*skipped, name))
    if isinstance(value, (list, tuple)):
        parts = tuple(str(part).strip() for part in value if str(part).strip())
    elif isinstance(value, str):
        parts = _parts(name, value)
    else:
        raise AttuneError(f"The answer to '{name}' is not text.", "Give text, or a list of texts.")
    if not parts:
        return brief
    return _set(brief, name, parts, skipped)


def _parts(name: str, text: str) -> tuple[str, ...]:
    """Text whole; rules by line or semicolon; examples, which have lines of their own, by empty lines between them."""
    if name not in LIST_FIELDS:
        return (text.strip(),) if text.strip() else ()
    if name == "examples":
        return tuple(part.strip() for part in re.split(r"\n\s*\n", text) if part.strip())
    parts = (re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", part).strip(" -*\t") for part in re.split(r"[\n;]", text))
    return tuple(part for part in parts if part)


def _set(brief: Brief, name: str, parts: tuple[str, ...], skipped: tuple[str, ...]) -> Brief:
    changes: dict[str, Any] = {name: parts if name in LIST_FIELDS else " ".join(parts), "skipped": skipped}
    return replace(brief, **changes)


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50]
