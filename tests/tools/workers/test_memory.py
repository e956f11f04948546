"""How many rows go through a model at once, and fewer where memory runs out."""

from __future__ import annotations

from tools.workers.compute import memory


def test_rows_at_once_divide_the_share_and_shrink() -> None:
    assert memory.at_once(8, 100, 6_000_000, 16384) == 8
    assert memory.at_once(8, 5000, 6_000_000, 16384) == 2
    assert memory.at_once(8, 100, 6_000_000, 16384, most=3) == 2
    assert memory.at_once(8, 100_000, 6_000_000, 16384) == 1
    assert [memory.smaller(12, tried, 1) for tried in (12, 6, 4, 3, 2, 1)] == [6, 4, 3, 2, 1, 0]
    assert memory.smaller(8, 2, 2) == 0


def test_words_of_an_allocator_are_understood() -> None:
    assert memory.ran_out(MemoryError())
    assert memory.ran_out(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    assert memory.ran_out(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert not memory.ran_out(RuntimeError("shapes do not match"))
