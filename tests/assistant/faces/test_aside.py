"""What is told beside a verdict, at each face: what was forgotten, and what a request costs."""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from assistant.evidence.aside import cost, forgetting
from assistant.faces.ui.result import compare_text
from assistant.faces.ui.result.compare_tab import CompareTab
from assistant.faces.ui.session import Session
from assistant.guide import results
from tests.assistant.evidence.measured_case import evaluated, trained
from tests.assistant.guide.proposing import Opened


def test_the_page_and_the_guide_tell_the_cost(opened: Opened) -> None:
    bench, trainer = opened
    case = trained(bench, trainer)
    found = evaluated(bench, case, lambda _, tuned: 0.9 if tuned else 0.5)
    told = cost.of(bench.store, bench.settings, found)["sentence"]
    assert told.startswith("A request takes 100 tokens with few-shot and 100 tokens with tuned.")
    assert "What that costs is not known" in told  # nobody knows where this trainer's models answer
    with gr.Blocks():
        tab = CompareTab(bench, Session())
    assert told in tab.show(case)
    assert told in results.told(bench, case, "cost")


def test_what_was_forgotten_stands_before_the_cost(opened: Opened) -> None:
    bench, trainer = opened
    case = trained(bench, trainer)
    found = evaluated(bench, case, lambda _, tuned: 0.9 if tuned else 0.5)
    lost = forgetting.compared([True] * 30 + [False] * 30, [True] * 15 + [False] * 45)
    lost |= {"sentence": forgetting.sentence(lost)}
    takes = cost.of(bench.store, bench.settings, found)
    paragraphs = compare_text.aside(replace(found, proof={"forgetting": lost}), takes).split("\n\n")
    assert paragraphs == [lost["sentence"], takes["sentence"]]
    assert paragraphs[0].startswith("General abilities: 30 of 60 before, 15 of 60 after (difference -25 points, ")
    assert compare_text.aside(replace(found, proof={}), {}) == ""
