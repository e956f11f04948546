"""A start that can already look things up: heads that see the tokens before, and heads that go on after a match.

A transformer that starts from noise spends most of a short run on finding two circuits: "what stood before this
token" and "where did this token stand before, and what came next". Here both are written into the first weights, made
of random projections only; nothing of the language is in them. Training keeps, bends or overwrites them.
"""

from __future__ import annotations

import math

import torch
from transformers import LlamaForCausalLM

BACK = 3  # heads of the first layer that look one, two and three tokens back
SLOT = 32  # numbers that each of them hands on; as many as the slow half of a rotary head can compare
NEAR_PAIRS = 8  # fast rotary pairs that tell one step back from two
NEAR_GAIN = 9.0  # nats between the token meant and its neighbours, about
MATCH_GAIN = 12.0  # nats for a perfect match
HAND_ON = 1.0  # length of what a head writes, in lengths of an embedding
GO_ON = 1.5
STD = 0.5  # of an embedding's numbers: large, so that the optimizer's first steps do not blur them
BIAS = 4.0  # the constant number in every embedding, in STD
CONFIDENCE = 14.0  # logit of a perfect copy


def wire(model: LlamaForCausalLM, layers: tuple[int, ...], generator: torch.Generator) -> None:
    """Write the two circuits into an untrained model; `layers` get half of their heads for going on after a match."""
    config = model.config
    width, size = int(config.hidden_size), int(config.hidden_size // config.num_attention_heads)
    content = slice(1, width - BACK * SLOT)
    with torch.no_grad():
        embedding = model.model.embed_tokens.weight
        embedding.normal_(0.0, STD, generator=generator)
        embedding[:, 0] = BIAS * STD
        embedding[:, content.stop :] = 0.0
        length = STD * math.sqrt(content.stop - 1)
        for layer in model.model.layers:  # whatever is not wired writes nothing yet
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        read = _orthogonal(SLOT, content.stop - 1, generator)
        _look_back(model, size, content, read, length)
        for layer in layers:
            _go_on(model, layer, size, content, read, length, generator)
        model.model.norm.weight.fill_(CONFIDENCE / (length * math.sqrt(width)))


def _look_back(model: LlamaForCausalLM, size: int, content: slice, read: torch.Tensor, length: float) -> None:
    """First layer: head n attends n + 1 tokens back, by position alone, and writes that token into slot n."""
    attention = model.model.layers[0].self_attn
    half = size // 2
    theta = float(model.config.rope_parameters["rope_theta"])
    angles = theta ** (-torch.arange(NEAR_PAIRS) / half)
    apart = float((1 - torch.cos(angles)).sum())
    normed = _normed(model, length, slots=0)
    gain = math.sqrt(NEAR_GAIN * math.sqrt(size) / apart) / (normed * BIAS * STD)
    for head in range(BACK):
        rows = slice(head * size, (head + 1) * size)
        for matrix in (attention.q_proj.weight, attention.k_proj.weight):
            matrix[rows] = 0.0
        turn = angles * (head + 1)
        first = head * size
        attention.q_proj.weight[first : first + NEAR_PAIRS, 0] = gain
        attention.k_proj.weight[first : first + NEAR_PAIRS, 0] = gain * torch.cos(turn)
        attention.k_proj.weight[first + half : first + half + NEAR_PAIRS, 0] = gain * torch.sin(turn)
        attention.v_proj.weight[rows] = 0.0
        attention.v_proj.weight[first : first + SLOT, content] = read
        attention.o_proj.weight[:, rows] = 0.0
        start = content.stop + head * SLOT
        scale = HAND_ON * length / (normed * length * math.sqrt(SLOT / (content.stop - 1)))
        attention.o_proj.weight[start : start + SLOT, first : first + SLOT] = scale * torch.eye(SLOT)


def _go_on(
    model: LlamaForCausalLM, layer: int, size: int, content: slice, read: torch.Tensor, length: float,
    generator: torch.Generator,
) -> None:  # fmt: skip
    """Half of a layer's heads attend to what followed the same one, two or three tokens, and hand its content on."""
    attention = model.model.layers[layer].self_attn
    heads = model.config.num_attention_heads // 2
    normed = _normed(model, length, slots=BACK)
    half, slow = size // 2, SLOT // 2  # the last pairs of a rotary head hardly turn within the window
    places = torch.cat([torch.arange(half - slow, half), torch.arange(size - slow, size)])
    token = normed * length * math.sqrt(SLOT / (content.stop - 1))  # length of what `read` gives of a token
    handed = normed * HAND_ON * length
    gain = math.sqrt(MATCH_GAIN * math.sqrt(size))
    for head in range(heads):
        first = head * size
        rows = slice(first, first + size)
        attention.q_proj.weight[rows] = 0.0
        attention.k_proj.weight[rows] = 0.0
        for back in range(1 + head % 2 * (BACK - 1)):
            mix = torch.eye(SLOT) if not back else _orthogonal(SLOT, SLOT, generator)
            share = gain / math.sqrt(1 + head % 2 * (BACK - 1))
            here = mix @ read / token if not back else mix / handed
            source = content if not back else slice(content.stop + (back - 1) * SLOT, content.stop + back * SLOT)
            slot = slice(content.stop + back * SLOT, content.stop + (back + 1) * SLOT)
            attention.q_proj.weight[first + places, source] += share * here
            attention.k_proj.weight[first + places, slot] += share * mix / handed
        out = _orthogonal(size, content.stop - 1, generator)
        attention.v_proj.weight[rows] = 0.0
        attention.v_proj.weight[rows, content] = out / normed
        attention.o_proj.weight[:, rows] = 0.0
        attention.o_proj.weight[content, rows] = GO_ON * out.T


def _normed(model: LlamaForCausalLM, length: float, slots: int) -> float:
    """What the norm before a layer multiplies a residual of one embedding and so many slots by."""
    width = int(model.config.hidden_size)
    return math.sqrt(width / (length**2 * (1 + slots * HAND_ON**2) + (BIAS * STD) ** 2))


def _orthogonal(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """Random orthonormal rows, or columns where there are fewer of these."""
    noise = torch.randn(max(rows, columns), min(rows, columns), generator=generator)
    q: torch.Tensor = torch.linalg.qr(noise)[0]
    return q if rows >= columns else q.T
