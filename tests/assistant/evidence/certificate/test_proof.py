"""What a certificate says where nothing could be looked at."""

from __future__ import annotations

from assistant.evidence.certificate import proof
from assistant.evidence.certificate.proof import Proof


def test_a_model_that_is_served_elsewhere_says_that_it_was_not_checked() -> None:
    found = proof.unchecked("the model is served by the one who trained it")
    assert found["ok"]
    assert not found["checked"]
    assert found["checks"][0]["detail"] == "not checked: the model is served by the one who trained it"
    assert proof.told(found) == "Whether what answers is what was trained is not checked: it is served elsewhere."


def test_one_proof_that_failed_fails_the_certificate() -> None:
    good, bad = Proof("files", True, "the same"), Proof("merge", False, "other")
    assert proof.certificate([good], {})["ok"]
    found = proof.certificate([good, bad], {})
    assert not found["ok"]
    assert proof.told(found) == "What answers is not what was trained."
