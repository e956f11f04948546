"""What the tests of knowledge and chat are made of: a record in a new folder, a case, documents, a minimal PDF."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant import workbench
from assistant.background import Background
from assistant.chat import Chat
from assistant.knowledge.reading import ingestion
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Brief, Case, Message, Variant
from assistant.settings import Settings
from assistant.workbench import Workbench

PLANTS = {
    "watering.md": "# Watering\n\nWater the monstera once a week.\n\n## Cactus\n\nA cactus wants water once a month.",
    "pests.txt": "PESTS\nSpider mites hate moist air. Wash the leaves with soap.\n\nLIGHT\nFerns like shade.",
    "delivery.md": "# Delivery\n\nPlants travel by bicycle courier on Tuesdays. The courier costs 4 euros.",
}


def at_once(*acts: Callable[[], object]) -> None:
    """Do them at the same time, each on a thread of its own, and wait for all of them."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def settings(folder: Path, **more: object) -> Settings:
    return Settings(_env_file=None, data=folder, **more)  # type: ignore[arg-type,call-arg]


def new_case(folder: Path, **more: object) -> tuple[Settings, Store]:
    """A record with the case `plants`, without documents."""
    made = settings(folder, **more)
    store = Store(made.database)
    brief = Brief(goal="Help people with plants.", tone="Calm.", must=("Name the plant.",))
    store.add_case(Case("plants", "Plant desk", brief=brief))
    return made, store


def opened(made: Settings, store: Store, trainers: dict[str, Any] | None = None) -> Workbench:
    """What is open around a record that a test made itself. Nothing is started; whoever asks a model closes it."""
    knowledge = Knowledge(store, made)
    chat = Chat(made, store, knowledge)
    return Workbench(made, store, knowledge, chat, trainers or {}, Background(), workbench.azure(made))


def add_documents(made: Settings, store: Store) -> None:
    for name, text in PLANTS.items():
        ingestion.add(store, made, "plants", name, text.encode())


def talk(*texts: str) -> list[Message]:
    """Messages from user and assistant in turn."""
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def variant(**more: object) -> Variant:
    """Of the tests' own model, unless another is named."""
    model = settings(Path()).chat_model
    values = {"case": "plants", "name": "prompt", "endpoint": "local", "model": model, "system": "Help."}
    return Variant(**(values | more))  # type: ignore[arg-type]


def pdf(*pages: str) -> bytes:
    """A PDF with these lines of text on its pages; an empty page holds nothing."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for i, text in enumerate(pages):
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in text.split("\n") if line)
        stream = f"BT /F1 11 Tf 72 720 Td {shown}ET" if shown else ""
        box = "/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {5 + 2 * i} 0 R >>")
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    body, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return (body + end + trailer).encode("latin-1")
