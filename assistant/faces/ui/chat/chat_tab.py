"""The chat: the active variant answers, and every gesture on an answer is a label in the record."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from assistant.conversations import gestures, labels
from assistant.faces.ui.chat import answer_stream, transcript
from assistant.faces.ui.chat.citations import CITING
from assistant.faces.ui.chat.transcript import Shown
from assistant.faces.ui.handler_errors import told, told_stream, warn
from assistant.faces.ui.session import QUIET, Session
from assistant.record import threads
from assistant.record.types import Turn, Variant
from assistant.stages import dataset, switch
from assistant.traffic import returning, watch
from assistant.workbench import Workbench

EMPTY = "### Ask something\nThe assistant answers right away. Approve good answers; edit those that are nearly right."


class ChatTab:
    """Builds the panel; the record is the only memory, so a reload brings the conversation back."""

    def __init__(self, bench: Workbench, session: Session) -> None:
        self.bench, self.session = bench, session
        self.conversation = gr.State(0)
        self.chat = gr.Chatbot(
            elem_id="chat",
            height="58vh",
            min_height=320,
            show_label=False,
            label="Chat",
            editable="all",
            buttons=["copy"],
            feedback_options=("Like", "Dislike"),
            placeholder=EMPTY,
            allow_tags=False,
            group_consecutive_messages=True,
            layout="bubble",
            latex_delimiters=[],
        )
        self.box = gr.Textbox(
            placeholder="Write a message",
            show_label=False,
            label="Message",
            container=False,
            submit_btn="Send",
            lines=1,
            max_lines=6,
            elem_id="message",
            autofocus=True,
        )
        with gr.Row():
            self.count = gr.Markdown(elem_classes="quiet", elem_id="approved", container=False)
            self.new = gr.Button("New conversation", size="sm", scale=0, min_width=160, elem_id="new-conversation")
        gr.HTML("", js_on_load=CITING, elem_id="citing", apply_default_css=False, padding=False)

    def wire(self) -> None:
        case, talk, chat, box = self.session.case, self.conversation, self.chat, self.box
        running = {**QUIET, "concurrency_limit": None}
        sent = box.submit(told_stream(self.send), [box, chat, case, talk], [box, chat, talk], **running)
        again = chat.retry(told_stream(self.retry), [chat, case], [box, chat, talk], **running)
        edited = chat.edit(told_stream(self.edit), [chat, case], [box, chat, talk], trigger_mode="multiple", **running)
        box.stop(None, None, None, cancels=[sent, again, edited], **QUIET).then(
            told(self._stopped), talk, [box, chat], **QUIET
        )
        for event in (sent, again, edited):
            self.session.after(event)
        self.session.after(chat.like(told(self.label), [chat, talk], chat, **QUIET))
        chat.undo(told(self._undo), chat, [chat, box], **QUIET)
        gr.on([self.new.click, chat.clear], lambda: (0, gr.Chatbot([], feedback_value=[])), None, [talk, chat], **QUIET)
        case.change(told(self._open), case, [talk, chat], cancels=[sent, again, edited], **QUIET)
        self.session.in_front("chat", self.show, [self.count])

    def show(self, case: str) -> str:
        """How many answers are approved, and what that is still short of."""
        rows = labels.approved_rows(self.bench.store, case)
        approved = sum(m["role"] == "assistant" and m.get("weight", 1) != 0 for row in rows for m in row.messages)
        more = dataset.LEAST - len(rows)
        short = (
            f"{more} more conversation{'s' * (more != 1)} until a dataset can be built"
            if more > 0
            else "enough to build a dataset"
        )
        return f"{approved} answer{'s' * (approved != 1)} approved · {short}"

    def _open(self, case: str) -> tuple[int, gr.Chatbot]:
        """The last conversation of the case."""
        found = self.bench.store.conversations(case, "chat") if case else []
        last = found[-1].id if found else 0
        return last, self.chatbot(last)

    def chatbot(self, conversation: int) -> gr.Chatbot:
        turns = self.bench.store.turns(conversation) if conversation else []
        return gr.Chatbot(transcript.shown(turns), feedback_value=transcript.feedback(turns))

    def send(self, text: str, history: Shown, case: str, conversation: int) -> Iterator[tuple[Any, ...]]:
        if text.strip() and case:
            question = gestures.ask(self.bench.store, case, text, conversation, transcript.last_answer(history))
            yield from self._answer(case, question)

    def retry(self, history: Shown, case: str, data: gr.RetryData) -> Iterator[tuple[Any, ...]]:
        """Another answer to the same question; the first one stays in the record."""
        if question := transcript.turn_id(history, data.index):
            yield from self._answer(case, self.bench.store.turn(question), again=True)

    def edit(self, history: Shown, case: str, data: gr.EditData) -> Iterator[tuple[Any, ...]]:
        """An edited answer is an approved one, an edited question is asked; the originals stay in the record."""
        store = self.bench.store
        id, text = transcript.turn_id(history, data.index), transcript.plain(data.value).strip()
        if not id:
            return
        old, newest = store.turn(id), returning.last(store, case)
        new = gestures.edit(store, id, text) if text and text != old.content else old
        self._say_returned(case, newest)
        if new.id != id and new.role == "user":
            yield from self._answer(case, new)
            return
        if new.id != id:
            gr.Info("Your version is kept as an approved answer; the original stays in the record.", duration=4)
        yield gr.skip(), self.chatbot(old.conversation), gr.skip()

    def _answer(self, case: str, question: Turn, again: bool = False) -> Iterator[tuple[Any, ...]]:
        """Stream the answer to a question; it enters the record when it is complete, and only then."""
        store, conversation = self.bench.store, question.conversation
        variant, newest = switch.answering(store, self.bench.settings, case, conversation), returning.last(store, case)
        path = threads.path_to(store.turns(conversation), question.id)
        before: Shown = [message for turn in path for message in transcript.message(turn)]
        thumbs = transcript.feedback(path)
        busy = gr.Textbox("", submit_btn=False, stop_btn="Stop")
        yield busy, gr.Chatbot([*before, _pending("Thinking…")], feedback_value=thumbs), conversation
        try:
            yield from self._pieces(gestures.again(variant) if again else variant, path, before)
        except Exception as error:  # the box must come back whatever happened
            warn(error)
            self._say_returned(case, newest)
        yield gr.Textbox(submit_btn="Send", stop_btn=False), self.chatbot(conversation), conversation

    def _pieces(self, variant: Variant, path: list[Turn], before: Shown) -> Iterator[tuple[Any, ...]]:
        text, question = "", path[-1]
        with watch.answering(self.bench.chat, variant, str(question.conversation), kept=True):
            for piece in answer_stream.pieces(self.bench.chat, variant, threads.as_asked(path)):
                if piece.kind == "status" or (piece.kind == "wait" and not text):
                    yield gr.skip(), [*before, _pending(piece.text)], gr.skip()
                elif piece.kind == "text":
                    text += piece.text
                    yield gr.skip(), [*before, {"role": "assistant", "content": text}], gr.skip()
                elif piece.reply is not None and not gestures.keep(self.bench.store, question, variant, piece.reply):
                    gr.Info(gestures.SAME)

    def _stopped(self, conversation: int) -> tuple[Any, ...]:
        gr.Info("Stopped. The unfinished answer was not kept.")
        return gr.Textbox(submit_btn="Send", stop_btn=False), self.chatbot(conversation)

    def label(self, history: Shown, conversation: int, data: gr.LikeData) -> gr.Chatbot:
        """Approve or reject; the same thumb again takes it back (Gradio then says "")."""
        store, id = self.bench.store, transcript.turn_id(history, data.index)
        judge = {True: gestures.approve, False: gestures.reject}.get(data.liked, gestures.undo)
        if id:
            case = store.conversation(store.turn(id).conversation).case
            newest, now = returning.last(store, case), judge(store, id)
            self._say_returned(case, newest)
            if now.id != id:
                gr.Info("Your version is taken back; the original is shown again.", duration=4)
                return self.chatbot(conversation)
        return gr.Chatbot(feedback_value=transcript.feedback(store.turns(conversation)))

    def _say_returned(self, case: str, newest: int) -> None:
        """Whether an earlier variant has come back since the switch of that number."""
        if said := returning.since(self.bench.store, case, newest):
            gr.Warning(escape(said), duration=12)

    def _undo(self, history: Shown, data: gr.UndoData) -> tuple[Any, ...]:
        """The last question goes back into the box; the next one takes its place."""
        place = data.index if isinstance(data.index, int) else data.index[0]
        return history[:place], transcript.plain(data.value)


def _pending(title: str) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "metadata": {"title": title, "status": "pending"}}
