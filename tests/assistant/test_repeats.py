"""An answer that loops is noticed; poems, lists, tables, code and JSON are not taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.repeats import repeated

DATA = Path(__file__).resolve().parents[2] / "data"
STEP = "Keep the care card from the box near the sink. "


@pytest.mark.parametrize(
    "text",
    [
        "Hello! It can be saved.\n" + STEP * 6,
        "Hello! It can be saved.\n" + STEP * 6 + "Keep the ca",  # ended by its limit, in mid-word
        "Toppings:\n" + "".join(f"{n}. tomato sauce\n" for n in range(1, 30)),
        "Toppings:\n- tomato sauce and cheese\n" * 8,
        '{"toppings": [' + '"olives", "cheese", ' * 20,
        '[{"item": "pizza", "size": "large"}, ' + '{"item": "pizza", "size": "large"}, ' * 9 + '{"item": "piz',
        "I am sorry. " * 30,
        "and the the " + "the " * 60,
        "WE WILL call you. We will call you.\nWe will\n\ncall you." + " we will call you." * 4,
    ],
)
def test_a_loop_is_noticed(text: str) -> None:
    assert repeated(text) >= 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "No, no, no, no, no!",
        "Ha ha ha ha ha ha ha!",
        STEP * 2,
        "The woods are lovely, dark and deep,\nBut I have promises to keep,\n"
        "And miles to go before I sleep,\nAnd miles to go before I sleep.",
        "Row, row, row your boat,\nGently down the stream.\nMerrily, merrily, merrily, merrily,\nLife is but a dream.",
        "For he's a jolly good fellow,\n" * 3 + "And so say all of us!",
        "\n".join(f"{n}. Pour {n * 10} g of water and wait." for n in range(1, 12)),
        "\n".join(f"- {day}: closed" for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")),
        "| tea | price |\n|---|---|\n" + "".join(f"| tea number {n} | £{n} |\n" for n in range(20)),
        "A matrix:\n" + "0 0 0 0 0 0 0 0 0 0\n" * 10,
        "Here is a line:\n" + "-" * 120,
        json.dumps([{"id": n, "name": "tea", "in_stock": True} for n in range(40)]),
        json.dumps([{"name": name, "size": "large"} for name in ("pizza", "pasta", "salad", "soup")], indent=2),
        "def f():\n    for i in x:\n        for j in y:\n            if i:\n                if j:\n"
        "                    print(i)\n                    print(j)\n",
        "<ul>" + "".join(f"<li>{word}</li>" for word in ("one", "two", "three", "four", "five", "six")) + "</ul>",
        "f(g(h(i(j(k(l(m(n(o(p(q(r(s(t))))))))))))))" + "}" * 80,
    ],
)
def test_what_is_no_loop_is_left_alone(text: str) -> None:
    assert repeated(text) == 0


def test_no_approved_answer_of_ours_is_taken_for_one() -> None:
    files = [*DATA.glob("examples/*/*.jsonl"), *DATA.glob("tuning/**/*.jsonl")]
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    said = [str(message["content"]) for row in rows for message in row["messages"]]
    assert len(said) > 400
    assert [text for text in said if repeated(text)] == []


def test_a_long_answer_takes_no_time() -> None:
    import time

    begin = time.monotonic()
    repeated(" ".join(f"word{n % 997}" for n in range(20_000)))
    assert repeated("a b " * 20_000) > 100
    assert repeated("0 " * 20_000) == 0
    assert time.monotonic() - begin < 2
