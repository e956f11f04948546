"""Whether the example most like the question should come last, as it does, or first.

    python -m tests.bench.shot_order [--json] [--count 60] [--shots 3] [--model MODEL]

Conversations to train on are left out in turn: each of their questions is asked with examples chosen from the others
(those near it left out, too), once in either order, and the answers are scored against the approved one. No held-out
conversation is read. The examples are the same ones in both orders: what does not fit the window is dropped before.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.chat import Chat
from assistant.conversations.formats import json_lines
from assistant.evidence import scorers, statistics
from assistant.evidence.runner import HeldOutQuestion, questions
from assistant.knowledge.prompt import composition, tokens
from assistant.knowledge.prompt.shots import ShotPool, Source
from assistant.knowledge.search.lexical_embedding import Embedder
from assistant.knowledge.search.retriever import Knowledge
from assistant.record.store import Store
from assistant.record.types import Item, Message, Variant
from assistant.settings import EMBEDDED, ROOT, Settings

SETS = {
    "teashop": ROOT / "data" / "examples" / "teashop" / "conversations.jsonl",
    "choir": ROOT / "data" / "tuning" / "choir" / "train.jsonl",
    "dig": ROOT / "data" / "tuning" / "dig" / "train.jsonl",
}
MOST_TOKENS, AT_ONCE = 192, 8
SYSTEM = "You are the assistant of {}."
Asked = tuple[HeldOutQuestion, list[Message], list[Message]]  # most similar last, and first


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60, help="conversations left out in turn, of each set")
    parser.add_argument("--shots", type=int, default=3)
    parser.add_argument("--model", default=EMBEDDED, help="its name, folder or GGUF file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), embedding="lexical")
        store = Store(settings.database)
        chat = Chat(settings, store, Knowledge(store, settings))
        asked = Variant("bench", "few-shot", "local", options.model, "", max_tokens=MOST_TOKENS)
        sets = {name: measure(name, path, options.count, options.shots, chat, asked) for name, path in SETS.items()}
        chat.close()
    result = {"model": options.model, "shots": options.shots, "sets": sets}
    print(json.dumps(result) if options.json else shown(result))
    return 0


def measure(name: str, path: Path, count: int, shots: int, chat: Chat, model: Variant) -> dict[str, Any]:
    """Mean score of either order, and the paired difference (last minus first) over conversations."""
    asked = prompts(name, json_lines.read(path), count, shots, chat.counter(model))
    references = [question.reference for question, _, _ in asked]
    scorer = scorers.suggest(references)
    last, first = (
        by_conversation(asked, scored(answers(chat, model, sent), references, scorer))
        for sent in ([last for _, last, _ in asked], [first for _, _, first in asked])
    )
    return {
        "scorer": scorer,
        "conversations": len(last),
        "questions": len(asked),
        "most_similar_last": asdict(statistics.interval(last)),
        "most_similar_first": asdict(statistics.interval(first)),
        "last_minus_first": asdict(statistics.difference(last, first)),
    }


def prompts(name: str, talks: list[list[Message]], count: int, shots: int, counter: tokens.Counter) -> list[Asked]:
    """Every question of `count` conversations, evenly spaced, with its two prompts; none where one example is left."""
    variant = Variant("bench", "few-shot", "local", "", SYSTEM.format(name), shots)
    embedder = Embedder()
    found: list[Asked] = []
    for place in range(0, len(talks), max(1, len(talks) // count)):
        others = talks[:place] + talks[place + 1 :]
        pool = ShotPool(Source(others, [talks[place]]), embedder)
        for question in questions([Item(place, "train", talks[place])]):
            chosen = pool.choose(question.messages, shots)
            whole = composition.build(variant, question.messages, [], chosen, counter.window, counter.count)
            kept = chosen[len(chosen) - whole.shots :]
            other = composition.build(variant, question.messages, [], kept[::-1], counter.window, counter.count)
            if len(kept) > 1 and other.shots == len(kept):
                found.append((question, whole.messages, other.messages))
    return found


def answers(chat: Chat, model: Variant, sent: Sequence[list[Message]]) -> list[str]:
    """Greedy ones, in 32 bits: they don't depend on what is asked beside them."""
    chat.warm(model, exact=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda messages: "".join(chat.send(model, messages, exact=True)), sent))


def scored(said: Sequence[str], references: Sequence[str], name: str) -> list[float]:
    score = scorers.scorer(name)
    return [float(score(answer, reference) or 0.0) for answer, reference in zip(said, references, strict=True)]


def by_conversation(asked: Sequence[Asked], values: Sequence[float]) -> list[float]:
    """The mean of each conversation: its questions are not independent."""
    found: dict[int, list[float]] = {}
    for (question, _, _), value in zip(asked, values, strict=True):
        found.setdefault(question.item, []).append(value)
    return [sum(of) / len(of) for of in found.values()]


def shown(result: dict[str, Any]) -> str:
    lines = [f"{result['model']}, {result['shots']} examples"]
    for name, of in result["sets"].items():
        apart = of["last_minus_first"]
        lines.append(
            f"{name:8} {of['conversations']} conversations, {of['scorer']}: most similar last "
            f"{of['most_similar_last']['mean']:.3f}, first {of['most_similar_first']['mean']:.3f}; difference "
            f"{apart['mean']:+.3f} ({apart['low']:+.3f} to {apart['high']:+.3f}), p {apart['p_value']:.3f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
