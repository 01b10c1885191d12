"""Loading a file by its mapping: judged whole, refused rows kept in a reject file and listed with the other rejects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec

from oneshelf.app.arriving.loading import PROBLEMS_KEPT, LoadReport, Policy, Progress, load
from oneshelf.app.core import Core
from oneshelf.books import rejects
from oneshelf.connect.hashing import sha256_of
from oneshelf.connect.ports import LineProblem
from oneshelf.connect.sources.files import FileSource
from oneshelf.errors import InvalidInput
from oneshelf.words.ids import derived_id


def load_file(
    core: Core,
    path: Path,
    mapping: Path | None,
    *,
    policy: Policy,
    now: datetime,
    dry_run: bool,
    progress: Progress | None,
) -> LoadReport:
    """Load a CSV, Parquet or JSON lines file. Raises InvalidInput, with every problem, when `refuse_all` refuses it."""
    if mapping is None:
        raise InvalidInput.of(
            "mapping",
            path.name,
            "is a file, and says not by itself what its columns mean.",
            "Give --map mapping.toml.",
        )
    source = FileSource(path, mapping, now=now, policy=policy)
    try:
        if dry_run:
            return _dry_report(source)
        report = load(core, source, now=now, progress=progress)
        if not source.judgement.refused:
            return report
        target = core.settings.data / "rejects" / f"{path.stem}-{sha256_of(path)[:12]}{_suffix(path)}"
        source.write_rejects(target)
        _list_rejects(core, source, path, now)
        return _with_judgement(report, source, reject_file=str(target))
    finally:
        source.close()


def _dry_report(source: FileSource) -> LoadReport:
    """What would be read, and everything that is wrong, whatever the policy makes of it."""
    judged = source.judgement
    return LoadReport(
        source=source.name,
        events=sum(judged.events.values()),
        kinds=judged.events,
        references=(),
        problems=tuple(told.problem for told in islice(source.problems(), PROBLEMS_KEPT)),
        problems_total=judged.problems,
        reject_file=None,
        dry_run=True,
    )


def _with_judgement(report: LoadReport, source: FileSource, *, reject_file: str) -> LoadReport:
    """The report with the file's problems, also when a run that resumed did not meet them again."""
    return msgspec.structs.replace(
        report,
        problems=tuple(told.problem for told in islice(source.problems(), PROBLEMS_KEPT)),
        problems_total=source.judgement.problems,
        reject_file=reject_file,
    )


def _list_rejects(core: Core, source: FileSource, path: Path, now: datetime) -> None:
    """Show refused rows where the other rejects are. Their bytes stay in the reject file, which is corrected and loaded."""
    rows = list(_reject_rows(source, sha256_of(path), islice(source.problems(), PROBLEMS_KEPT), now))
    core.database.writer.write(lambda connection: rejects.add(connection, rows))


def _reject_rows(
    source: FileSource, sha256: str, problems: Iterable[LineProblem], now: datetime
) -> Iterable[rejects.RejectRow]:
    for told in problems:
        problem = told.problem
        if told.refused:
            yield rejects.RejectRow(
                # the same file again lists its rejects once
                id=derived_id("file", sha256, str(problem.at), problem.field, problem.cause),
                source=source.name,
                stage="border",
                codec="",
                at=problem.at,
                field=problem.field,
                value=problem.value,
                cause=problem.cause,
                remedy=problem.remedy,
                raw=b"",
                rejected_at=now,
            )


def _suffix(path: Path) -> str:
    """Refused rows of Parquet are written as CSV, so that a person can correct them."""
    return ".csv" if path.suffix == ".parquet" else path.suffix
