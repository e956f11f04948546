"""The guide's written knowledge: questions find the section that answers them, with its source, and others nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import chromadb
import pytest

from assistant.guide import library
from assistant.guide.agent import Guide
from assistant.guide.library import ARTICLES, FLOOR, Library
from assistant.settings import Settings
from assistant.stages import interview
from assistant.workbench import Workbench
from tests.assistant.guide.proposing import open_bench

TABLE = Path(__file__).parent / "questions.tsv"
OFF_TOPIC = "-"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with closing(Library(Settings(_env_file=None, data=tmp_path_factory.mktemp("run")))) as found:  # type: ignore[call-arg]
        yield found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened, _ = open_bench(tmp_path / "run")
    yield opened
    opened.close()


def rows() -> list[tuple[str, str, list[str]]]:
    """(part, question, titles of sections that answer it) of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        lines = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if not row[0].startswith("#")]
    return [(part, question, titles.split("|")) for part, question, titles in lines]


def test_questions_find_their_section(known: Library) -> None:
    """The first section answers at least 9 of 10 questions, one of the first three 19 of 20."""
    asked = [(question, titles) for _, question, titles in rows() if titles != [OFF_TOPIC]]
    assert len(asked) >= 100
    found = {question: [section.title for section in known.find(question, 3)] for question, _ in asked}
    first = [question for question, titles in asked if found[question][:1] and found[question][0] in titles]
    among = [question for question, titles in asked if set(found[question]) & set(titles)]
    missed = "\n".join(f"{question}: {found[question]}" for question, _ in asked if question not in first)
    assert len(first) >= 0.9 * len(asked), missed
    assert len(among) >= 0.95 * len(asked), missed


@pytest.mark.parametrize("question", [question for _, question, titles in rows() if titles == [OFF_TOPIC]])
def test_other_questions_find_nothing(known: Library, question: str) -> None:
    assert known.find(question) == []


def test_every_section_is_named_once_short_and_found_by_its_title(known: Library) -> None:
    titles = [section.title for section in known.sections.values()]
    assert len(titles) == len(set(titles)) >= 25
    named = {title for _, _, wanted in rows() for title in wanted} - {OFF_TOPIC}
    assert named <= set(titles)
    for section in known.sections.values():
        assert 40 <= len(section.text.split()) <= 110, section.title
        assert "<!--" not in section.text
        assert known.find(section.title)[0].share >= FLOOR


def test_sections_name_only_commands_and_settings_that_exist() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in ARTICLES.glob("*.md"))
    commands = (ARTICLES.parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    settings = (ARTICLES.parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    for command, options in re.findall(r"`attune ([a-z]+)([^`]*)`", text):
        assert f"## attune {command}\n" in commands
        part = commands.split(f"## attune {command}\n")[1].split("\n## ")[0]
        assert all(option in part for option in re.findall(r"--[a-z]+", options)), command
    for name in re.findall(r"ATTUNE_[A-Z_]+", text):
        assert name in settings


def test_the_index_lies_in_the_data_folder_and_follows_the_text(tmp_path: Path) -> None:
    articles = tmp_path / "library"
    articles.mkdir()
    (articles / "one.md").write_text("# One\n\n## Teapots\nTeapots hold tea.\n\n## Kettles\nKettles boil water.\n")
    settings = Settings(_env_file=None, data=tmp_path / "run")  # type: ignore[call-arg]

    def titles(question: str) -> list[str]:
        with closing(Library(settings, articles)) as opened:
            return [section.source for section in opened.find(question)]

    def held() -> set[str]:
        """Ids of what is in the collection: hashes of the texts."""
        with closing(chromadb.PersistentClient(str(tmp_path / "run" / library.FOLDER))) as client:
            (collection,) = client.list_collections()
            return set(collection.get(include=[])["ids"])

    assert titles("teapots") == ["One, “Teapots”"]
    made = held()
    assert titles("kettles") == ["One, “Kettles”"]
    assert held() == made
    (articles / "one.md").write_text("# One\n\n## Teapots\nTeapots hold tea.\n\n## Cups\nCups are small.\n")
    assert titles("kettles") == []
    assert titles("cups") == ["One, “Cups”"]
    now = held()
    assert len(now & made) == 1, "the section that stayed was kept, the other one replaced"
    assert len(now) == len(made) == 2


# in the guide ---------------------------------------------------------------------------------------------------------
def test_the_built_in_guide_answers_with_the_source(bench: Workbench) -> None:
    case = interview.new(bench.store, "Tea shop").id
    guide = Guide(bench)
    guide.opening(case)
    reply = guide.say(case, "Should I fine-tune or use RAG?")
    assert "teaches that habit" in reply.text
    assert "Source: Whether to fine-tune, “Fine-tune or search documents”" in reply.text
    assert interview.QUESTIONS["goal"].text in reply.text, "and the interview goes on"
    reply = guide.say(case, "what is LoRA?")
    assert "**LoRA**" in reply.text
    assert "Source: " in reply.text
    reply = guide.say(case, "What is the capital of France?")
    assert "I found nothing about that" in reply.text
    assert "Source" not in reply.text
    assert bench.store.case(case).brief.goal == "", "a question is no answer"


def test_outside_the_interview_a_question_needs_no_mark(bench: Workbench) -> None:
    case = interview.new(bench.store, "Tea shop").id
    interview.run(bench.store, case, dict.fromkeys(interview.QUESTIONS, "skip"))
    reply = Guide(bench).say(case, "do I need a GPU")
    assert "Which machine is needed" in reply.text
