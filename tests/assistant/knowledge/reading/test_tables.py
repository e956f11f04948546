"""Tables keep their heads: titles and notes stand outside, and CSV is read by the dialect that its rows agree on."""

from __future__ import annotations

import pytest

from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.tables import table

SHELF = "| Part | Shelf | Price |\n|---|---|---|\n| Hinge | B4 | 2,50 |\n| Latch | C1 | 3,20 |"
ROWS = [["Part", "Shelf", "Price"], ["Hinge", "B4", "2,50"], ["Latch", "C1", "3,20"]]


def csv(text: str | bytes, name: str = "a.csv") -> str:
    data = text if isinstance(text, bytes) else text.encode()
    return ingestion.read(name, data, max_mb=1).text


@pytest.mark.parametrize(
    "text",
    [
        "Part;Shelf;Price\nHinge;B4;2,50\nLatch;C1;3,20\n",
        "sep=;\r\nPart;Shelf;Price\r\nHinge;B4;2,50\r\nLatch;C1;3,20\r\n",
        '"sep=;"\nPart;Shelf;Price\nHinge;B4;2,50\nLatch;C1;3,20',
        "\ufeffSEP=;\nPart;Shelf;Price\nHinge;B4;2,50\nLatch;C1;3,20",
        'Part,Shelf,Price\nHinge,B4,"2,50"\nLatch,C1,"3,20"\n',
        "Part\tShelf\tPrice\nHinge\tB4\t2,50\nLatch\tC1\t3,20\n",
        "Part|Shelf|Price\nHinge|B4|2,50\nLatch|C1|3,20\n",
        "sep=^\nPart^Shelf^Price\nHinge^B4^2,50\nLatch^C1^3,20\n",
        "\n\nPart;Shelf;Price\n;;\nHinge;B4;2,50;\nLatch;C1;3,20;\n",
        "Part;Shelf;Price\nHinge;B4;2,50\nLatch;C1;3,20".replace(";", "\t").encode("utf-16"),
    ],
)
def test_csv_of_any_dialect(text: str | bytes) -> None:
    assert csv(text) == SHELF


def test_cells_of_csv_may_hold_anything() -> None:
    text = 'Name;Text\n"A; or B";"says ""no""\nand goes on"\nC|D;x\n'
    assert csv(text) == '| Name | Text |\n|---|---|\n| A; or B | says "no" and goes on |\n| C\\|D | x |'


@pytest.mark.parametrize(
    "title", ["Price list 2026\n", "Price list 2026;;\n", "Price list 2026\n\n", '"Price list 2026"\n\n\n']
)
def test_titles_above_a_table_are_no_head(title: str) -> None:
    assert csv(f"{title}Part;Shelf;Price\nHinge;B4;2,50\nLatch;C1;3,20\n") == f"Price list 2026\n\n{SHELF}"


def test_quotes_that_are_not_in_order_are_told_and_swallow_nothing() -> None:
    found = ingestion.read("a.csv", b'Pipe,Price\n"5" pipe,10\n"6 inch,12\nBend,3\n', max_mb=1)
    assert all(part in found.text for part in ("5", "10", "6 inch", "12", "| Bend | 3 |"))
    assert "quotes" in found.warnings[0]


def test_a_table_of_one_column_and_one_without_numbers() -> None:
    assert csv("Question\nHow far?\nHow long?\n") == "| Question |\n|---|\n| How far? |\n| How long? |"
    assert csv("Who,What\nAnn,Tea\n\nBob,Milk\n") == "| Who | What |\n|---|---|\n| Ann | Tea |\n| Bob | Milk |"


def test_a_note_below_a_table_is_text_and_the_rows_after_it_have_their_head() -> None:
    rows = [*ROWS[:2], [], ["All prices in euros"], [], ROWS[2], []]
    head = "| Part | Shelf | Price |\n|---|---|---|"
    text, count, ended = table(rows)
    assert text == f"{head}\n| Hinge | B4 | 2,50 |\n\nAll prices in euros\n\n{head}\n| Latch | C1 | 3,20 |"
    assert (count, ended) == (2, False)


def test_two_tables_below_each_other_have_their_own_heads() -> None:
    second = [["Day", "Opens"], ["Monday", "9:00"], ["Sunday", "closed"]]
    text = table([*ROWS, [], *second])[0]
    assert text == f"{SHELF}\n\n| Day | Opens |\n|---|---|\n| Monday | 9:00 |\n| Sunday | closed |"
    titled = table([*ROWS, [], ["Opening hours"], *second])[0]
    assert titled == f"{SHELF}\n\nOpening hours\n\n| Day | Opens |\n|---|---|\n| Monday | 9:00 |\n| Sunday | closed |"


def test_a_table_over_two_heads_has_an_empty_corner() -> None:
    assert table([["", "2025"], ["Tea", "5"], ["Milk", "2"]])[0].startswith("|  | 2025 |\n|---|---|\n| Tea | 5 |")


def test_a_table_ends_where_there_is_no_room() -> None:
    text, count, ended = table(([f"row {n}", str(n)] for n in range(1000)), 200)
    assert ended
    assert len(text) <= 200
    assert count == text.count("\n") - 1
