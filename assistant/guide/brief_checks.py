"""The guide's LLM reads out of the brief what the rules for its checks left over; what passes is kept with the case."""

from __future__ import annotations

from assistant.errors import AttuneError
from assistant.evidence.checks import case_checks, compiler_model
from assistant.evidence.checks.assertion import BriefCheck
from assistant.evidence.checks.compiled import Compiled
from assistant.record.store import Store
from assistant.settings import Settings

TIMEOUT_S = 60.0


def suggest(store: Store, settings: Settings, case: str) -> tuple[list[BriefCheck], Compiled]:
    """Ask once. Gives the checks that were added and all that the case has now, doubtful ones of the model among them.

    Raises AttuneError where no LLM is set or it does not answer.
    """
    if not settings.guide_model:
        raise AttuneError("No language model is set for the guide.", "Set one, or add the check yourself.")
    before, answers = case_checks.of_case(store, case), case_checks.approved(store, case)
    proposed = compiler_model.propose(before, answers, lambda prompt: _said(settings, prompt))
    return case_checks.take(store, case, proposed), proposed


def _said(settings: Settings, prompt: str) -> str:
    from langchain_core.messages import HumanMessage

    from assistant.guide import llm

    try:
        return llm.words(llm.model(settings, TIMEOUT_S).invoke([HumanMessage(prompt)]))
    except Exception as error:
        why = llm.reason(error, settings)
        if why is None:
            raise
        raise AttuneError(
            f"The guide's model {settings.guide_model} did not answer ({why}).", "Try again, or add the check yourself."
        ) from error
