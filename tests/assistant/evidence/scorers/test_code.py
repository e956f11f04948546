"""Programs and queries: what layout and letters mean nothing, and what does."""

from __future__ import annotations

import time

import pytest

from assistant.evidence.scorers.code import code, is_code, is_sql, sql

PYTHON = "def area(w, h):\n    return w * h\n"
JAVASCRIPT = "function area(w, h) { return w * h; }"


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (f"Here it is:\n```python\n{PYTHON}```\nIt multiplies.", PYTHON),
        ("def area(w,h):  # of a rectangle\n\n  return (w*h)", PYTHON),
        (f"~~~\n{PYTHON}~~~", f"```py\n{PYTHON}```"),
        ("function area(w,h)\n{\n\treturn w*h;\n}", JAVASCRIPT),
        ("Run `ls -la` to see them.", "ls -la"),
        ("print('a')", 'print("a")'),
    ],
)
def test_the_same_program(answer, reference):
    assert code(answer, reference) == 1


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        (PYTHON.replace("*", "+"), PYTHON),
        ("if a:\n    b()\nc()", "if a:\n    b()\n    c()"),
        ("a:\n  b: 1\n  c: 2", "a:\n  b: 1\nc: 2"),  # YAML: layout is meaning
        (JAVASCRIPT.replace("w * h", "h * h"), JAVASCRIPT),
        ("print('a b')", "print('ab')"),
        ("X = 1", "x = 1"),
        ("a == b", "a != b"),
    ],
)
def test_another_program(answer, reference):
    assert 0 < code(answer, reference) < 1


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("select NAME from Users where id=3;", "SELECT name\nFROM users\nWHERE id = 3"),
        ("Use this:\n```sql\nSELECT 1;\n```\nDone.", "select 1"),
        ("Here you go: \n\nSELECT a FROM b;\n\nIt reads b.", "select a from b"),
        ("SELECT a -- the first\nFROM b /* all */", "SELECT a FROM b"),
        ("SELECT a FROM b WHERE c <> 1", "SELECT a FROM b WHERE c != 1"),
    ],
)
def test_the_same_query(answer, reference):
    assert sql(answer, reference) == 1


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("SELECT a FROM b WHERE c = 'X'", "SELECT a FROM b WHERE c = 'x'"),
        ("SELECT a FROM b WHERE c > 1", "SELECT a FROM b WHERE c < 1"),
        ("SELECT a FROM b WHERE c = '--x'", "SELECT a FROM b WHERE c = '--y'"),
        ("SELECT a FROM b", "SELECT b FROM a"),
    ],
)
def test_another_query(answer, reference):
    assert 0 < sql(answer, reference) < 1


def test_what_is_code_and_what_is_not():
    assert all(map(is_code, [PYTHON, "```\nls\n```", "import os", "print(1)"]))
    assert not any(map(is_code, ["billing", "a, b", "Refunds take 14 days.", "category: billing", "12", ""]))
    assert all(map(is_sql, ["SELECT a FROM b", "```sql\nselect 1 as x\n```", "update t set a = 1;"]))
    assert not any(map(is_sql, ["Select a colour.", "With pleasure!", "billing", "Here: SELECT a FROM b", ""]))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000,
        "x" * 100_000,
        "'" * 50_001,
        "not " * 5_000 + "x",
        "-" * 20_000 + "1",
        "\x00",
        "`\\" * 20_000,
        "/*" * 20_000,
    ],
)
def test_noise_is_compared_and_nothing_is_raised(text):
    started = time.process_time()
    assert code(text, text) == 1
    assert 0 <= code(text, PYTHON) < 1
    assert sql(text, text) == 1
    assert time.process_time() - started < 10
