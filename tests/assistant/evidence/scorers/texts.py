"""Texts that scorers meet, for tests by property: prose, labels, numbers, JSON and code of any script, and noise."""

from __future__ import annotations

import json

from hypothesis import strategies as st

PIECES = (
    "yes no billing -1 1 1.0 +5 1,200 0,5 3% €5 ½ १२ ١٢ ، , ; | . 。 । … \" ' « » 「 」 `x` **b** ```\n ~~~json\n "
    "{ } [ ] 👍 👍🏽 👎🏿 👨‍👩‍👧 🇩🇪 C++ C# > < Ⅳ İ "
    '{"a":1} [1] null NaN ı ß é é का कि مـرحبا ไทย 中文 かな ﾊﾟ ﬁ x² 9999999999 1e5 '
    "SELECT from -- /* def f(x): return \n \t \u200d \u200b \u00a0 \ufeff \x00 - # #"
).split(" ")

any_text = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
)
labels = st.text(st.characters(categories=["L", "M", "Nd", "S"], exclude_characters="|\u0640"), min_size=1, max_size=8)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
json_containers = (
    st.lists(json_values, max_size=4) | st.dictionaries(st.text(max_size=4), json_values, max_size=4)
).map(lambda value: json.dumps(value, ensure_ascii=False))
