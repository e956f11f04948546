"""The tuning sets have their form, and no held-out row is like one to tune on."""

import json
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from assistant.conversations.formats import json_lines
from assistant.conversations.duplicates import groups
from assistant.evidence import scorers
from assistant.knowledge.search.near_duplicates import THRESHOLD
from assistant.record.types import BRIEF_QUESTIONS

ROOT = Path(__file__).parents[2]
SETS = ROOT / "data" / "tuning"
NAMES = ("choir", "dig")
PARTS = {"train": 100, "test": 40}
MOST_WORDS = 60
CHOIR = re.compile(
    r"Larkhill Choir to (?P<name>[A-Z][\w ]+)\.\n"
    r"(?P<kind>[A-Z][a-z]+): (?P<details>[^\n.]+)\. (?P<house>[^\n]+\.)\n"
    r"Sing well, Hetty"
)
VOICE = re.compile("soprano|alto|tenor|bass")
KEYS = ["trench", "context", "find", "depth_cm", "finder", "next"]
NEXT = {"safe", "x-ray", "wash", "brush", "lab", "draw", "flot"}


def conversations(name: str, part: str) -> list[list[dict]]:
    return json_lines.read(SETS / name / f"{part}.jsonl")


def pairs(name: str) -> list[tuple[str, str]]:
    """Every message with its answer."""
    return [(asked["content"], answer["content"]) for part in PARTS for asked, answer in conversations(name, part)]


def shingles(text: str) -> set[str]:
    flat = re.sub(r"\W+", " ", text.lower()).strip()
    return {flat[at : at + 5] for at in range(max(1, len(flat) - 4))}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", PARTS)
def test_counts_and_roles(name, part):
    rows = conversations(name, part)
    assert len(rows) == PARTS[part]
    assert all([message["role"] for message in row] == ["user", "assistant"] for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_brief_is_one(name):
    table = tomllib.loads((SETS / name / "case.toml").read_text(encoding="utf-8"))
    assert table["title"]
    assert set(table["brief"]) <= set(BRIEF_QUESTIONS)
    assert {"goal", "format", "must"} <= set(table["brief"])


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_short(name):
    assert max(len(answer.split()) for _, answer in pairs(name)) <= MOST_WORDS


@pytest.mark.parametrize("name", NAMES)
def test_no_two_messages_are_nearly_the_same(name):
    """By the app's own measure, within and across the parts; and by plain comparison, which misses none."""
    every = [row for part in PARTS for row in conversations(name, part)]
    assert len(set(groups(every))) == sum(PARTS.values())
    asked = [shingles(row[0]["content"]) for row in every]
    near = [
        (i, j) for i, a in enumerate(asked) for j, b in enumerate(asked[:i]) if len(a & b) / len(a | b) >= THRESHOLD
    ]
    assert not near


@pytest.mark.parametrize("name", NAMES)
def test_no_heldout_answer_is_in_the_training_part(name):
    train, test = ({row[1]["content"] for row in conversations(name, part)} for part in PARTS)
    assert len(train) == PARTS["train"]
    assert len(test) == PARTS["test"]
    assert not train & test


def test_choir_answers_keep_the_house_form_and_say_only_what_was_said():
    houses: dict[str, Counter] = {}
    for asked, answer in pairs("choir"):
        found = CHOIR.fullmatch(answer)
        assert found, answer
        assert found["name"] in asked
        exact = re.findall(r"[A-Z][\w']+|\d[\d:]*", found["details"])
        assert all(one in asked for one in exact), (asked, found["details"])
        house = VOICE.sub("VOICE", found["house"]).replace("VOICEes", "VOICEs")
        houses.setdefault(found["kind"], Counter())[house] += 1
        assert set(VOICE.findall(answer)) <= set(VOICE.findall(asked.lower())), (asked, answer)
    assert len(houses) == 10
    assert all(len(wordings) == 1 and wordings.total() == 14 for wordings in houses.values()), houses


def test_dig_records_hold_what_the_note_says():
    nexts: Counter = Counter()
    for asked, answer in pairs("dig"):
        record = json.loads(answer)
        assert list(record) == KEYS
        assert record["next"] in NEXT
        nexts[record["next"]] += 1
        for key in KEYS[:-1]:
            value = record[key]
            assert (key in ("depth_cm", "finder")) if value is None else str(value).lower() in asked.lower(), (
                asked,
                key,
            )
        for key in ("trench", "context", "depth_cm"):
            assert record[key] is None or str(record[key]) in re.findall(r"\d+", asked), (asked, key)
        if record["depth_cm"] is None:
            assert not re.search(r"\d cm", asked), asked
    assert set(nexts) == NEXT
    assert min(nexts.values()) >= 15


@pytest.mark.parametrize(("name", "scorer"), [("choir", "chrf"), ("dig", "json_records")])
def test_the_app_scores_them_as_meant(name, scorer):
    assert scorers.suggest([row[1]["content"] for row in conversations(name, "test")]) == scorer
