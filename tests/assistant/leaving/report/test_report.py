"""The report: what it tells is what was measured, it needs nothing from elsewhere, and nothing in it runs."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from assistant.errors import AttuneError
from assistant.leaving.report import card, contents, page, plot, printing
from assistant.leaving.report.figures import Figure
from assistant.record.store import Store
from assistant.record.types import Evaluation
from assistant.stages import interview
from tests.assistant.evidence.answers import measured_shop
from tests.assistant.guide.proposing import Opened, open_bench
from tests.conftest import Attune

EVIL = '<script>alert(1)</script><img src="http://evil.example/x">{{ 7 * 7 }}'


@pytest.fixture
def measured(opened: Opened) -> Evaluation:
    bench, trainer = opened
    return measured_shop.measured(bench, measured_shop.trained(bench, trainer))


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened[0].store


def soup(store: Store, case: str) -> BeautifulSoup:
    return BeautifulSoup(page.html(contents.read(store, case)), "lxml")


def test_it_tells_the_verdict_and_its_figures(store: Store, measured: Evaluation) -> None:
    found = contents.read(store, measured.case)
    whole = soup(store, measured.case)
    assert measured.verdict["reason"] in whole.select_one(".verdict").get_text()  # type: ignore[union-attr]
    assert found.title == "Proved better"
    for kind in ("form", "facts", "score"):
        figure = found.figure(kind, "tuned")
        assert figure is not None
        assert figure.mean == pytest.approx(measured.results["tuned"][kind], abs=1e-3)
        assert figure.low <= figure.mean <= figure.high
    plain = found.figure("facts", "prompt")
    assert plain is not None
    assert plain.mean == pytest.approx(measured.results["prompt"]["facts"], abs=1e-3)  # with its failed answer as 0
    text = whole.get_text(" ")
    assert measured.dataset in text
    assert "40 to train on, 24 held out" in text
    assert "8 of 8 answers are the same" in text
    assert all(meaning.capitalize() in text for meaning in (one.means for one in found.sanity))
    assert [one.beaten for one in found.sanity] == [True, True, True]
    assert len(whole.select("svg.plot")) == 2


def test_five_answers_are_side_by_side(store: Store, measured: Evaluation) -> None:
    rows = soup(store, measured.case).select("section.row")
    assert [row.select_one(".tag").get_text() for row in rows] == ["best"] * 2 + ["worst"] * 2 + ["random"]  # type: ignore[union-attr]
    assert len({row.select_one(".asked").get_text() for row in rows}) == 5  # type: ignore[union-attr]
    assert all(len(row.select(".card")) == 3 for row in rows)
    assert "99" in [mark.get_text() for mark in rows[2].select(".differs")]


def test_what_people_and_judges_said_is_told(store: Store, measured: Evaluation) -> None:
    item, turn = contents.read(store, measured.case).table.keys[0]
    store.add_mark(measured.id, item, turn, "right", measured.results["tuned"]["variant"])
    store.update_proof(measured.id, judge={"sentence": "The judge agrees."}, leaks={"sentence": "No leak."})
    text = soup(store, measured.case).get_text(" ")
    assert "1 of 24" in text
    assert "1 you called right" in text
    assert "The judge agrees." in text
    assert "No leak." in text


def test_nothing_in_it_runs_or_comes_from_elsewhere(store: Store, measured: Evaluation) -> None:
    score = next(s for s in store.scores(measured.id) if s.variant == measured.results["tuned"]["variant"])
    store.add_score(replace(score, answer=EVIL, score=0.0))
    interview.run(store, measured.case, {"goal": EVIL})
    html = page.html(contents.read(store, measured.case))
    whole = BeautifulSoup(html, "lxml")
    assert not whole.select("script, img, iframe, link, object, [onclick], [src], [href]")
    assert "default-src 'none'" in html
    assert "{{ 7 * 7 }}" in html  # a template in what people wrote stays what they wrote
    assert "49" not in re.findall(r"\b49\b", whole.select_one("table").get_text())  # type: ignore[union-attr]


def test_a_case_without_a_model_has_a_report_too(store: Store, measured: Evaluation) -> None:
    """Only the untrained variants were measured."""
    results = {name: row for name, row in measured.results.items() if name != "tuned"}
    alone = store.add_evaluation(measured.case, measured.dataset, 0, "chrf", [r["variant"] for r in results.values()])
    for score in store.scores(measured.id):
        if score.variant in alone.variants:
            store.add_score(replace(score, evaluation=alone.id))
    verdict = {"decision": "baseline", "reason": "Of the untrained variants, few-shot is best.", "against": "few-shot"}
    store.finish_evaluation(alone.id, results, verdict, {})
    found = contents.read(store, measured.case)
    assert (found.table.candidate, found.job, found.training) == ("few-shot", None, {})
    text = BeautifulSoup(page.html(found), "lxml").get_text(" ")
    assert "Nothing was trained." in text
    assert "Not checked" in text
    earlier = contents.read(store, measured.case, measured.id)
    assert earlier.table.candidate == "tuned"


def test_what_cannot_be_reported_is_a_sentence(store: Store, measured: Evaluation) -> None:
    empty = interview.new(store, "Empty").id
    for case, number in ((empty, 0), (empty, measured.id)):
        with pytest.raises(AttuneError, match="no finished evaluation") as caught:
            contents.read(store, case, number)
        assert caught.value.remedy


def test_the_card_has_the_same_figures(store: Store, measured: Evaluation) -> None:
    found = contents.read(store, measured.case)
    said = card.scores(found)
    figure = found.figure("facts", "tuned")
    assert figure is not None
    assert f"{figure.mean:.3f} ({figure.low:.3f} to {figure.high:.3f})" in said
    assert "Verdict: switch. It keeps your format" in said
    assert "is what was trained" in said


def test_a_plot_says_its_values_in_words_and_escapes_names() -> None:
    figures = [Figure("<b>", 0.5, 0.25, 0.75, True), Figure("other", 1.2, -1.0, 2.0)]
    drawn = BeautifulSoup(plot.intervals(figures, "Form"), "lxml")
    assert drawn.svg["aria-label"] == "Form: <b> 0.50 (0.25 to 0.75); other 1.20 (-1.00 to 2.00)"  # type: ignore[index]
    assert not drawn.select("b")
    inside = [float(line["x1"]) for line in drawn.select(".reach")] + [
        float(line["x2"]) for line in drawn.select(".reach")
    ]  # type: ignore[arg-type]
    assert min(inside) == plot.NAMES
    assert max(inside) == plot.WIDTH - plot.VALUES
    assert inside[2] - inside[0] == pytest.approx((plot.WIDTH - plot.NAMES - plot.VALUES) / 2)


def test_a_pdf_is_printed_by_the_browser(store: Store, measured: Evaluation, tmp_path: Path) -> None:
    if printing.browser() is None:
        pytest.skip("no browser that prints is installed")
    made = page.write(store, measured.case, tmp_path / "deep" / "report", as_pdf=True)
    assert made.name == "report.pdf"
    text = "".join(one.extract_text() for one in PdfReader(io.BytesIO(made.read_bytes())).pages)
    assert "Proved better" in text
    assert "What keeps it honest" in text


def test_a_browser_that_does_not_print_is_told() -> None:
    with pytest.raises(AttuneError, match="did not print") as caught:
        printing.pdf("<p>x</p>", "/bin/false")
    assert "HTML" in caught.value.remedy
    with pytest.raises(AttuneError, match="did not print"):
        printing.pdf("<p>x</p>", "/nowhere/chromium")


def test_without_a_browser_the_page_is_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if printing.browser() is not None:
        pytest.skip("a browser is installed outside the PATH")
    with pytest.raises(AttuneError, match="No Chromium"):
        printing.pdf("<p>x</p>")


def test_at_a_terminal(here: Attune, tmp_path: Path) -> None:
    bench, trainer = open_bench(tmp_path / "run")
    measured_shop.measured(bench, measured_shop.trained(bench, trainer))
    bench.close()
    done = json.loads(here("report", "--json").stdout)
    assert done == {"case": "fern-kettle", "file": "fern-kettle-report.html", "kind": "html"}
    assert (tmp_path / "fern-kettle-report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "cannot be written" in here("report", "--out", "fern-kettle-report.html/x.html").stderr
    assert here("report", "--evaluation", "99").returncode == 1
