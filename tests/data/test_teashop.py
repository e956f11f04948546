"""The tea shop keeps its house form, and what its answers say is in its documents."""

import itertools
import json
import re
import tomllib
from pathlib import Path

import pypdf
import pytest

TEASHOP = Path(__file__).parents[2] / "data" / "examples" / "teashop"
FILES = ("conversations.jsonl", "heldout.jsonl")
BRIEF = {"goal", "users", "language", "tone", "format", "success", "alternatives", "costs", "benefits", "bad_example"}
BRIEF_LISTS = {"must", "must_not", "examples"}
FIRST = r"Hello from Fern & Kettle!"
LATER = r"(?:Of course\.|Happy to help\.|I understand\.)"
REST = r" (?P<body>[^\n]+)\nNext step: [a-z][^\n]*\.\nWarmly, Ada at the counter"


def conversations(name: str) -> list[list[dict]]:
    lines = (TEASHOP / name).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert all(set(row) == {"messages"} for row in rows)
    return [row["messages"] for row in rows]


def answers(name: str) -> list[tuple[bool, str]]:
    """Every assistant turn with whether it is the first of its conversation."""
    return [
        (at == 1, message["content"])
        for messages in conversations(name)
        for at, message in enumerate(messages)
        if message["role"] == "assistant"
    ]


def matched(first: bool, answer: str) -> re.Match | None:
    return re.fullmatch((FIRST if first else LATER) + REST, answer)


def shingles(text: str, size: int = 5) -> set[str]:
    flat = re.sub(r"\W+", " ", text.lower()).strip()
    return {flat[at : at + size] for at in range(max(1, len(flat) - size + 1))}


def document(path: Path) -> str:
    if path.suffix == ".pdf":
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_roles_alternate_and_end_with_an_answer(name):
    for messages in conversations(name):
        assert all(set(message) == {"role", "content"} and message["content"].strip() for message in messages)
        roles = [message["role"] for message in messages]
        assert len(roles) >= 2
        assert roles == ["user", "assistant"] * (len(roles) // 2)


def test_counts():
    train, heldout = (conversations(name) for name in FILES)
    assert len(train) >= 120
    assert len(heldout) == 40
    for part in (train, heldout):
        several = sum(len(messages) > 2 for messages in part) / len(part)
        assert 0.15 <= several <= 0.35


@pytest.mark.parametrize("name", FILES)
def test_every_answer_keeps_the_house_format(name):
    for first, answer in answers(name):
        found = matched(first, answer)
        assert found, answer
        assert 1 <= len(re.findall(r"[.!?](?= |$)", found["body"])) <= 4, answer
        assert len(answer.split()) <= 70, answer


def test_no_near_duplicate_questions_within_or_across_the_files():
    questions = [messages[0]["content"] for name in FILES for messages in conversations(name)]
    for (a, left), (b, right) in itertools.combinations([(q, shingles(q)) for q in questions], 2):
        assert len(left & right) / len(left | right) < 0.8, (a, b)


def test_the_brief_shows_the_house_format_and_copies_no_heldout_answer():
    brief = tomllib.loads((TEASHOP / "case.toml").read_text(encoding="utf-8"))["brief"]
    assert len(brief["examples"]) == 3
    assert all(matched(True, answer) for answer in brief["examples"])
    assert not matched(True, brief["bad_example"])
    tested = [shingles(matched(*answer)["body"]) for answer in answers("heldout.jsonl")]
    for body in (shingles(matched(True, answer)["body"]) for answer in brief["examples"]):
        assert max(len(body & other) / len(body | other) for other in tested) < 0.4


def test_no_heldout_answer_is_copied_from_training():
    seen = {matched(*answer)["body"] for answer in answers("conversations.jsonl")}
    assert not [answer for answer in answers("heldout.jsonl") if matched(*answer)["body"] in seen]


def test_codes_in_answers_are_in_the_documents():
    documents = "\n".join(document(path) for path in (TEASHOP / "documents").iterdir())
    known = set(re.findall(r"\b[A-Z]{3,}\d*\b", documents)) | {"CANCEL"}
    for name in FILES:
        for _, answer in answers(name):
            assert set(re.findall(r"\b[A-Z]{3,}\d*\b", answer)) <= known, answer


def test_documents_are_readable():
    paths = sorted((TEASHOP / "documents").iterdir())
    assert {path.suffix for path in paths} == {".md", ".txt", ".pdf"}
    assert 6 <= len(paths) <= 7
    for path in paths:
        assert 150 <= len(document(path).split()) <= 500, path.name


def test_the_brief_is_complete():
    case = tomllib.loads((TEASHOP / "case.toml").read_text(encoding="utf-8"))
    assert case["name"] == TEASHOP.name
    assert case["title"]
    brief = case["brief"]
    assert set(brief) == BRIEF | BRIEF_LISTS
    assert all(isinstance(brief[key], str) and brief[key].strip() for key in BRIEF)
    assert all(brief[key] and all(item.strip() for item in brief[key]) for key in BRIEF_LISTS)
    assert case["evaluate"]["scorer"]
    assert set(case["train"]) == {"seed"}  # trainer and epochs are the defaults, the base is the model that the chat has
