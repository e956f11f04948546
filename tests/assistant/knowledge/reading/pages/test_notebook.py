"""Notebooks: texts, code in fences, and what the code printed."""

from __future__ import annotations

import json

import pytest

from assistant.knowledge.reading import ingestion
from assistant.knowledge.reading.text import Read
from assistant.knowledge.structure.blocks import blocks

CELLS = [
    {"cell_type": "markdown", "source": ["# Ferry\n", "The ferry leaves at seven."]},
    {
        "cell_type": "code",
        "source": "# no heading\nprint(7)",
        "outputs": [
            {"output_type": "stream", "text": ["7\n"]},
            {
                "output_type": "execute_result",
                "data": {"text/html": "<table><tr><th>Day</th></tr><tr><td>Monday</td></tr></table>"},
            },
            {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}},
            {"output_type": "error", "ename": "KeyError", "evalue": "'x'"},
        ],
    },
]


def read(book: object) -> Read:
    return ingestion.read("a.ipynb", json.dumps(book).encode(), max_mb=1)


def test_a_notebook() -> None:
    found = read({"cells": CELLS, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4})
    assert found.kind == "notebook"
    assert found.text.startswith(
        "# Ferry\nThe ferry leaves at seven.\n\n```python\n# no heading\nprint(7)\n```\n\n```\n7\n```"
    )
    assert "| Day |\n| --- |\n| Monday |" in found.text
    assert "KeyError: 'x'" in found.text
    assert "Pictures" in found.warnings[0]
    assert {block.heading for block in blocks(found.text, found.kind)} == {"Ferry"}


def test_one_of_before_2015() -> None:
    found = read(
        {
            "worksheets": [
                {
                    "cells": [
                        {"cell_type": "heading", "level": 2, "source": ["Ferry"]},
                        {"cell_type": "code", "input": ["x = 1"]},
                    ]
                }
            ]
        }
    )
    assert found.text == "## Ferry\n\n```\nx = 1\n```"


@pytest.mark.parametrize("metadata", [None, {}, {"kernelspec": None}])
def test_what_may_be_missing(metadata: object) -> None:
    assert read({"cells": [{"cell_type": "raw", "source": "Text."}, {}], "metadata": metadata}).text == "Text."
