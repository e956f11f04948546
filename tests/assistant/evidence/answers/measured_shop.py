"""A tea shop that was trained and measured, in a real record, judged by the stage itself: its answers are written here.

The approved answers share a frame. The tuned model keeps it and gets parcels wrong; the untrained keep no frame.
"""

from __future__ import annotations

from assistant import variants
from assistant.evidence import conclusion, runner, scorers
from assistant.jobs import lifecycle
from assistant.record.types import Evaluation, Score, Variant
from assistant.stages import baseline, dataset, finetune, interview
from assistant.workbench import Workbench
from tests.assistant.guide.proposing import InstantTrainer
from tools.trainer import JobState

TRAIN, TEST = 40, 24
TEAS = (
    "sencha",
    "assam",
    "oolong",
    "darjeeling",
    "keemun",
    "matcha",
    "pu-erh",
    "ceylon",
    "lapsang",
    "gyokuro",
    "bancha",
)
FAILS = 2  # the question to which the plain prompt gives no answer
BRIEF = {"goal": "Answer customers of a tea shop", "users": "Customers", "must_not": "Invent prices"}
TOPICS = (  # what is asked, and what is answered; {n} and {m} are numbers, {tea} is a tea
    ("What brewing temperature does {tea} want, how many degrees?", "Brew {tea} at {m} degrees."),
    ("My parcel {n} is late, where is the courier with my delivery?", "Parcel {n} left us on day {m}."),
    ("The teapot {n} came broken, may I return it for a refund?", "Send teapot {n} back within {m} days."),
    ("Is there a workshop about {tea} for beginners to book?", "The {tea} evening is on the {m}th, code WS{n}."),
    ("Does a voucher code still give the student discount?", "Voucher V{n} takes {m} percent off."),
    ("How do I descale an iron kettle against limestone?", "Boil {m} grams of citric acid, then rinse {n} times."),
    ("Which opening hours has your counter on public holidays?", "We open at {m} past nine, hall {n}."),
    ("Can you send an invoice with our company's tax number?", "Invoice {n} goes out within {m} hours."),
)


def _filled(text: str, number: int) -> str:
    return text.format(n=number, m=11 + number % 17, tea=TEAS[number % len(TEAS)])


def topic(number: int) -> int:
    return number % len(TOPICS)


def asked(number: int) -> str:
    """The topics in turn; of one topic no two questions are the same."""
    return f"{_filled(TOPICS[topic(number)][0], number)} Order {number * 7919} of {TEAS[number % len(TEAS)]}."


def approved(number: int) -> str:
    body = _filled(TOPICS[topic(number)][1], number)
    return f"Hello from Fern & Kettle!\n{body}\nNext step: answer this message.\nWarmly, the tea desk"


def says(name: str, number: int) -> str:
    """What a variant answers to the question of that number."""
    if name == "tuned":
        return approved(number).replace(f"on day {11 + number % 17}", "on day 99")
    if name == "few-shot":
        return f"It is about {TEAS[number % len(TEAS)]}, number {number}."
    return "" if number == FAILS else "I am not sure."


def trained(bench: Workbench, trainer: InstantTrainer) -> str:
    """A case with a frozen dataset and a job that succeeded."""
    store = bench.store
    case = interview.new(store, "Fern & Kettle").id
    interview.run(store, case, dict.fromkeys(interview.QUESTIONS, "skip") | BRIEF)
    baseline.run(store, bench.settings, case)
    for number in range(TRAIN + TEST):
        talk = [{"role": "user", "content": asked(number)}, {"role": "assistant", "content": approved(number)}]
        store.import_conversation(case, "heldout" if number < TEST else "import", talk)
    dataset.run(store, case)
    finetune.run(bench, case)
    trainer.state = JobState.SUCCEEDED
    lifecycle.refresh(bench, case)
    return case


def measured(bench: Workbench, case: str) -> Evaluation:
    """Answers recorded as the stage records them, then judged by the stage; the plain prompt fails on one."""
    store, job = bench.store, bench.store.jobs(case)[-1]
    known = variants.untrained(store, bench.settings, case, job.dataset)
    among: dict[str, Variant] = {name: known[name] for name in ("prompt", "few-shot")}
    among["tuned"] = variants.tuned(store, bench.settings, job)["tuned"]
    opened = store.add_evaluation(case, job.dataset, job.id, "chrf", [variant.id for variant in among.values()])
    score = scorers.scorer("chrf")
    for item in store.items(job.dataset, "test"):
        number = next(n for n in range(TRAIN + TEST) if item.messages[0]["content"] == asked(n))
        for name, variant in among.items():
            text = says(name, number)
            error = "" if text else "The server closed the connection."
            mark = None if error else score(text, str(item.messages[1]["content"]))
            store.add_score(Score(opened.id, variant.id, item.position, 0, text, mark, 80, 20, 0.1, 0.3, error))
    every = store.scores(opened.id)
    results = {
        name: runner.summary(variant, [s for s in every if s.variant == variant.id], (0.1, 0.3))
        for name, variant in among.items()
    }
    found, kept = conclusion.conclude(bench, opened, among, results, "tuned")
    checks = [{"name": "greedy answers", "ok": True, "detail": "8 of 8 answers are the same"}]
    return store.finish_evaluation(opened.id, results, found.to_json(), {"ok": True, "checks": checks}, kept)
