"""Cutting rows into transactions of bounded size. Pure functions over any kind of row."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

BATCH_ROWS = 1_000
BATCH_BYTES = 4 << 20

R = TypeVar("R")


def batched(rows: Iterable[R], size_bytes: Callable[[R], int] = lambda row: 0) -> Iterator[list[R]]:
    """Cut `rows` into lists of at most BATCH_ROWS rows and BATCH_BYTES bytes; a larger row stands alone."""
    batch: list[R] = []
    batch_bytes = 0
    for row in rows:
        size = size_bytes(row)
        if batch and (len(batch) >= BATCH_ROWS or batch_bytes + size > BATCH_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(row)
        batch_bytes += size
    if batch:
        yield batch
