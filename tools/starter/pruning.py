"""Take out of a starter's tokenizer the pieces that its training hardly showed: `python -m tools.starter.pruning DIR`.

Byte-level BPE makes longer pieces from shorter ones, and many of the shorter ones then stand in no text by themselves:
`igeon` is a step on the way to ` pigeon`. Nothing teaches the model such a piece, and a word that nobody has seen (a
name, a product) is often cut into just these. Without them it is cut into pieces that the model knows.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from tokenizers import Tokenizer

from tools.starter.batches import encode
from tools.starter.corpus import conversation
from tools.starter.words import Words

CONVERSATIONS, LEAST = 40_000, 40  # a piece in fewer places of so many conversations (9M tokens) goes
ENDLESS = 10**6  # tokens; longer than any conversation


def pruned(tokenizer: Tokenizer, seed: int, conversations: int = CONVERSATIONS, least: int = LEAST) -> Tokenizer:
    """The same tokenizer without its rare pieces. Every other piece keeps its number, bytes and special tokens too.

    A word that is one piece is found whole. Any other is merged from its letters by pieces that stay, each by every two
    parts that make it, since the parts that made it first may be gone.
    """
    described: dict[str, Any] = json.loads(tokenizer.to_str())
    model, counts = described["model"], _counts(tokenizer, seed, conversations)
    numbers: dict[str, int] = model["vocab"]
    special = {one["content"] for one in described["added_tokens"]}
    rare = {piece for piece, n in numbers.items() if len(piece) > 1 and piece not in special and counts[n] < least}
    buildable, merges = {piece for piece in numbers if len(piece) == 1}, []
    for piece in dict.fromkeys("".join(pair) for pair in model["merges"]):
        pairs = [[piece[:i], piece[i:]] for i in range(1, len(piece))]
        pairs = [pair for pair in pairs if buildable.issuperset(pair)]
        if pairs and piece not in rare:
            buildable.add(piece)
            merges += pairs
    model["vocab"] = {f"<unused{n}>" if piece in rare else piece: n for piece, n in numbers.items()}
    model |= {"merges": merges, "ignore_merges": True}
    return Tokenizer.from_str(json.dumps(described))


def _counts(tokenizer: Tokenizer, seed: int, conversations: int) -> Counter[int]:
    """How often each piece stands in so many conversations, as they are trained on."""
    r, words, found = Random(f"{seed}-pruning"), Words(dense=True), Counter[int]()
    for _ in range(conversations):
        found.update(encode(tokenizer, conversation(r, words).messages, room=ENDLESS)[0])
    return found


def main() -> None:
    """Rewrite DIR/tokenizer.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    path = args.directory / "tokenizer.json"
    before = Tokenizer.from_file(str(path))
    after = pruned(before, args.seed)
    after.save(str(path))
    print(f"{sum(piece.startswith('<unused') for piece in after.get_vocab())} of {after.get_vocab_size()} pieces went.")


if __name__ == "__main__":
    main()
