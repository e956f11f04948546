"""The scorer that is chosen for a set of approved answers, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.errors import AttuneError
from assistant.evidence import scorers

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize(
    ("references", "name"),
    [
        (['["a"]', "[]", '{"k": 2}'], "json_records"),
        (['```json\n{"a": 1}\n```', '{"a": 2}', '{"a": 3}'], "json_records"),
        (["billing", "delivery", "billing", "billing", "delivery", "billing"], "exact"),
        (["-1", "1"] * 6, "exact"),
        (["👍", "👎"] * 6, "exact"),
        (["a, b", "b, c", "a, c", "c, b", "a", "b, a", "c", "a, b, c", "b"], "exact"),
        (["12", "3.5 €", "-7", "1,000"], "numbers"),
        (["SELECT a FROM b", "select c from d", "DELETE FROM e"], "sql"),
        (["print(1)", "import os", "x = 2"], "code"),
        (["```\nls\n```", "```sh\ncd\n```", "```\npwd\n```"], "code"),
        (["A whole sentence.", "Another one.", "And a third."], "chrf"),
        (["We are sorry to hear that, and we will look into it at once."] * 9, "chrf"),
        (["12", "three"], "chrf"),
        (["12 days", "3 weeks", "5 days"], "chrf"),
        ([], "chrf"),
        (["", "", ""], "exact"),
    ],
)
def test_the_scorer_fits_the_answers(references, name):
    found = scorers.choose(references)
    assert found.name == name == scorers.suggest(references)
    assert found.ignores == scorers.KINDS[name].ignores
    assert str(found).startswith(f"{name}. {found.why} It ")
    assert found.why.endswith(".")


def test_a_case_names_its_scorer_or_leaves_the_choice():
    assert scorers.named("json_f1", ["x"]).name == "json_records"
    assert scorers.named("token_f1", ["x"]).why == "The case names it."
    assert scorers.named("auto", ['{"a": 1}']) == scorers.named("", ['{"a": 1}']) == scorers.choose(['{"a": 1}'])
    with pytest.raises(AttuneError, match="no scorer"):
        scorers.named("bleu", [])


def test_the_page_about_scorers_has_each_with_what_it_ignores():
    page = (ROOT / "docs" / "scorers.md").read_text(encoding="utf-8")
    for name, kind in scorers.KINDS.items():
        assert f"| `{name}` | {kind.suits} | {kind.ignores} |" in page
