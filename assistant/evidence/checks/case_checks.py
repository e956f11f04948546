"""The checks of a case: those that its brief names, or the list that a person made of them.

The list is kept in the case's options, as its case file has it. While there is none, the brief is read anew each time,
so a change of the brief is a change of the checks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import regex

from assistant.errors import AttuneError
from assistant.evidence.checks import assertion, compiler
from assistant.evidence.checks.assertion import BriefCheck
from assistant.evidence.checks.compiled import Compiled
from assistant.record.store import Store
from assistant.record.threads import example

OPTION = "checks"
MOST_APPROVED = 500  # answers that a check is tried on; of more, every so many


def of_case(store: Store, case: str) -> Compiled:
    """What the case asks for. Checks of the brief that more than half of the approved answers fail are doubtful."""
    found = store.case(case)
    compiled = compiler.settled(compiler.compile_brief(found.brief), approved(store, case))
    listed = found.options.get(OPTION)
    return compiled if listed is None else compiler.of_checks(read_list(listed), compiled)


def is_edited(store: Store, case: str) -> bool:
    """Whether a person's list counts instead of what the brief names."""
    return OPTION in store.case(case).options


def approved(store: Store, case: str) -> list[str]:
    """Approved answers of the train side, or before there is a dataset of all conversations not held out.

    At most MOST_APPROVED, spread over all of them.
    """
    datasets = store.datasets(case)
    if datasets:
        talks = [item.messages for item in store.items(datasets[-1].id, "train")]
    else:
        talks = [example(turns) for turns in store.turns_of_case(case, ("chat", "import")).values()]
    answers = [
        message["content"]
        for talk in talks
        for message in talk
        if message["role"] == "assistant" and message.get("weight", 1) != 0 and isinstance(message["content"], str)
    ]
    return answers[:: max(1, -(-len(answers) // MOST_APPROVED))]


def add(store: Store, case: str, kind: str, typed: str, share: float | None = None) -> BriefCheck:
    """Add a check as a person types it: several texts on lines of their own or with " | " between them.

    Raises AttuneError for what is no check, and for one that the case has.
    """
    parts = [part.strip() for part in regex.split(r"\n| \| ", typed) if part.strip()]
    several = kind in assertion.SEVERAL and len(parts) > 1
    made = assertion.make(kind, parts if several else typed.strip(), share=share)
    with store.atomic():
        checks = of_case(store, case).checks
        if made.id in {check.id for check in checks}:
            raise AttuneError(f"The case has the check '{made.id}' already.", "Remove it first to change its share.")
        keep(store, case, [*checks, made])
    return made


def remove(store: Store, case: str, id: str) -> None:
    """Take a check out. Raises AttuneError where the case has none of that id."""
    with store.atomic():
        checks = of_case(store, case).checks
        if id not in {check.id for check in checks}:
            known = ", ".join(check.id for check in checks)
            raise AttuneError(
                f"The case has no check '{id}'.", f"It has {known}." if known else "It has none: add one first."
            )
        keep(store, case, [check for check in checks if check.id != id])


def keep(store: Store, case: str, checks: Iterable[BriefCheck]) -> None:
    """Let this list count from now on, whatever the brief says."""
    with store.atomic():
        options = store.case(case).options
        store.set_options(case, options | {OPTION: [check.to_json() for check in checks]})


def restore(store: Store, case: str) -> None:
    """Let the brief's own checks count again."""
    with store.atomic():
        options = store.case(case).options
        store.set_options(case, {name: value for name, value in options.items() if name != OPTION})


def take(store: Store, case: str, proposed: Compiled) -> list[BriefCheck]:
    """Add the checks that a model proposed and that the case has not; gives those."""
    with store.atomic():
        checks = of_case(store, case).checks
        new = [check for check in proposed.checks if check.id not in {known.id for known in checks}]
        if new:
            keep(store, case, [*checks, *new])
    return new


def read_list(value: Any) -> list[BriefCheck]:
    """The checks of a list of objects, as a case file and the options have it; each check once.

    Raises AttuneError, with the number of the check, for one that is wrong.
    """
    if not isinstance(value, list):
        raise AttuneError("'checks' is not a list of tables.", "Write each check as [[checks]].")
    found: dict[str, BriefCheck] = {}
    for number, one in enumerate(value, start=1):
        try:
            check = assertion.from_json(one)
        except AttuneError as error:
            raise AttuneError(f"Check {number}: {error.sentence}", error.remedy) from error
        found.setdefault(check.id, check)
    return list(found.values())


def as_toml(checks: Sequence[BriefCheck]) -> str:
    """The checks as a case file has them. What JSON writes of texts, numbers and lists of texts is TOML, too."""
    blocks = []
    for check in checks:
        lines = [f"{name} = {_value(value)}" for name, value in check.to_json().items()]
        blocks.append("\n".join(["[[checks]]", *lines]))
    return "\n\n".join(blocks)


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
