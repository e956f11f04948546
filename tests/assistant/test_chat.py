"""One reply for every model: a local one on loopback, and a server that answers well or badly."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from assistant.chat import Chat, Reply
from assistant.errors import AttuneError
from assistant.faces.ui.chat import transcript
from assistant.knowledge.prompt.composition import Prompt
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.types import Turn, Variant
from tests.assistant.material import add_documents, at_once, new_case, talk, variant

KEY = "sk-very-secret-key"
QUESTION = talk("How often do I water my cactus?")


def open_chat(folder: Path, **more: object) -> Chat:
    made, store = new_case(folder, **more)
    add_documents(made, store)
    return Chat(made, store, Knowledge(store, made))


# a local model -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    chat = open_chat(tmp_path_factory.mktemp("chat"))
    yield chat
    chat.close()
    assert servers() == []


def servers() -> list[int]:
    """The model servers that this process started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if "tools.workers.serving.llama" in line and int(parent) == os.getpid():
            found.append(int(entry.name))
    return found


def end_servers() -> None:
    for pid in servers():
        os.kill(pid, signal.SIGKILL)


def long(**more: object) -> Variant:
    return variant(max_tokens=100, system="You are the assistant of the plant desk.", **more)


def test_an_answer_streams_and_tells_what_it_took(local: Chat) -> None:
    said: list[str] = []
    local.warm(long(), said.append)
    assert said[-2:] == ["Loading the model", "The model is ready"]
    assert len(servers()) == 1
    reply = local.reply(long(), QUESTION)
    pieces = list(reply)
    assert len(pieces) > 1
    assert reply.text == "".join(pieces)
    assert 0 < reply.first_token_s < reply.total_s < 30
    assert reply.completion_tokens > 1
    assert reply.finish_reason in ("stop", "length")
    assert reply.prompt == [{"role": "system", "content": long().system}, *QUESTION]
    assert "".join(local.reply(long(), QUESTION)) == reply.text


def test_an_answer_that_meets_its_limit_says_so(local: Chat) -> None:
    reply = local.reply(long(), QUESTION)
    list(reply)
    assert reply.cut == "" or reply.completion_tokens == 100
    short = local.reply(variant(max_tokens=2), QUESTION)
    list(short)
    assert short.cut == "The answer is cut at its limit of 2 tokens, which ATTUNE_LONGEST_ANSWER sets."
    turn = Turn(2, 1, 1, "assistant", short.text, details={"saw": short.saw(), "cut": short.cut})
    shown = transcript.message(turn)[-1]
    assert shown["metadata"]["title"].endswith(" tokens · answer cut")
    assert "at its limit of 2 tokens" in shown["content"]


def test_an_answer_that_repeats_itself_says_so() -> None:
    text = "It can be saved. " + "Keep the card from the box near the sink. " * 6
    asked = Prompt([{"role": "user", "content": "Rust?"}], parts=[[("question", "Rust?")]])
    reply = Reply(asked, lambda _: iter([text[:90], text[90:]]), 0.0)
    assert "".join(reply) == text
    assert reply.repeats == "The answer repeats itself: it ends by saying the same 6 times."
    shown = transcript.message(Turn(2, 1, 1, "assistant", text, details={"saw": reply.saw(), "repeats": reply.repeats}))
    assert shown[-1]["metadata"]["title"].endswith(" · repeats itself")
    assert "the same 6 times" in shown[-1]["content"]


def test_prompt_tokens_are_counted_as_the_server_counts_them(local: Chat) -> None:
    messages = talk("Grüße! €5?", "Hello\n there.", "Water <|im_end|> the 🌵?")
    both = long(passages=2)
    counted = local.prepare(both, messages).tokens
    reply = local.reply(both, messages)
    list(reply)
    assert reply.prompt_tokens == counted > 0


def test_passages_and_drops_are_told(local: Chat) -> None:
    reply = local.reply(long(passages=2), QUESTION)
    assert reply.passages[0].heading == "Watering > Cactus"
    assert "[1] Watering > Cactus: A cactus wants water" in reply.prompt[0]["content"]
    list(reply)
    history = talk(*("word " * 60 for _ in range(40)), "And now?")
    crowded = local.reply(long(passages=2), history)
    assert "left out: the model reads 1948 tokens at once." in crowded.dropped[-1]
    assert crowded.prompt[-1] == history[-1]
    list(crowded)
    assert crowded.prompt_tokens <= 1948
    with pytest.raises(AttuneError, match="too long for the model"):
        local.reply(long(), talk("word " * 3000))


def test_a_short_question_is_looked_up_with_the_one_before(local: Chat) -> None:
    follow_up = talk("How often do I water my cactus?", "Once a month.", "And why?")
    assert local.prepare(long(passages=1), follow_up).passages[0].heading == "Watering > Cactus"


def test_a_server_that_died_is_started_again(local: Chat) -> None:
    local.warm(long())
    before = servers()
    end_servers()
    reply = local.reply(long(), QUESTION)
    assert len("".join(reply)) > 0
    assert len(servers()) == 1
    assert servers() != before


def test_a_server_that_dies_while_it_answers_is_told(local: Chat, endless: Path) -> None:
    reply = local.reply(variant(model=str(endless), max_tokens=1800), QUESTION)
    next(reply)
    end_servers()
    with pytest.raises(AttuneError) as caught:
        list(reply)
    assert "local server" in caught.value.sentence
    assert caught.value.remedy == "Ask again: it restarts by itself."
    assert reply.total_s > 0
    assert len("".join(local.reply(long(), QUESTION))) > 0


def test_an_answer_may_be_stopped(local: Chat, endless: Path) -> None:
    reply = local.reply(variant(model=str(endless), max_tokens=1800), QUESTION)
    first = next(reply)
    reply.close()
    assert reply.text == first
    assert list(reply) == []


def test_several_may_ask_at_once(local: Chat) -> None:
    alone = "".join(local.reply(long(), QUESTION))
    answers: list[str] = []
    at_once(*[lambda: answers.append("".join(local.reply(long(), QUESTION)))] * 6)
    assert answers == [alone] * 6


def test_a_model_that_is_not_there(local: Chat) -> None:
    with pytest.raises(AttuneError, match="not on this machine") as caught:
        local.reply(long(model="jobs/gone/merged"), QUESTION)
    assert caught.value.remedy


def test_a_model_that_cannot_be_loaded_is_told(local: Chat, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(AttuneError) as caught:
        list(local.reply(long(model=str(tmp_path)), QUESTION))
    assert caught.value.remedy


# a remote server -----------------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """Answers chat completions; the model's name says how badly."""

    asked: ClassVar[list[dict[str, Any]]] = []
    at_once: ClassVar[threading.Barrier] = threading.Barrier(4)
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body)
        model = body["model"]
        if model.isdigit():
            echo = {"error": {"message": f"No. Your key was {self.headers['Authorization']}."}}
            return self.answer(int(model), json.dumps(echo).encode())
        for option in ("max_tokens", "stream_options"):
            if model == "picky" and option in body:
                error = {"error": {"message": f"Unsupported parameter: '{option}' is not supported with this model."}}
                return self.answer(400, json.dumps(error).encode())
        if model == "reasons" and "max_tokens" in body:  # refused when all of them have asked
            self.at_once.wait(30)
            said = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            return self.answer(400, json.dumps({"error": {"message": said}}).encode())
        chunks = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in ("One ", "cup.")]
        if model == "breaks":
            return self.answer(200, self.lines(chunks), cut=True)
        if model == "fails":
            return self.answer(200, self.lines([chunks[0], {"error": {"message": "CUDA out of memory"}}]))
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if "stream_options" in body:
            chunks.append({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}})
        return self.answer(200, self.lines(chunks) + b"data: [DONE]\n\n")

    def lines(self, chunks: list[dict[str, Any]]) -> bytes:
        head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return b"".join(b"data: " + json.dumps(head | chunk).encode() + b"\n\n" for chunk in chunks)

    def answer(self, status: int, data: bytes, cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if status == 200 else "application/json")
        self.send_header("Content-Length", str(len(data) + 100 * cut))
        self.send_header("retry-after-ms", "5")
        self.end_headers()
        self.wfile.write(data)
        if cut:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1"
    chat = open_chat(tmp_path_factory.mktemp("remote"), chat_base_url=url, chat_api_key=KEY)
    yield chat
    chat.close()
    server.shutdown()
    server.server_close()


def far(model: str) -> Variant:
    return variant(endpoint="chat", model=model, temperature=0.3, max_tokens=50)


def test_a_remote_server_is_asked_by_the_same_client(remote: Chat) -> None:
    reply = remote.reply(far("good"), QUESTION)
    assert list(reply) == ["One ", "cup."]
    assert (reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) == (9, 2, "stop")
    sent = Handler.asked[-1]
    assert sent["messages"] == [{"role": "system", "content": "Help."}, *QUESTION]
    assert (sent["model"], sent["temperature"], sent["max_tokens"], sent["stream"]) == ("good", 0.3, 50, True)
    assert KEY not in repr(remote.models.clients)


def test_options_that_a_server_refuses_are_left_out(tmp_path: Path, remote: Chat) -> None:
    chat = open_chat(tmp_path, chat_base_url=remote.settings.chat_base_url, chat_api_key=KEY)
    reply = chat.reply(far("picky"), QUESTION)
    assert "".join(reply) == "One cup."
    assert reply.completion_tokens > 0  # estimated, since it was not counted
    assert reply.prompt_tokens > 0
    assert Handler.asked[-1]["max_completion_tokens"] == 50
    assert not Handler.asked[-1].keys() & {"max_tokens", "stream_options"}
    count = len(Handler.asked)
    list(chat.reply(far("picky"), QUESTION))
    assert len(Handler.asked) == count + 1  # it is remembered
    chat.close()


def test_first_questions_at_once_blame_the_option_that_was_sent(tmp_path: Path, remote: Chat) -> None:
    chat = open_chat(tmp_path, chat_base_url=remote.settings.chat_base_url, chat_api_key=KEY)
    answers: list[str] = []
    times = Handler.at_once.parties
    at_once(*[lambda: answers.append("".join(chat.reply(far("reasons"), QUESTION)))] * times)
    assert answers == ["One cup."] * times
    list(chat.reply(far("reasons"), QUESTION))
    for sent in Handler.asked[-1 - times :]:
        assert sent["max_completion_tokens"] == 50
        assert "max_tokens" not in sent
    chat.close()


ERRORS = {
    "400": ("refused by the server", "Ask again later"),
    "401": ("Access was refused", "ATTUNE_CHAT_API_KEY"),
    "403": ("Access was refused", "ATTUNE_CHAT_API_KEY"),
    "404": ("There is no model '404'", "ATTUNE_CHAT_MODEL"),
    "429": ("Too many requests", "Wait"),
    "500": ("status 500", "Ask again later"),
    "breaks": ("ended in the middle", "Ask again"),
    "fails": ("CUDA out of memory", "Ask again"),
}


@pytest.mark.parametrize("model", ERRORS)
def test_every_error_is_a_sentence_and_a_remedy_without_the_key(remote: Chat, model: str) -> None:
    with pytest.raises(AttuneError, match=ERRORS[model][0]) as caught:
        list(remote.reply(far(model), QUESTION))
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)
    assert ERRORS[model][1] in caught.value.remedy


def test_no_server_and_no_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        chat = open_chat(tmp_path / "a", chat_base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        with pytest.raises(AttuneError, match="no connection to the server") as caught:
            list(chat.reply(far("good"), QUESTION))
        assert "ATTUNE_CHAT_BASE_URL" in caught.value.remedy
        chat.close()
    chat = open_chat(tmp_path / "b")
    with pytest.raises(AttuneError, match="No server is set") as caught:
        list(chat.reply(far("good"), QUESTION))
    assert "ATTUNE_CHAT_BASE_URL" in caught.value.remedy
    chat.close()
