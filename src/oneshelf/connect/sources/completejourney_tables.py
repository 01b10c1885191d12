"""Complete Journey's bulk tables for the lake, with the ids that the events carry, so that they join."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oneshelf.connect.hashing import sha256_of
from oneshelf.connect.ports import Reference
from oneshelf.connect.sources.completejourney_names import product_name

#: lake table -> its file in the package
REFERENCES = {
    "products": "products.parquet",
    "demographics": "demographics.parquet",
    "campaigns": "campaigns.parquet",
    "campaign_descriptions": "campaign_descriptions.parquet",
    "coupons": "coupons.parquet",
    "coupon_redemptions": "coupon_redemptions.parquet",
    "promotions": "promotions.parquet",
}

#: column of the package -> (our column, what its ids begin with)
_IDS = {
    "household_id": ("person_id", "household-"),
    "store_id": ("place_id", "store-"),
    "product_id": ("product_id", ""),
    "campaign_id": ("campaign_id", "campaign-"),
    "coupon_upc": ("coupon_id", "coupon-"),
}
#: the catalogue's other columns, named as `words.goods.Product` names them
_CATALOGUE = {"product_category": "category", "product_type": "type", "package_size": "size"}


def reference(folder: Path, table: str) -> Reference:
    """One bulk table, streamed, with the hash of its file."""
    path = folder / REFERENCES[table]
    convert = _catalogue if table == "products" else _converted
    schema = convert(pa.RecordBatch.from_pylist([], pq.read_schema(path))).schema
    rows = pa.RecordBatchReader.from_batches(schema, (convert(batch) for batch in _read(path)))
    return Reference(table=table, rows=rows, file=path.name, sha256=sha256_of(path))


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    yield from pq.ParquetFile(path).iter_batches(131_072)


def _converted(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Ids as the events have them, dates as dates, the rest as it is."""
    columns = {}
    for name in batch.schema.names:
        values = batch[name]
        if name in _IDS:
            ours, prefix = _IDS[name]
            columns[ours] = pc.binary_join_element_wise(prefix, values.cast(pa.string()), "")
        else:
            columns[name] = values.cast(pa.date32()) if pa.types.is_timestamp(values.type) else values
    return pa.record_batch(columns)


def _catalogue(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The catalogue under the names of `Product`, with the readable name that the books also have."""
    named = [product_name(row) for row in batch.to_pylist()]
    plain = _converted(batch)
    columns = {_CATALOGUE.get(name, name): plain[name] for name in plain.schema.names}
    return pa.record_batch({**columns, "name": pa.array(named, pa.string())})
