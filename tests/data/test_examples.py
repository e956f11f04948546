"""Every example case is complete and clean, nothing held out is like what is learned, and its answers are true to it."""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from assistant.conversations import duplicates
from assistant.conversations.formats import case_folder
from assistant.evidence import scorers
from assistant.knowledge.search.near_duplicates import THRESHOLD, Near, key
from assistant.record.types import Brief
from tests.bench.verdicts import RIGHT, SWITCH

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir())
FILES = ("conversations.jsonl", "heldout.jsonl")
TECHNICIANS = {"Bruno", "Farid", "Ines", "Maud", "Tomasz", "Wren"}
QUEUES = {
    "billing",
    "top-up",
    "roaming",
    "sim-card",
    "no-signal",
    "slow-data",
    "change-plan",
    "keep-number",
    "voicemail",
    "spam-calls",
    "cancel",
    "app-login",
}
CYRILLIC = re.compile("[\u0400-\u04ff]")
EXACT = re.compile(r"[\w.@-]*\d[\w.-]*\d|\d|\b[A-Z][\w-]+")  # numbers, codes and names


class OrderedItem(BaseModel):
    """One thing on the café's screen. What the guest does not say is left out, so null is no value."""

    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field(pattern=r"^[a-z][a-z -]*$")
    quantity: int = Field(ge=1)
    size: Literal["small", "medium", "large"] = "small"
    note: str = Field("-", min_length=1)


class CafeOrder(BaseModel):
    """One order on the café's screen."""

    model_config = ConfigDict(extra="forbid", strict=True)
    items: list[OrderedItem] = Field(min_length=1)
    customer: str = Field("-", min_length=1)
    time: str = Field("0:00", pattern=r"^\d{1,2}:\d\d$")


def pairs(name: str, file: str) -> list[tuple[str, str]]:
    """Every message of a case with one exchange a conversation, and its answer."""
    lines = (EXAMPLES / name / file).read_text(encoding="utf-8").splitlines()
    return [(asked["content"], answer["content"]) for asked, answer in (json.loads(line)["messages"] for line in lines)]


def both_parts(name: str) -> list[tuple[str, str]]:
    return [pair for file in FILES for pair in pairs(name, file)]


# every case -----------------------------------------------------------------------------------------------------------
def test_each_case_has_a_right_verdict_and_its_head_says_which():
    assert sorted(RIGHT) == NAMES
    for name, right in RIGHT.items():
        head = (EXAMPLES / name / "case.toml").read_text(encoding="utf-8").splitlines()[:2]
        assert all(line.startswith("# ") for line in head), name
        assert ("Right verdict: switch." if right == SWITCH else "Right verdict: don't switch.") in " ".join(head), name


@pytest.mark.parametrize("name", NAMES)
def test_a_case_is_complete_and_large_enough_for_a_verdict(name):
    case = case_folder.read(EXAMPLES / name)
    assert case.name == name
    assert case.title
    assert Brief.from_json(case.brief).gaps == []
    assert 60 <= len(case.conversations) <= 200
    assert 30 <= len(case.heldout) <= 45


@pytest.mark.parametrize("name", NAMES)
def test_a_case_uses_the_default_options(name):
    """So that what is measured is what anybody gets: the trainer, the base and the epochs are chosen by the app."""
    assert set(case_folder.read(EXAMPLES / name).options) <= {"seed", "scorer"}


@pytest.mark.parametrize("name", NAMES)
def test_roles_alternate_and_the_text_is_clean(name):
    case = case_folder.read(EXAMPLES / name)
    for messages in (one.messages for one in (*case.conversations, *case.heldout)):
        assert [message["role"] for message in messages] == ["user", "assistant"] * (len(messages) // 2)
        for text in (message["content"] for message in messages):
            assert text == unicodedata.normalize("NFC", text).strip()
            assert text
            assert not re.search(r"[\x00-\x09\x0b-\x1f\u200b-\u200f\ufeff\ufffd]", text)


@pytest.mark.parametrize("name", NAMES)
def test_no_two_conversations_are_nearly_the_same(name):
    """By the app's own measure; and by plain comparison, which misses none. Across the parts nothing is kin, either."""
    case = case_folder.read(EXAMPLES / name)
    every = [one.messages for one in (*case.conversations, *case.heldout)]
    related, learned = duplicates.relations(every), len(case.conversations)
    assert len(set(related.same())) == len(every)
    assert not set(related.kin()[:learned]) & set(related.kin()[learned:])
    asked = [(text, shingles(text)) for text in map(key, every)]
    assert not [
        (a, b) for (a, x), (b, y) in itertools.combinations(asked, 2) if len(x & y) >= THRESHOLD * len(x | y)
    ]


@pytest.mark.parametrize("name", ["library", "cafe"])
def test_no_heldout_answer_is_nearly_one_that_is_learned_or_shown_in_the_brief(name):
    """Of the others this cannot be asked: a label or a name is the answer of many."""
    brief = Brief.from_json(case_folder.read(EXAMPLES / name).brief)
    seen = Near([*(answer for _, answer in pairs(name, FILES[0])), *brief.examples])
    assert not [answer for _, answer in pairs(name, FILES[1]) if answer in seen]


@pytest.mark.parametrize(("name", "scorer"), [("library", "chrf"), ("cafe", "json")])
def test_the_app_scores_them_as_meant(name, scorer):
    assert scorers.suggest([answer for _, answer in pairs(name, FILES[1])]).startswith(scorer)


# facts only -----------------------------------------------------------------------------------------------------------
def test_what_the_library_answers_is_in_its_guide():
    """Every number, code and name, and most of the words, in one place."""
    documents = [path.read_text(encoding="utf-8") for path in (EXAMPLES / "library" / "documents").iterdir()]
    guide = " ".join(" ".join(documents).split())
    for asked, answer in both_parts("library"):
        stated = set(EXACT.findall(answer)) - first_words(answer)
        assert stated <= set(EXACT.findall(f"{guide} {asked}")), answer
        assert len(answer.split()) <= 25, answer
        assert "\n" not in answer


def test_the_library_is_asked_for_no_fact_twice():
    """Each answer draws on a sentence of its own, so what is held out was told by nobody."""
    sentences = [
        sentence
        for path in sorted((EXAMPLES / "library" / "documents").iterdir())
        for sentence in re.split(r"(?<=\.)\s+", path.read_text(encoding="utf-8"))
    ]
    known = [shingles(sentence.lower()) for sentence in sentences]
    used: Counter[str] = Counter()
    for asked, answer in both_parts("library"):
        wanted = shingles(answer.lower())
        best = max(range(len(known)), key=lambda i: len(wanted & known[i]) / len(wanted))
        if len(wanted & known[best]) / len(wanted) >= THRESHOLD:  # shorter ones draw on the question's words, too
            used[sentences[best]] += 1
    assert used.total() >= 0.8 * len(both_parts("library"))
    assert set(used.values()) == {1}, [sentence for sentence, count in used.items() if count > 1]


# nothing helps --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("file", FILES)
def test_technicians_are_sent_equally_often_and_no_call_names_one(file):
    sent = Counter(answer for _, answer in pairs("dispatch", file))
    assert set(sent) == TECHNICIANS
    assert max(sent.values()) - min(sent.values()) <= 1
    assert not [asked for asked, _ in pairs("dispatch", file) if TECHNICIANS & set(re.findall(r"\w+", asked))]


# labels ---------------------------------------------------------------------------------------------------------------
def test_every_queue_has_enough_to_learn_and_to_test_in_both_scripts():
    learned, tested = (Counter(answer for _, answer in pairs("mobile", file)) for file in FILES)
    assert set(learned) == set(tested) == QUEUES
    assert set(learned.values()) == {14}
    assert set(tested.values()) == {3, 4}
    for file, least in zip(FILES, (6, 1), strict=True):
        of_script = Counter((answer, bool(CYRILLIC.search(asked))) for asked, answer in pairs("mobile", file))
        assert min(of_script[queue, script] for queue in QUEUES for script in (True, False)) >= least


def test_the_brief_names_every_queue():
    brief = Brief.from_json(case_folder.read(EXAMPLES / "mobile").brief)
    assert set(re.findall(r"[a-z-]+", brief.format.partition(":")[2])) == QUEUES


# orders ---------------------------------------------------------------------------------------------------------------
def test_an_order_is_what_the_guest_wrote():
    for asked, answer in both_parts("cafe"):
        order = CafeOrder.model_validate_json(answer)
        assert json.dumps(json.loads(answer), ensure_ascii=False) == answer
        for name in order.model_fields_set - {"items"}:
            assert getattr(order, name) in asked, (asked, answer)
        for item in order.items:
            copied = [getattr(item, name) for name in item.model_fields_set & {"size", "note"}]
            assert all(value.lower() in asked.lower() for value in copied), (asked, answer)
            assert all(word[:2] in asked.lower() for word in item.name.split()), (asked, answer)


def test_orders_have_several_items_and_optional_fields():
    orders = [CafeOrder.model_validate_json(answer) for _, answer in both_parts("cafe")]
    share = {
        "several items": sum(len(order.items) > 1 for order in orders) / len(orders),
        "customer": sum("customer" in order.model_fields_set for order in orders) / len(orders),
        "time": sum("time" in order.model_fields_set for order in orders) / len(orders),
        "note": sum(any("note" in i.model_fields_set for i in order.items) for order in orders) / len(orders),
        "size": sum(any("size" in i.model_fields_set for i in order.items) for order in orders) / len(orders),
    }
    assert all(0.15 <= part <= 0.75 for part in share.values()), share


def first_words(text: str) -> set[str]:
    """The words that begin a sentence, which have a capital letter for that alone."""
    return set(re.findall(r"(?:^|[.:!?] )([A-Z][\w-]*)", text))


def shingles(text: str) -> set[str]:
    return {text[at : at + 5] for at in range(max(1, len(text) - 4))}
