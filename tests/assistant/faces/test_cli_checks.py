"""`attune checks`: seen, added, taken out, restored, and written as a case file has them."""

from __future__ import annotations

import tomllib

from tests.assistant.faces.test_cli import EXAMPLE, refused, result
from tests.conftest import Attune


def test_the_checks_of_the_example(attune: Attune) -> None:
    result(attune("new", "--folder", str(EXAMPLE), "--json"))
    found = result(attune("checks", "--json"))
    assert [(check["id"], check["asks"]) for check in found["checks"]] == [
        ("language-en", "is in English"),
        ("no_list", "has no list"),
        ("no_emoji", "has no emoji"),
        ("no_url", "has no link"),
    ]
    assert all(check["approved"]["kept"] == check["approved"]["of"] > 100 for check in found["checks"])
    assert found["thresholds"][0]["subject"] == "format"
    assert not found["edited"]
    assert len(found["not_checked"]) == 7

    added = result(attune("checks", "teashop", "--add", "max_words", "80", "--share", "0.9", "--json"))
    assert added["edited"]
    assert added["checks"][-1]["id"] == "max_words-80"
    text = attune("checks", "--remove", "no_list").stdout
    assert "has no list" not in text
    assert "90%" in text
    listed = tomllib.loads(attune("checks", "--toml").stdout)["checks"]
    assert [check["kind"] for check in listed] == ["language", "no_emoji", "no_url", "max_words"]
    assert [check["id"] for check in result(attune("checks", "--restore", "--json"))["checks"]][1] == "no_list"

    refused(attune("checks", "--remove", "nothing"), "no check 'nothing'")
    refused(attune("checks", "--add", "max_words", "few"), "needs a whole number")
    refused(attune("checks", "--share", "0.9"), "--add")
    refused(attune("checks", "--suggest"), "No language model")
