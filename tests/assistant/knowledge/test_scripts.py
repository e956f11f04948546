"""A question finds what answers it in any script: by words alone, by spelling, and beside an embedding of English."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.chat import UNFOUND
from assistant.knowledge.quote import quoting
from assistant.knowledge.reading import ingestion
from assistant.knowledge.search.embedding_choice import Choice, Served
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from tests.assistant.knowledge.embedding_server import packaged_model
from tests.assistant.material import new_case, opened, talk, variant

DOCUMENTS = {
    "zh.txt": "租车须知\n\n取车时请出示驾驶执照和信用卡。\n\n还车\n\n还车时油箱必须加满，否则收取加油费。\n\n保险\n\n"
    "车辆保险由公司购买，顾客不必另外付钱。\n\n宠物\n\n小狗可以上车，但是要放在笼子里。",
    "ja.txt": "図書館の利用案内\n\n貸出は一人五冊までです。\n\n延滞\n\n返却が遅れると一日十円の罰金がかかります。\n\n"
    "自習室\n\n自習室は午後八時まで使えます。\n\n駐車場\n\n駐車場は無料ですが、台数に限りがあります。",
    "th.txt": "การจอง\n\nลูกค้าต้องจองโต๊ะล่วงหน้าสองวัน\n\nที่จอดรถ\n\nที่จอดรถอยู่หลังร้านและไม่เสียเงิน",
    "hi.txt": "नियम\n\nकिताब दस दिन में लौटानी होगी।\n\nशुल्क\n\nदेर करने पर पाँच रुपये का दंड लगेगा।",
    "ar.txt": "المكتبة\n\nتفتح المكتبة أبوابها في الساعة التاسعة صباحا.\n\n"
    "الاشتراك\n\nرسوم الاشتراك عشرون دينارا في السنة.",
    "de.txt": unicodedata.normalize(
        "NFD", "Bücherei\n\nÜberzogene Bücher kosten täglich einen Franken.\n\nMöbel\n\nStühle trägt der Hauswart."
    ),
}
QUESTIONS = {
    "还车的时候油箱要加满吗？": ("zh.txt", "加油费"),
    "取车需要信用卡吗": ("zh.txt", "驾驶执照"),
    "可以带小狗吗？": ("zh.txt", "笼子"),
    "保险由谁购买？": ("zh.txt", "保险由公司"),
    "返却が遅れたら罰金はいくらですか": ("ja.txt", "十円"),
    "自習室は何時まで使えますか？": ("ja.txt", "午後八時"),
    "駐車場は無料ですか": ("ja.txt", "台数"),
    "貸出は何冊までですか": ("ja.txt", "五冊"),
    "ที่จอดรถอยู่ที่ไหน": ("th.txt", "หลังร้าน"),
    "ต้องจองโต๊ะล่วงหน้าไหม": ("th.txt", "สองวัน"),
    "किताब कब लौटानी होगी?": ("hi.txt", "दस दिन"),
    "देर करने पर कितना दंड है": ("hi.txt", "पाँच"),
    "ما هي رسوم الاشتراك؟": ("ar.txt", "عشرون"),
    "Was kosten überzogene Bücher?": ("de.txt", "Franken"),
    "Wer trägt die Stühle?": ("de.txt", "Hauswart"),
}


@dataclass(frozen=True)
class Desk:
    store: Store
    knowledge: Knowledge


@pytest.fixture(scope="module", params=["spelling", "minilm"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp(request.param)
    made, store = new_case(folder)
    for name, text in DOCUMENTS.items():
        ingestion.add(store, made, "plants", name, text.encode())
    embedding = (
        Embedder() if request.param == "spelling" else Served("minilm", "by meaning", packaged_model(folder), 0.1)
    )
    knowledge = Knowledge(store, made, Choice(embedding))
    knowledge.sync("plants", wait=True)
    yield Desk(store, knowledge)
    knowledge.close()
    embedding.close()


def is_the_right(text: str, question: str) -> bool:
    return unicodedata.normalize("NFC", QUESTIONS[question][1]) in unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_words_alone_find_the_paragraph(desk: Desk, question: str, form: str) -> None:
    corpus = desk.knowledge.corpus("plants")
    hits = corpus.by_words(unicodedata.normalize(form, question), 3)
    assert is_the_right(corpus.chunks[hits[0].place].text, question)


@pytest.mark.parametrize("question", QUESTIONS)
def test_words_and_vectors_find_it_too(desk: Desk, question: str) -> None:
    found = desk.knowledge.passages("plants", question, 3)
    assert (found[0].document, is_the_right(found[0].text, question)) == (QUESTIONS[question][0], True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_is_quoted(desk: Desk, question: str) -> None:
    found = quoting.answer(desk.knowledge, "plants", question)
    assert is_the_right(found.text, question)


@pytest.mark.parametrize("question", ["今晚的月亮有多圆", "明日の試合は誰が勝つと思う", "कल बारिश होगी क्या"])
def test_what_is_in_no_document_is_said_to_be_in_none(desk: Desk, question: str) -> None:
    assert quoting.answer(desk.knowledge, "plants", question).text == quoting.NOTHING


def test_the_chat_says_that_nothing_was_found(tmp_path: Path) -> None:
    made, store = new_case(tmp_path)
    ingestion.add(store, made, "plants", "zh.txt", DOCUMENTS["zh.txt"].encode())
    bench = opened(made, store)
    try:
        reading = variant(name="rag", passages=3, endpoint="compatible")
        for asked, told in (("明日の試合", UNFOUND), ("保险由谁购买？", ""), ("你好", "")):
            assert bench.chat.prepare(reading, talk(asked)).unfound == told
        assert bench.chat.prepare(variant(endpoint="compatible"), talk("明日の試合")).unfound == ""
    finally:
        bench.chat.close()
        bench.knowledge.close()
