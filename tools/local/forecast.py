"""What a run of our worker is expected to take: seconds and memory, reckoned from rows, model size and hardware."""

from __future__ import annotations

from collections.abc import Iterable

from tools.local import recipe
from tools.local.machine import Hardware
from tools.trainer import Message, Range, TrainRequest

CHARS_PER_TOKEN = 3.5
TOKENS_PER_MESSAGE = 5  # what a chat template adds
CPU_FLOPS = Range(30e9, 80e9)  # a core, training in 32 bits; measured: 54e9 with 135 million parameters on 2 cores
BF16_FLOPS = Range(60e9, 150e9)  # a core, training in bf16; measured: 100e9 with the same model
GPU_FLOPS = Range(15e12, 200e12)  # from data sheets, a third of the peak; not measured
START_SECONDS = Range(6.0, 20.0)  # imports
EACH_BILLION = Range(60.0, 200.0)  # seconds for a billion parameters: loading, merging, probes, the file that is served
LIBRARIES_GB = Range(0.6, 1.0)
MOST_TOKENS, CPU_TOKENS = 16384, 1024  # that go through the model at once, at most: 1,664 held 3.9 GB on a CPU
LOGITS = 150_000_000  # numbers in all the logits of one pass, at most: 0.6 GB
PIECE = 50_000_000  # the same where the loss is computed in pieces


def tokens(row: Iterable[Message]) -> int:
    """Tokens of one conversation, as far as its characters tell."""
    return sum(round(len(str(m.get("content") or "")) / CHARS_PER_TOKEN) + TOKENS_PER_MESSAGE for m in row)


def lengths(request: TrainRequest) -> tuple[list[int], list[int]]:
    """Tokens of every row that is trained and tested on; a pair counts as its two conversations."""
    if request.method == "sft":
        return [tokens(row) for row in request.train], [tokens(row) for row in request.test]
    found = []
    for judged in (request.preferences, request.test_preferences):
        pairs = [
            [tokens([*one.prompt, {"content": answer}]) for answer in (one.chosen, one.rejected) if answer]
            for one in judged
        ]
        found.append([n for pair in pairs for n in pair] if request.method == "kto" else [sum(p) for p in pairs])
    return found[0], found[1]


def through(method: str, vocabulary: int, parameters: float, gpu: bool) -> int:
    """Tokens that may go through the model at once: judged answers need all of their logits, others only pieces."""
    most = MOST_TOKENS if gpu or parameters < recipe.SMALL else CPU_TOKENS
    return most if method == "sft" else max(1, min(most, LOGITS // vocabulary))


def seconds(work_tokens: float, parameters: float, on: Hardware, processes: int = 1) -> Range:
    """Six floating-point operations a parameter and token: two forward, four back."""
    work = 6.0 * parameters * work_tokens
    useful = min(on.cores, 4) if parameters < recipe.SMALL else on.cores
    each = BF16_FLOPS if on.bf16 and parameters >= recipe.SMALL else CPU_FLOPS
    low, high = each.low * useful, each.high * useful
    if on.gpu:
        low, high = GPU_FLOPS.low * processes, GPU_FLOPS.high * processes
    size = parameters / 1e9
    return Range(
        round(START_SECONDS.low + EACH_BILLION.low * size + work / high, 1),
        round(START_SECONDS.high + EACH_BILLION.high * size + work / low, 1),
    )


def memory(at_once: int, parameters: float, vocabulary: int, request: TrainRequest, on: Hardware) -> Range:
    """GB at the peak, of one process. `at_once`: tokens that go through the model together.

    Weights are held once while training and twice while merging; full tuning adds a gradient and two moments of
    32 bits for each. Activations grow with the tokens and the square root of the size; judged answers also need
    all of their logits, several times over.
    """
    wide = 4.0 if not on.gpu else 0.6 if request.tuning == "qlora" else 2.0
    weights = parameters * wide / 1e9
    state = parameters * 16 / 1e9 if request.tuning == "full" else weights
    logits = min(at_once * vocabulary, PIECE if request.method == "sft" else LOGITS) * 4 / 1e9
    activations = at_once * parameters**0.5 * 400 / 1e9 + 4 * logits
    high = max(2 * weights, state + activations) + (weights if request.tuning != "full" else 0.0)
    return Range(round(LIBRARIES_GB.low + max(weights, state * 0.9), 2), round(LIBRARIES_GB.high + high, 2))


def source(known: bool, on: Hardware) -> str:
    """Where the forecast comes from, in a sentence."""
    size = "the model's size" if known else "an assumed size of 8 billion parameters"
    speed = "data sheets of GPUs" if on.gpu else "runs of a 135-million-parameter model on 2 cores"
    return f"Estimated from the length of the rows, {size}, and the speed of {speed}."
