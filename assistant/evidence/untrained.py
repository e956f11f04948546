"""The untrained variants measured by themselves: what the search finds, apart from what is made of it in answers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from assistant.chat import Chat
from assistant.errors import AttuneError
from assistant.evidence import questions, runner, scorers
from assistant.evidence.statistics.intervals import interval
from assistant.evidence.statistics.paired import difference
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.trials import BRIEF, DOCUMENT, HELD_OUT, Answered, Asked, Trial
from assistant.record.types import Passage, Variant
from assistant.repeats import repeated
from tools.trainer import ToolError

Report = Callable[[str, float], None]
Json = dict[str, Any]
DEPTH = 10  # passages looked at for the figures of the search
PLAIN = "prompt"  # what the others are compared with
_MARK = re.compile(r"\[(\d{1,3})\]")


def run(store: Store, chat: Chat, trial: Trial, variants: Mapping[str, Variant], say: Report) -> Trial:
    """Ask every variant what it was not asked yet, and finish the trial with its report."""
    if any(variant.passages for variant in variants.values()):
        say("Getting the search ready", 0.0)
        chat.knowledge.sync(trial.case, wait=True)
    asked = [one for one in trial.questions if one.answered]
    score = scorers.scorer(trial.scorer, scorers.embed(chat.knowledge))
    had = {(a.variant, a.number) for a in store.trial_answers(trial.id) if not a.error}
    for place, (name, variant) in enumerate(variants.items()):
        say(f"Loading the model of {name}", place / len(variants) * 0.95)
        chat.warm(variant, exact=True)
        missing = [one for one in asked if (variant.id, one.number) not in had]
        with ThreadPoolExecutor(runner.CONCURRENCY) as pool:
            waiting = [pool.submit(answer, chat, trial.id, variant, one, score) for one in missing]
            for count, done in enumerate(as_completed(waiting), start=1):
                store.add_trial_answer(done.result())
                say(f"{name}: {count} of {len(missing)} answers", (place + count / len(missing)) / len(variants) * 0.95)
        _check(store, trial, variant)
    for variant in variants.values():
        chat.models.release(variant)
    say("Looking at what the search finds", 0.96)
    return store.finish_trial(trial.id, report(store, chat.knowledge, trial, variants))


def report(store: Store, knowledge: Knowledge, trial: Trial, variants: Mapping[str, Variant]) -> Json:
    """`answers` and `citations` by variant, `retrieval` (None without documents), `best`, and `differences`: each
    variant's mean score minus the plain prompt's, with its 95 % interval over conversations."""
    every = store.trial_answers(trial.id)
    by_name = {name: [a for a in every if a.variant == variant.id] for name, variant in variants.items()}
    answers = {name: _summary(variants[name], mine, _by_unit(trial, mine)) for name, mine in by_name.items()}
    compared = runner.shared(by_name, lambda one: one.number)
    scores = {name: _by_unit(trial, mine) for name, mine in compared.items()}
    shared = sorted(scores[PLAIN])
    means = {name: math.fsum(values[unit] for unit in shared) for name, values in scores.items()}
    apart = {
        name: _apart([values[u] for u in shared], [scores[PLAIN][u] for u in shared])
        for name, values in scores.items()
        if name != PLAIN and shared
    }
    return {
        "basis": trial.basis,
        "note": note(trial),
        "scorer": trial.scorer,
        "questions": {
            kind: sum(one.origin == kind for one in trial.questions if one.answered)
            for kind in (HELD_OUT, DOCUMENT, BRIEF)
        },
        "worded_by_model": sum(one.by == "model" for one in trial.questions),
        "answers": answers,
        "citations": {name: _citations(mine) for name, mine in by_name.items() if variants[name].passages},
        "retrieval": retrieval(knowledge, trial.case, trial.questions),
        "best": max(means, key=lambda name: means[name]) if shared else "",
        "differences": {name: {k: round(v, 4) for k, v in of.items()} for name, of in apart.items()},
    }


def _apart(values: Sequence[float], plain: Sequence[float]) -> Json:
    """Mean difference to the plain prompt, with its 95 % interval and two-sided p value."""
    found = difference(values, plain, alpha=0.025)
    return {"mean": found.mean, "low": found.low, "high": found.high, "p_value": found.p_value, "n": found.n}


def note(trial: Trial) -> str:
    """What the figures rest on, for people."""
    count = sum(one.answered for one in trial.questions)
    if trial.basis == HELD_OUT:
        return f"Measured on {count} answers of held-out conversations that a person approved."
    return (
        f"Generated: {count} questions made of the documents and of the brief's examples, for no conversation is held "
        "out yet. They tell whether what is written is found and used, not whether people like the answers."
    )


def retrieval(knowledge: Knowledge, case: str, asked: Sequence[Asked]) -> Json | None:
    """Where the passage that answers a question stands among those found, over the questions about documents."""
    ranks = []
    for one in asked:
        if one.evidence:
            found = knowledge.find(case, str(one.messages[-1]["content"]), DEPTH)
            if found.note:
                raise AttuneError(found.note, "Fix that, then measure again: the answers are kept.")
            right = (n for n, p in enumerate(found.passages, start=1) if questions.holds(one, p.document, p.text))
            ranks.append(next(right, 0))
    if not ranks:
        return None
    recall = {f"recall@{k}": _mean([float(0 < rank <= k) for rank in ranks]) for k in (1, 3, DEPTH)}
    return {
        "questions": len(ranks),
        **recall,
        "mrr": _mean([1 / rank if rank else 0.0 for rank in ranks]),
        f"ndcg@{DEPTH}": _mean([1 / math.log2(rank + 1) if rank else 0.0 for rank in ranks]),
    }


def cited(answer: str, passages: Sequence[Passage], asked: Asked) -> tuple[int, int, int | None]:
    """Different citations in an answer; of those, such of passages it was given; of those, such that answer it."""
    marks = {int(mark) for mark in _MARK.findall(answer)}
    real = [passage for passage in passages if passage.mark in marks]
    right = sum(questions.holds(asked, p.document, p.text) for p in real) if asked.evidence else None
    return len(marks), len(real), right


def answer(chat: Chat, trial: int, variant: Variant, asked: Asked, score: scorers.Scorer) -> Answered:
    try:
        reply = chat.reply(variant, asked.messages, exact=True)
        text = runner.whole(reply)
    except ToolError as error:
        return Answered(trial, variant.id, asked.number, "", None, error=str(error))
    return Answered(
        trial,
        variant.id,
        asked.number,
        text,
        score(text, asked.reference),
        reply.prompt_tokens,
        reply.completion_tokens,
        *cited(text, reply.passages, asked),
    )


def _check(store: Store, trial: Trial, variant: Variant) -> None:
    mine = [answer for answer in store.trial_answers(trial.id) if answer.variant == variant.id]
    if mine and all(answer.error for answer in mine):
        raise AttuneError(
            f"The variant '{variant.name}' answered nothing: {mine[0].error}", "Fix that, then try again."
        )


def _by_unit(trial: Trial, answers: Sequence[Answered]) -> dict[int, float]:
    """The mean score of each conversation: its turns are not independent."""
    units = {one.number: one.unit for one in trial.questions}
    found: dict[int, list[float]] = {}
    for answer in answers:
        if answer.score is not None:
            found.setdefault(units[answer.number], []).append(answer.score)
    return {unit: sum(values) / len(values) for unit, values in found.items()}


def _summary(variant: Variant, answers: Sequence[Answered], scores: Mapping[int, float]) -> Json:
    around = interval(list(scores.values()))
    good = [answer for answer in answers if not answer.error]
    tokens = _mean([float(a.prompt_tokens + a.completion_tokens) for a in good])
    numbers = {"score": around.mean, "low": around.low, "high": around.high, "tokens_per_request": tokens}
    return {
        "variant": variant.id,
        **{name: runner.rounded(value) for name, value in numbers.items()},
        "errors": len(answers) - len(good),
        "cut": sum(a.completion_tokens >= variant.max_tokens for a in good),
        "repeats": sum(repeated(a.answer) > 0 for a in good),
        "n": len(scores),
    }


def _citations(answers: Sequence[Answered]) -> Json:
    """`cited`: the share of answers with a citation. Of all citations, `real`: the share of passages that it was given;
    `right`: the share of passages that answer the question, over questions where those are known, else None."""
    good = [answer for answer in answers if not answer.error]
    marks = sum(answer.marks for answer in good)
    known = [answer for answer in good if answer.right is not None]
    of_known = sum(answer.marks for answer in known)
    return {
        "answers": len(good),
        "cited": _mean([float(answer.marks > 0) for answer in good]),
        "citations": marks,
        "real": round(sum(answer.real for answer in good) / marks, 4) if marks else None,
        "right": round(sum(answer.right or 0 for answer in known) / of_known, 4) if of_known else None,
    }


def _mean(values: Sequence[float]) -> float:
    return round(math.fsum(values) / len(values), 4) if values else 0.0
