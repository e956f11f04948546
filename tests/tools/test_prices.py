"""The table of prices: what answers and training cost, and what it does not know."""

from __future__ import annotations

import tomllib

import pytest

from tools.prices import TABLE, Prices
from tools.trainer import ToolError


def test_answers_of_a_tuned_model_and_of_its_base_have_prices_of_their_own() -> None:
    prices, tuned = Prices("openai"), "ft:gpt-4.1-mini-2025-04-14:shop::7"
    after, before = prices.answers(tuned, tuned=True), prices.answers("gpt-4.1-mini", tuned=False)
    assert (after.input, after.output, before.input, before.output) == (0.80, 3.20, 0.40, 1.60)
    assert after.of(1_000_000, 500_000) == pytest.approx(2.40)
    assert before.date == prices.date


@pytest.mark.parametrize("vendor", ["openai", "azure"])
def test_every_model_with_a_price_has_all_of_them(vendor: str) -> None:
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))[vendor]["models"]
    assert rows
    for row in rows.values():
        assert set(row) == {"train", "input", "output", "base_input", "base_output"}


def test_what_is_not_in_the_table_is_said(tmp_path: object) -> None:
    with pytest.raises(ToolError, match="no price for 'mystery'"):
        Prices("openai").answers("mystery", tuned=True)
    table = tmp_path / "prices.toml"  # type: ignore[operator]
    table.write_text('[openai]\ndate = "2026-01-01"\n[openai.models."own"]\ntrain = 1.0\n')
    with pytest.raises(ToolError, match="no base_input for 'own' in the table of 2026-01-01"):
        Prices("openai", table).answers("own", tuned=False)
