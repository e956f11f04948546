"""By what an evaluation is scored: measured by the stage, and told on the command line and the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import cases
from assistant.errors import AttuneError
from assistant.evidence import scoring
from assistant.faces.ui.result import compare_text
from assistant.stages import dataset, evaluate
from assistant.workbench import Workbench
from tests.assistant.conversations.test_conversations import questions as unlike
from tests.assistant.evidence.reading_server import YesServer
from tests.assistant.material import new_case, opened, talk

RATINGS = ("-1", "1")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """A case of signed labels, and a server that says "Yes." to everything."""
    with YesServer() as server:
        made, store = new_case(tmp_path, chat_base_url=server.url, chat_model="says yes", embedding="lexical")
        for number, text in enumerate(unlike(24)):
            source = "heldout" if number < 12 else "import"
            store.import_conversation("plants", source, talk(text, RATINGS[number % 2]))
        dataset.run(store, "plants")
        found = opened(made, store)
        yield found
        found.close()


def test_signed_labels_are_scored_as_labels_and_the_choice_is_told(bench: Workbench) -> None:
    done = evaluate.run(bench, "plants")
    assert (done.scorer, done.results["prompt"]["score"]) == ("exact", 0)
    found = scoring.of(bench.store, done)
    assert found.why == "The approved answers are a few short labels."
    assert f"Scorer: exact. {found.why} {found.ignores} Measured " in compare_text.verdict(done, str(found))
    tested = scoring.tested(bench.store, bench.knowledge, done)
    assert tested.ok
    assert tested.chance == pytest.approx(60 / 132, abs=1e-4)  # 6 of each label


def test_an_earlier_name_is_todays_scorer(bench: Workbench) -> None:
    bench.store.set_options("plants", {"scorer": "json_f1"})
    done = evaluate.run(bench, "plants")
    assert done.scorer == "json_records"
    assert scoring.of(bench.store, done).why == "The case names it."


def test_likeness_in_meaning_is_refused_where_the_app_searches_by_words_alone(bench: Workbench) -> None:
    bench.store.set_options("plants", {"scorer": "similarity"})
    with pytest.raises(AttuneError, match="needs an embedding model"):
        evaluate.run(bench, "plants")


def test_an_evaluation_stored_under_an_earlier_name_is_still_described(bench: Workbench) -> None:
    store = bench.store
    stored = store.add_evaluation("plants", store.datasets("plants")[-1].id, 0, "json_f1", [])
    assert scoring.of(store, stored).name == "json_records"


def test_a_folder_that_names_no_known_scorer_is_refused_before_anything_is_kept(
    bench: Workbench, tmp_path: Path
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    row = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    (folder / "conversations.jsonl").write_text(row)
    (folder / "case.toml").write_text('[brief]\ngoal = "x"\n\n[evaluate]\nscorer = "bleurt"\n')
    before = len(bench.store.cases())
    with pytest.raises(AttuneError, match="no scorer called 'bleurt'"):
        cases.from_folder(bench, folder)
    assert len(bench.store.cases()) == before
