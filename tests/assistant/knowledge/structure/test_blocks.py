"""Headings are what the format marks as such; tables keep their heads; code makes no headings and swallows none."""

from __future__ import annotations

import time

import pytest

from assistant.knowledge.structure.blocks import Block, blocks


def of(text: str, kind: str = "markdown") -> list[tuple[str, str]]:
    return [(block.heading, block.text) for block in blocks(text, kind)]


TABLE = "| CODE | DEPOSIT |\n|---|---|\n| TENT | 50 EUR |\n| Stove | 20 euros |\n| LAMP | 5 EUR |"


@pytest.mark.parametrize("kind", ["markdown", "text", "csv", "xlsx", "docx", "lines"])
def test_rows_in_capitals_are_rows(kind: str) -> None:
    found = list(blocks(TABLE, kind))
    assert found == [Block("", tuple(TABLE.split("\n")[2:]), tuple(TABLE.split("\n")[:2]))]


def test_a_table_needs_no_empty_line_before_it_and_no_borders() -> None:
    bare = "CODE | DEPOSIT\n---|---\nTENT | 50 EUR\nLAMP | 5 EUR"
    for kind in ("markdown", "text"):
        found = list(blocks(f"What it costs:\n{bare}\nAsk at the desk.", kind))
        assert [block.header for block in found] == [(), ("| CODE | DEPOSIT |", "| ---|--- |"), ()], kind
        assert found[1].lines == ("| TENT | 50 EUR |", "| LAMP | 5 EUR |")


@pytest.mark.parametrize(
    "line",
    ["- TENTS", "* LARGE TENT", "3. LARGE TENT", "KX-1 LARGE TENT GREEN 190", "LARGE TENT\t190", "LARGE TENT   GREEN"],
)
def test_items_and_rows_in_capitals_are_no_headings_of_a_text(line: str) -> None:
    text = f"Camping\n\nThese are what we lend to members of the club.\n\n{line}\n4. Small tent\nand some more of them."
    assert [heading for heading, _ in of(text, "text")] == ["Camping"] * len(of(text, "text"))


@pytest.mark.parametrize(
    "line", ["DELIVERY", "TEAS (bags of 100 g)", "2. DELIVERY", "CHAPTER 4", "IV. DELIVERY", "КАТАЛОГ"]
)
@pytest.mark.parametrize("kind", ["text", "pdf"])
def test_lines_in_capitals_head_a_text(line: str, kind: str) -> None:
    found = of(f"We send everything by post, and it takes about two days.\n\n{line}\n\nIt is free of charge.", kind)
    assert found[-1] == (line, "It is free of charge.")


def test_capitals_mark_nothing_where_all_is_in_capitals() -> None:
    text = "\n".join(f"PASSENGERS OF TRAIN {word} WAIT HERE" for word in ("A", "B", "C"))
    assert of(text, "text") == [("", text)]


def test_where_the_format_has_marks_capitals_are_none() -> None:
    assert of("# Fees\n\nPLEASE NOTE\nA bag costs three euros.") == [("Fees", "PLEASE NOTE\nA bag costs three euros.")]


def test_numbered_headings_of_a_text_but_no_numbered_list() -> None:
    text = "1. Delivery\n\nIt is free of charge.\n\n2. Returns\n\nThey take a month.\n\n1. Ask us\n\n2. Pack\n\n3. Go"
    assert of(text, "text")[:2] == [("1. Delivery", "It is free of charge."), ("2. Returns", "They take a month.")]
    assert [heading for heading, _ in of(text, "text")[2:]] == ["2. Returns"] * 3


@pytest.mark.parametrize("frame", ["---\n{}\n---", "+++\n{}\n+++", "---\n{}\n..."])
def test_front_matter_is_a_block_and_no_heading(frame: str) -> None:
    front = "title: Lost property\n# a remark\nlast_reviewed: 2024-05-01"
    found = of(f"{frame.format(front)}\n\nKept for ninety days.\n\n## Fees\n\nThree euros.")
    assert found == [("", front), ("", "Kept for ninety days."), ("Fees", "Three euros.")]


def test_a_rule_on_top_is_no_front_matter() -> None:
    assert of("---\n\n# A\n\nOne.\n\n---\n\n## B\n\nTwo.") == [("A", "One."), ("A > B", "Two.")]


@pytest.mark.parametrize(
    "code",
    [
        "```\n# no heading\n\nTitle\n=====\n```",
        "~~~ sh\n# no heading\n```\n# nor this\n~~~",
        "````\n```\n# no heading\n```\n# nor this\n````",
        "    # no heading\n\n    # nor this",
        "- one\n\n  ```\n  # no heading\n  ```",
        "> # a heading of somebody else",
        "<!--\n# no heading\n-->",
        "```make install```",
        "#hashtag",
        "Text that ends in a rule of many\nlines is no title.\n---",
    ],
)
def test_code_and_the_like_make_no_headings_and_swallow_none(code: str) -> None:
    found = of(f"# A\n\n{code}\n\n## B\n\nTwo.")
    assert {heading for heading, _ in found[:-1]} == {"A"}
    assert "\n\n".join(text for _, text in found[:-1]) == code
    assert found[-1] == ("A > B", "Two.")


@pytest.mark.parametrize("kind", ["markdown", "text"])
def test_a_fence_that_is_never_closed_ends_with_its_paragraph(kind: str) -> None:
    assert of("# A\n\n```\n# code\nmake\n\n## B\n\nTwo.", kind) == [("A", "```\n# code\nmake"), ("A > B", "Two.")]


def test_headings_of_every_form() -> None:
    text = "Guide\n===\n\nOne.\n\n## Care ##\nTwo.\n\n  ### C\\# and so on\n\nThree.\n\nPests\n---\nFour."
    assert of(text) == [
        ("Guide", "One."),
        ("Guide > Care", "Two."),
        ("Guide > Care > C# and so on", "Three."),
        ("Guide > Pests", "Four."),
    ]


def test_code_settings_and_logs_have_no_headings() -> None:
    text = "# first remark\nMAX_SIZE = 5\n\nTitle\n-----\n\nWARNING\n\nshort line"
    assert {heading for heading, _ in of(text, "lines")} == {""}


def test_a_pdf_has_no_marks_of_markdown() -> None:
    assert {heading for heading, _ in of("# remark in a listing that goes on and on\n" * 3, "pdf")} == {""}


@pytest.mark.parametrize(
    "text",
    [
        "| a | b | c |\n|---|---|---|\n" + "| plant | 5 | some words |\n" * 60_000,
        "- an item of a list\n" * 60_000,
        "```a\n" * 100_000,
        "".join("`" * (1500 - n) + "\n" for n in range(1400)),
        ">" * 200_000,
        "# H\n\nA sentence.\n\n" * 50_000,
    ],
)
def test_long_documents_take_seconds(text: str) -> None:
    began = time.process_time()
    found = list(blocks(text, "markdown"))
    assert time.process_time() - began < 20
    kept = sum(len(block.text.replace("\n", "")) + len(block.heading) * (text[0] == "#") for block in found)
    assert kept >= len("".join(text.replace("# H", "H").split("\n"))) - 1


def test_a_text_of_headings_with_a_line_each() -> None:
    assert of("PESTS\nAphids.\n\nLIGHT\nSun.", "text") == [("PESTS", "Aphids."), ("LIGHT", "Sun.")]
