"""What people are worth, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import oneshelf
from oneshelf.cli.root import app
from oneshelf.errors import InvalidInput
from oneshelf.testing.shelves import put_events, put_nightly
from oneshelf.testing.shop import CURRENCY, LAST_DAY, NOW, small_shop


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    (data / "oneshelf.toml").write_text(f'currency = "{CURRENCY}"\nclock = {NOW.isoformat()}\n')
    with oneshelf.open(data) as shelf:
        put_events(shelf, small_shop().events, now=NOW, batch=500)
    return data


def run(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(app, ["--data", str(folder), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_worth_is_told_as_tables_and_as_json(folder: Path, tmp_path: Path) -> None:
    found = json.loads(run(folder, "backtest", "value", "--horizon", "30", "--json"))
    assert {"naive", "dropout"} <= {each["method"] for each in found["scores"]}
    assert "shipped" in run(folder, "backtest", "value", "--horizon", "30", "--cut", found["cut"])
    won = json.loads(run(folder, "people", "acquisition", "--json"))
    assert sum(each["people"] for each in won["channels"]) > 0
    assert "worth" in run(folder, "people", "acquisition")
    with oneshelf.open(folder) as shelf:
        rows = [{"person_id": f"person-{n}", "frequency": n} for n in range(1, 61)]
        put_nightly(shelf, rows, day=LAST_DAY)
    seed = tmp_path / "seed.txt"
    seed.write_text("\n".join(f"person-{n}" for n in range(30, 61)))
    alike = json.loads(run(folder, "people", "lookalikes", str(seed), "--limit", "3", "--json"))
    assert alike["people"][0]["person_id"] == "person-29"
    assert "person-29" in run(folder, "people", "lookalikes", str(seed))
    with oneshelf.open(folder) as shelf:
        rows = [
            {"person_id": f"p-{n}", "frequency": n, "expected_spend_90_days_minor": 100 * n, "p_active": 0.5}
            for n in range(1, 61)
        ]
        put_nightly(shelf, rows, day=LAST_DAY)
        shelf.audiences.save("loyal", "frequency >= 30")
    assert json.loads(run(folder, "people", "value", "--json"))["people"] == 60
    assert "60 people as of" in run(folder, "people", "value")
    assert (
        json.loads(run(folder, "people", "value", "--order", "top", "--limit", "1", "--json"))[0]["person_id"]
        == "p-60"
    )
    assert "p-1" in run(folder, "people", "value", "--order", "at-risk")
    assert "loyal" in run(folder, "measure", "orders", "--by", "audience", "--audience", "loyal")
    assert json.loads(run(folder, "people", "lookalikes", "--audience", "loyal", "--json"))["seed"] == 31


def test_an_evaluation_is_told_as_tables_and_written_as_a_report_once(folder: Path, tmp_path: Path) -> None:
    with oneshelf.open(folder) as shelf:
        shelf.catch_up()
    report = tmp_path / "recommend.md"
    words = ("evaluate", "recommend", "--protocol", "last-basket")
    told = run(folder, *words, "--report", str(report))
    assert "frequency_decayed" in told
    assert "| tifu_knn | all | 10 |" in report.read_text()
    again = CliRunner().invoke(app, ["--data", str(folder), *words, "--report", str(report)])
    assert isinstance(again.exception, InvalidInput)
    found = json.loads(run(folder, *words, "--json"))
    assert found["cut"] is None
    assert found["people"] > 0
