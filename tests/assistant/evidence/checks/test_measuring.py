"""Shares and gates, counted by hand."""

from __future__ import annotations

from assistant.evidence.checks.assertion import make
from assistant.evidence.checks.compiled import Compiled
from assistant.evidence.checks.measuring import figures, gates, keeps_all, measure
from assistant.evidence.checks.thresholds import Threshold

ANSWERS = ["Hello, it is £3.", "Hello 😊", "", "Ja, wir haben heute bis achtzehn Uhr geöffnet."]
HELLO, PLAIN = make("starts_with", "Hello", field="format"), make("no_emoji")
GERMAN, SHORT = make("language", "de"), make("max_words", 4)


def test_kept_told_and_all_are_counted_apart() -> None:
    found = measure(Compiled((HELLO, PLAIN, GERMAN)), ANSWERS)
    assert [(one.kept, one.told, one.of) for one in found] == [(2, 4, 4), (3, 4, 4), (1, 1, 4)]
    assert [one.share for one in found] == [0.5, 0.75, 1.0]
    assert measure(Compiled((GERMAN,)), ["Ja."])[0].share is None


def test_all_together_means_each_that_can_be_told() -> None:
    assert keeps_all([HELLO, PLAIN, GERMAN], ANSWERS) == [True, False, False, False]
    assert keeps_all([GERMAN], ["Ja."]) == [None]
    assert keeps_all([], ANSWERS) == [None] * 4


def test_figures_by_check_and_by_group() -> None:
    found = figures([HELLO, PLAIN, SHORT], ANSWERS)
    assert [found.pop(check.id) for check in (HELLO, PLAIN, SHORT)] == [0.5, 0.75, 0.75]
    assert found == {"checks": 0.25, "length": 0.75, "format_checks": 0.5}
    assert figures([], ANSWERS) == {"checks": None, "length": None, "format_checks": None}


def test_a_gate_is_open_shut_or_unmeasured() -> None:
    wanted = [
        Threshold("95 % keep the format", "format", "at_least", 0.95),
        Threshold("3 in 10", "checks", "at_least", 0.3),
        Threshold("few", "numbers", "at_most", 0.05),
        Threshold("close", "likeness", "at_least", 0.6),
    ]
    found = gates(wanted, {"format": 0.949, "checks": 0.1 + 0.2, "numbers": 0.06, "likeness": None})
    assert [gate.ok for gate in found] == [False, True, False, None]
    assert [gate.wanted for gate in found] == [0.95, 0.3, 0.05, 0.6]
    assert gates(wanted[:1], {})[0].ok is None
