"""Blocks: which records meet. A number for each record and block, so that joining them compares integers and never a crowd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from oneshelf.insight.people.comparisons import Block


def drawn(records: pa.Table, most: int, seed: int) -> pa.Table:
    """At most so many rows, in their order, drawn by a seed."""
    if records.num_rows <= most:
        return records
    rows = np.random.default_rng(seed).choice(records.num_rows, most, replace=False)
    return records.take(pa.array(np.sort(rows)))


def pairs_of(records: pa.Table, block: tuple[str, ...]) -> int:
    """How many pairs are equal in some fields."""
    counts = np.bincount(_codes(records, block) + 1)[1:]
    return int((counts * (counts - 1) // 2).sum())


def _codes(records: pa.Table, block: tuple[str, ...]) -> np.ndarray[Any, Any]:
    """A number for each record by its values in some fields, -1 where one is missing."""
    columns = [_part(records, field) for field in block]
    joined = pc.binary_join_element_wise(*columns, "\x1f") if len(columns) > 1 else columns[0]
    codes = joined.dictionary_encode().indices
    return np.asarray(pc.fill_null(codes, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _part(records: pa.Table, field: str) -> pa.Array:
    name, _, length = field.partition(":")
    column = records[name].combine_chunks()
    return pc.utf8_slice_codeunits(column, 0, int(length)) if length else column


def with_keys(records: pa.Table, blocks: Sequence[Block], name: str) -> pa.Table:
    """Add a key for each block; null where a field is missing or too many records share the key."""
    for place, block in enumerate(blocks):
        codes = _codes(records, block.fields)
        counts = np.bincount(codes + 1)
        crowded = counts[codes + 1] > block.most
        keys = pa.array(codes, mask=(codes < 0) | crowded)
        records = records.append_column(f"{name}_{place}", keys)
    return records
