"""Splink behind a small port: train a model on records, and score the pairs that may be one person's.

Everything happens in a DuckDB of its own in memory, with bounded memory and threads, and spills into a folder that is gone afterwards.
The same records, model and seed give the same pairs, whatever was matched before.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from oneshelf.errors import Unavailable
from oneshelf.insight.people.comparisons import (
    BLOCKS,
    CERTAIN,
    CERTAIN_RECALL,
    COMPARED,
    COMPARISONS,
    TOGETHER,
    TRAINING,
    Comparison,
    Level,
)
from oneshelf.insight.people.matching import (
    Model,
    Scored,
    Weights,
    assumed,
    households_of,
    with_households,
)
from oneshelf.insight.people.records import FIELDS, Record
from oneshelf.lake.blocks import drawn, pairs_of, with_keys

#: u is counted over all pairs of at most so many records, drawn by the seed; 2,000 make 2 million pairs.
SAMPLE_RECORDS: Final = 2_000
#: Pairs from which EM learns, for each of its blocks.
TRAINING_PAIRS_MAX: Final = 1_000_000
#: Records that hold a field, before anything is learned about it; below, the assumed weights hold.
TRAINING_RECORDS_MIN: Final = 200
#: Doubles that there must be before anything is learned about doubles; among strangers alone EM finds other groups.
DOUBLES_MIN: Final = 50

#: No level is taken for rarer than this among pairs of one person, nor more certain; a level not seen in training is not impossible.
M_MIN: Final = 0.001
U_MIN: Final = 1e-7

PRIOR_MAX: Final = 0.5

SCHEMA: Final = pa.schema([("person_id", pa.string()), *((field, pa.string()) for field in FIELDS)])


def table_of(records: Iterable[Record]) -> pa.Table:
    """Records as a table of SCHEMA, in order of person, which is what `Matcher` takes."""
    rows = sorted(records, key=lambda record: record.person_id)
    columns = [pa.array([getattr(row, name) for row in rows], pa.string()) for name in SCHEMA.names]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


class Matcher:
    """Trains and scores with Splink. Raises Unavailable where the extra `matching` is not installed."""

    def __init__(self, *, memory: str = "2GB", threads: int = 2) -> None:
        try:
            import splink  # noqa: F401, PLC0415  # an extra, and a second to load
        except ImportError:
            raise Unavailable(
                "Matching needs Splink, which is not installed.",
                "Install it: pip install 'oneshelf[matching]'.",
            ) from None
        self._memory = memory
        self._threads = threads

    def train(self, records: pa.Table, *, seed: int = 1) -> Model:
        """Estimate a model from all records, a table of SCHEMA. Too few of them, or too few doubles, leave assumed weights in force."""
        model = assumed(records.num_rows)
        filled = _filled(records)
        if records.num_rows < TRAINING_RECORDS_MIN or not filled:
            return model
        with self._database() as database:
            model = _with_strangers(model, database, drawn(records, SAMPLE_RECORDS, seed))
            keyed = with_keys(records, CERTAIN, "certain")
            prior = _prior(database.linker(keyed, model, filled))
            model = msgspec.structs.replace(model, prior=max(model.prior, prior))
            if prior * records.num_rows * (records.num_rows - 1) / 2 >= DOUBLES_MIN:
                model = _with_doubles(model, database, keyed)
            together = _together(database, with_keys(records, [TOGETHER], "block"), model)
            return msgspec.structs.replace(model, households=_rounded(households_of(together, model)))

    def candidates(
        self,
        records: pa.Table,
        model: Model,
        *,
        probability: float,
        new_since: Collection[str] | None = None,
    ) -> Iterator[Scored]:
        """Every pair that is one person's with at least this probability, in order of its ids.

        `records` are all that there are, a table of SCHEMA. With `new_since`, the person ids that are new or changed, only pairs with
        at least one of them: what a run over everything would find for those pairs, without comparing the others again.
        """
        if records.num_rows < 2 or not _filled(records):
            return
        keyed = with_keys(records, BLOCKS, "block")
        with self._database() as database:
            linker = database.ready(keyed, model, _filled(records))
            for pair in _scored(_predicted(database, linker, keyed, probability, new_since)):
                weighed = with_households(pair, model)
                if weighed.probability >= probability:
                    yield weighed

    @contextmanager
    def _database(self) -> Iterator[_Database]:
        import duckdb  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="oneshelf-matching-") as folder, _silence():
            settings: dict[str, Any] = {
                "memory_limit": self._memory,
                "threads": self._threads,
                "temp_directory": folder,
                "autoinstall_known_extensions": False,  # nothing is fetched from anywhere
            }
            connection = duckdb.connect(":memory:", config=settings)
            try:
                connection.execute("SET enable_progress_bar = false")
                yield _Database(connection)
            finally:
                connection.close()


class _Database:
    """One DuckDB that Splink works in."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._api: Any = None
        self._tables = 0

    def table(self, records: pa.Table) -> Any:
        """A table that the linker made last can work on."""
        self._tables += 1
        name = f"records_{self._tables}"
        self._connection.from_arrow(records).create(name)
        return self._api.register(name, table_name=f"input_{self._tables}")

    def linker(self, records: pa.Table, model: Model, filled: Collection[str]) -> Any:
        """A linker over some records, with what it remembers of values its own."""
        from splink import DuckDBAPI, Linker  # noqa: PLC0415

        self._api = DuckDBAPI(self._connection)
        blocks = [name for name in records.column_names if name.startswith("block_")]
        settings = _settings(model, filled, blocks)
        return Linker(self.table(records), settings, log_level=None, validate_settings=False)

    def ready(self, records: pa.Table, model: Model, filled: Collection[str]) -> Any:
        """A linker that can score: it knows how frequent each value is among all records."""
        linker = self.linker(records, model, filled)
        for comparison in COMPARISONS:
            if comparison.field in filled and any(level.by_frequency for level in comparison.levels):
                linker.table_management.compute_tf_table(comparison.field)
        return linker


def _settings(model: Model, filled: Collection[str], blocks: Sequence[str]) -> Any:
    from splink import SettingsCreator, block_on  # noqa: PLC0415

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="person_id",
        comparisons=[_comparison(each, model) for each in COMPARISONS if each.field in filled],
        blocking_rules_to_generate_predictions=[block_on(name) for name in blocks],
        probability_two_random_records_match=model.prior,
        retain_matching_columns=True,  # without them Splink leaves out the levels
        retain_intermediate_calculation_columns=True,
        max_iterations=50,
    )


def _comparison(comparison: Comparison, model: Model) -> Any:
    from splink import comparison_level_library as levels  # noqa: PLC0415
    from splink import comparison_library  # noqa: PLC0415

    weights = model.weights[comparison.field]
    made: list[Any] = [levels.NullLevel(comparison.field).configure(is_null_level=True)]
    for place, level in enumerate(comparison.levels):
        made.append(
            _level(comparison.field, level).configure(
                m_probability=weights.m[place],
                u_probability=weights.u[place],
                **({"tf_adjustment_column": comparison.field} if level.by_frequency else {}),
            )
        )
    made.append(levels.ElseLevel().configure(m_probability=weights.m[-1], u_probability=weights.u[-1]))
    return comparison_library.CustomComparison(made, output_column_name=comparison.field)


def _level(field: str, level: Level) -> Any:
    from splink import comparison_level_library as levels  # noqa: PLC0415

    if level.test == "exact":
        return levels.ExactMatchLevel(field)
    if level.test == "swapped":
        return levels.ColumnsReversedLevel(field, level.other or "", symmetrical=True)
    if level.test == "jaro_winkler":
        return levels.JaroWinklerLevel(field, level.bound)
    return levels.DamerauLevenshteinLevel(field, int(level.bound))


def _filled(records: pa.Table, least: int = 1) -> frozenset[str]:
    """The fields that at least so many records hold."""
    return frozenset(field for field in FIELDS if records.num_rows - records[field].null_count >= least)


def _with_strangers(model: Model, database: _Database, sample: pa.Table) -> Model:
    """The model with u as all pairs of a sample show it: nearly all of them are strangers."""
    told = _filled(sample, TRAINING_RECORDS_MIN)
    if not told:
        return model
    linker = database.linker(sample, model, told)
    linker.training.estimate_u_using_random_sampling(
        max_pairs=SAMPLE_RECORDS**2, min_count_per_level=None, num_chunks=1
    )
    weights = dict(model.weights)
    for field, (_, u) in _learned(linker).items():
        weights[field] = Weights(m=weights[field].m, u=_merged(weights[field].u, u, U_MIN))
    return msgspec.structs.replace(model, weights=weights)


def _with_doubles(model: Model, database: _Database, records: pa.Table) -> Model:
    """The model with m as expectation maximisation finds it."""
    from splink import block_on  # noqa: PLC0415
    from splink.internals.exceptions import EMTrainingException  # noqa: PLC0415

    linker = database.linker(records, model, _filled(records, TRAINING_RECORDS_MIN))
    for block in TRAINING:
        if pairs_of(records, block) < DOUBLES_MIN:
            continue
        with suppress(EMTrainingException):  # nothing to learn here: what was assumed holds
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*block), estimate_without_term_frequencies=True, max_pairs=TRAINING_PAIRS_MAX
            )
    weights = dict(model.weights)
    for field, (m, _) in _learned(linker).items():
        weights[field] = Weights(m=_merged(weights[field].m, m, M_MIN), u=weights[field].u)
    return msgspec.structs.replace(model, weights=weights)


def _prior(linker: Any) -> float:
    """The share of all pairs that are one person's, as far as the certain blocks show."""
    from splink import block_on  # noqa: PLC0415

    try:
        linker.training.estimate_probability_two_random_records_match(
            [block_on(f"certain_{place}") for place in range(len(CERTAIN))], recall=CERTAIN_RECALL
        )
    except ValueError:  # more certain pairs than records could make: most of the records are doubles
        return PRIOR_MAX
    return _rounded(float(linker._settings_obj._probability_two_random_records_match))


def _learned(linker: Any) -> dict[str, tuple[list[Any], list[Any]]]:
    """m and u by field as trained, in the order of the levels; None where nothing was learned."""
    learned = {}
    for comparison in linker._settings_obj.comparisons:
        levels = comparison._comparison_levels_excluding_null
        learned[comparison.output_column_name] = (
            [_mean(level._trained_m_probabilities) for level in levels],
            [_mean(level._trained_u_probabilities) for level in levels],
        )
    return learned


def _mean(trained: list[dict[str, Any]]) -> float | None:
    seen = [each["probability"] for each in trained if isinstance(each["probability"], float)]
    return sum(seen) / len(seen) if seen else (0.0 if trained else None)


def _merged(assumed: Sequence[float], learned: Sequence[float | None], least: float) -> tuple[float, ...]:
    """What was learned, where anything was; levels that were not seen are rare and not impossible."""
    if any(each is None for each in learned):
        return tuple(assumed)
    bounded = [max(float(each or 0.0), least) for each in learned]
    return tuple(_rounded(each / sum(bounded)) for each in bounded)


def _rounded(value: float) -> float:
    """Six digits: sums over threads differ in the sixteenth."""
    return float(f"{value:.6g}")


def _predicted(
    database: _Database, linker: Any, keyed: pa.Table, probability: float, new: Collection[str] | None
) -> pa.Table:
    within, between = linker.inference.predict_within, linker.inference.predict_between
    if new is None:
        parts = [within(database.table(keyed), threshold_match_probability=probability)]
    else:
        is_new = pc.is_in(keyed["person_id"], pa.array(sorted(new), pa.string()))
        fresh, rest = database.table(keyed.filter(is_new)), database.table(keyed.filter(pc.invert(is_new)))
        parts = [
            within(fresh, threshold_match_probability=probability),
            between(rest, fresh, threshold_match_probability=probability),
        ]
    found = [part.as_duckdbpyrelation() for part in parts]
    # not the values that were compared
    names = [
        name
        for name in found[0].columns
        if name in ("person_id_l", "person_id_r", "match_probability") or name.startswith(("gamma_", "mw_"))
    ]
    return pa.concat_tables(part.select(*names).to_arrow_table() for part in found)


def _together(database: _Database, keyed: pa.Table, model: Model) -> Iterator[tuple[int, int]]:
    """The levels of (given name, birth date) of every pair that lives together."""
    filled = _filled(keyed)
    if not {*TOGETHER.fields, "given_name", "birth_date"} <= filled:
        return
    found = _predicted(database, database.ready(keyed, model, filled), keyed, 0.0, None)
    for batch in found.to_batches(10_000):
        for row in batch.to_pylist():
            yield _level_of(row, "given_name"), _level_of(row, "birth_date")


def _scored(found: pa.Table) -> Iterator[Scored]:
    one, other = found["person_id_l"], found["person_id_r"]
    ordered = found.append_column("a", pc.min_element_wise(one, other))
    ordered = ordered.append_column("b", pc.max_element_wise(one, other))
    compared = [each for each in COMPARISONS if f"gamma_{each.field}" in found.column_names]
    for batch in ordered.sort_by([("a", "ascending"), ("b", "ascending")]).to_batches(10_000):
        for row in batch.to_pylist():
            yield Scored(
                person_a=row["a"],
                person_b=row["b"],
                probability=row["match_probability"],
                levels={each.field: _level_of(row, each.field) for each in compared},
                bits={each.field: _bits(row, each.field) for each in compared},
            )


def _level_of(row: dict[str, Any], field: str) -> int:
    """The place of a pair's level. Splink counts levels from the last, and a missing value as -1."""
    gamma: int = row[f"gamma_{field}"]
    return gamma if gamma < 0 else len(COMPARED[field].levels) - gamma


def _bits(row: dict[str, Any], field: str) -> float:
    return float(row[f"mw_{field}"]) + float(row.get(f"mw_tf_adj_{field}") or 0.0)


@contextmanager
def _silence() -> Iterator[None]:
    """Splink tells its progress, and values of the records in its errors; neither belongs in our log."""
    log = logging.getLogger("splink")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(level)
