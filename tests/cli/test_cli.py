"""The command line as a person and a program use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import oneshelf
from oneshelf.cli.root import app
from oneshelf.errors import OneShelfError
from oneshelf.testing.doubles import known_twice
from oneshelf.testing.shelves import put_catalogue, put_events, put_nightly
from oneshelf.testing.shop import CURRENCY, LAST_DAY, NOW, small_shop


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("cli") / "data"
    data.mkdir()
    lines = [f'time_zone = "Asia/Shanghai"\ncurrency = "{CURRENCY}"\nclock = {NOW.isoformat()}\n']
    (data / "oneshelf.toml").write_text("".join(lines))
    with oneshelf.open(data) as shelf:
        shop = small_shop()
        put_catalogue(shelf, shop)
        put_events(shelf, shop.events, now=NOW, batch=500)
    return data


def run(folder: Path, *words: str) -> str:
    result = CliRunner().invoke(app, ["--data", str(folder), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_reading_command_speaks_json(folder: Path) -> None:
    portrait = json.loads(run(folder, "people", "portrait", "person-1", "--json"))
    assert portrait["person_id"] == "person-1"
    assert json.loads(run(folder, "people", "search", "--limit", "3", "--json"))["items"][0]["orders"] > 0
    assert json.loads(run(folder, "people", "timeline", "person-1", "--json"))
    assert json.loads(run(folder, "plan", "--json"))["as_of"] == LAST_DAY.isoformat()
    assert json.loads(run(folder, "offers", "for", "person-1", "--json"))
    assert json.loads(run(folder, "sources", "--json"))
    assert json.loads(run(folder, "rejects", "list", "--json"))["items"] == []
    assert {check["name"] for check in json.loads(run(folder, "doctor", "--json"))} >= {"books", "free space"}


def test_a_measure_is_asked_by_dimensions_as_table_json_and_csv(folder: Path) -> None:
    asked = ("measure", "net_sales_minor", "--by", "place,weekday", "--where", "channel=store")
    table = json.loads(run(folder, *asked, "--json"))
    assert {cell["keys"][0] for cell in table["cells"]} == {"store-1", "store-2", "store-3"}
    lines = run(folder, *asked, "--csv").splitlines()
    assert lines[0] == "place,weekday,currency,net_sales_minor,give_or_take,simulated"
    assert len(lines) == 1 + len(table["cells"])
    assert "Net sales" in run(folder, *asked, "--limit", "2")
    assert "repeat_rate" in run(folder, "measure")
    with pytest.raises(OneShelfError, match="has no ="):
        CliRunner().invoke(
            app, ["--data", str(folder), "measure", "orders", "--where", "web"], catch_exceptions=False
        )


def test_people_read_tables(folder: Path) -> None:
    assert "person-1" in run(folder, "people", "portrait", "person-1")
    assert "10 lines." in run(folder, "plan", "--limit", "2")
    assert "on hand" in run(folder, "offers", "for", "person-1")


def test_sending_says_what_it_would_do_and_then_what_it_did(folder: Path) -> None:
    assert "Would send" in run(folder, "offers", "send", "cli", "--dry-run")
    assert json.loads(run(folder, "offers", "campaigns", "--json")) == []
    assert "Sent" in run(folder, "offers", "send", "cli")
    assert "messages left" in run(folder, "run", "deliver")
    assert "Nothing can be claimed" in run(folder, "offers", "effect", "cli")


def test_keys_are_shown_once_and_work(folder: Path) -> None:
    key = run(folder, "keys", "write-key", "web-shop").strip()
    result = CliRunner().invoke(
        app,
        ["--data", str(folder), "staff", "add", "ann", "--role", "planner"],
        env={"ONESHELF_STAFF_PASSWORD": "correct horse battery"},
    )
    assert result.exit_code == 0, result.output
    token = run(folder, "keys", "token", "ann").strip()
    with oneshelf.open(folder) as shelf:
        assert shelf.staff.source_of(key) == "web-shop"
        actor = shelf.staff.actor_of(token)
        assert actor is not None
        assert actor.role == "planner"


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (("run", "fly"), "There is no job 'fly'"),
        (("people", "portrait", "nobody"), "Nobody here has this id"),
        (("load", "nowhere"), "None of the installed sources"),
        (("keys", "token", "nobody"), "Nobody on the staff"),
    ],
)
def test_errors_say_what_happened_and_what_to_do(folder: Path, words: tuple[str, ...], cause: str) -> None:
    result = CliRunner().invoke(app, ["--data", str(folder), *words])
    assert result.exit_code == 1
    assert isinstance(result.exception, OneShelfError)
    assert cause in result.exception.cause
    assert result.exception.remedy


def test_a_backup_is_restored_by_two_commands(folder: Path, tmp_path: Path) -> None:
    run(folder, "backup", str(tmp_path / "copy"))
    assert "Restored" in run(tmp_path / "again", "restore", str(tmp_path / "copy"))
    assert json.loads(run(tmp_path / "again", "people", "portrait", "person-1", "--json"))["frequency"] > 0


def test_the_version_is_the_packages(folder: Path) -> None:
    assert run(folder, "version").strip() == oneshelf.__version__


def test_people_are_joined_with_a_reason_and_parted_again(folder: Path) -> None:
    both = ("person-2", "person-3")
    concerned = json.loads(run(folder, "people", "join", *both, "--reason", "twice", "--dry-run", "--json"))
    assert [one["person_id"] for one in concerned] == list(both)
    joined = json.loads(run(folder, "people", "join", *both, "--reason", "twice", "--json"))
    assert set(both) <= set(joined["identifiers"])
    assert "twice" in run(folder, "people", "identity", "person-3")
    undone = json.loads(run(folder, "people", "undo", joined["reasons"][0]["id"], "--reason", "no", "--json"))
    assert not set(both) <= set(undone["identifiers"])
    run(folder, "people", "part", *both, "--reason", "no", "--dry-run")


def test_audiences_and_tiers_are_asked_saved_and_exported(folder: Path, tmp_path: Path) -> None:
    with oneshelf.open(folder) as shelf:
        rows = [
            {"person_id": f"person-{n}", "recency_days": n, "frequency": 4, "monetary_minor": n * 100}
            for n in range(1, 41)
        ]
        put_nightly(shelf, rows, day=LAST_DAY, now=NOW)
        shelf.catch_up()
    condition = "recency_days <= 10"
    assert json.loads(run(folder, "audiences", "size", condition, "--json"))["people"] == 10
    assert "10 of 40 people" in run(folder, "audiences", "size", condition)
    assert json.loads(run(folder, "audiences", "save", "recent", condition, "--json"))["version"] == 1
    assert "version 2" in run(folder, "audiences", "save", "recent", "recency_days <= 12")
    run(folder, "audiences", "save", "rich", "monetary_minor >= top(0.1)")
    assert [one["name"] for one in json.loads(run(folder, "audiences", "--json"))] == ["recent", "rich"]
    assert "rich" in run(folder, "audiences")
    assert len(json.loads(run(folder, "audiences", "versions", "recent", "--json"))) == 2
    assert json.loads(run(folder, "audiences", "overlap", "recent", "rich", "--json"))["people"][0] == [12, 0]
    assert (
        len(json.loads(run(folder, "audiences", "sample", condition, "--limit", "3", "--json"))["rows"]) == 3
    )
    file = tmp_path / "recent.csv"
    assert "12 people" in run(folder, "audiences", "export", "recent", str(file), "--purpose", "a letter")
    assert len(file.read_text().splitlines()) == 13
    assert sum(tier["people"] for tier in json.loads(run(folder, "tiers", "--json"))["tiers"]) == 40
    assert "growing" in run(folder, "tiers")
    rules = tmp_path / "tiers.toml"
    rules.write_text('[[tier]]\nname = "all"\ntitle = "All"\nrule = "everybody"\n')
    assert json.loads(run(folder, "tiers", "check", str(rules), "--json"))["tiers"][0]["people"] == 40
    moves = run(folder, "tiers", "moves", "--from", "2026-03-01", "--to", str(NOW.date()), "--json")
    assert sum(flow["people"] for flow in json.loads(moves)["flows"]) > 30


def test_pairs_of_one_person_are_found_shown_and_decided(folder: Path) -> None:
    with oneshelf.open(folder) as shelf:
        put_events(shelf, known_twice(), now=NOW)
    found = json.loads(run(folder, "people", "candidates", "find", "--json"))
    assert (found["proposed"], found["open"]) == (2, 2)
    assert "0 of 5 records compared" in run(folder, "people", "candidates", "find")
    pairs = json.loads(run(folder, "people", "candidates", "list", "--json"))["items"]
    assert "2 pairs wait for a decision" in run(folder, "people", "candidates", "list")
    ann = next(pair["id"] for pair in pairs if pair["person_a"] == "ann")
    wang = next(pair["id"] for pair in pairs if pair["person_a"] == "wang-1")
    assert "Anabel" in run(folder, "people", "candidates", "show", ann)
    assert "would accept" in run(folder, "people", "candidates", "accept", ann, "--dry-run")
    assert json.loads(run(folder, "people", "candidates", "accept", ann, "--json"))["status"] == "accepted"
    assert "refused" in run(folder, "people", "candidates", "refuse", wang)
    assert json.loads(run(folder, "people", "candidates", "list", "--json"))["items"] == []


def test_a_catalogue_is_imported_listed_and_priced(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("id,name,gtin,price,cost,supplier\npen,Pen,4006381333931,1.50,0.60,office\n")
    asked = ("catalogue", "import", str(file), "--currency", "EUR")
    assert json.loads(run(folder, *asked, "--dry-run", "--json"))["products"]["new"] == 1
    assert "Took 1 of 1 rows, 1 new suppliers" in run(folder, *asked)
    assert json.loads(run(folder, "catalogue", "list", "4006381333931", "--json"))["items"][0]["id"] == "pen"
    assert "0.60" in run(folder, "catalogue", "show", "pen")
    price = ("prices", "set", "pen", "1.80", "--currency", "EUR", "--from", "2026-05-01")
    assert "Would cost 1.80 EUR" in run(folder, *price, "--dry-run")
    assert "Costs 1.80 EUR from 2026-05-01" in run(folder, *price)
    assert "already" in run(folder, *price)
    told = json.loads(run(folder, "prices", "history", "pen", "--json"))
    assert [record["price"]["amount_minor"] for record in told["records"]] == [180, 150]
    assert "Called off: 1.80 EUR" in run(folder, "prices", "withdraw", "pen", "2026-05-01")
    assert json.loads(run(folder, "prices", "zone", "city", "store-1", "--json")) == {"store-1": "city"}
    assert "is changed" in run(folder, "suppliers", "set", "office", "Office Ltd", "--capacity", "500")
    assert json.loads(run(folder, "suppliers", "list", "--json"))[0]["capacity_pieces"] == 500


def test_trends_are_searched_listed_shown_and_tested(folder):
    assert "rise beyond chance" in run(folder, "trends", "search")
    night = json.loads(run(folder, "trends", "search", "--as-of", str(LAST_DAY), "--json"))
    assert (night["day"], night["rate"]) == (LAST_DAY.isoformat(), 0.1)
    listed = json.loads(run(folder, "trends", "list", "--limit", "3", "--json"))["items"]
    assert len(listed) == min(3, night["certain"] + night["watched"])
    assert f"Rising as of {LAST_DAY}" in run(folder, "trends", "list", "--certain")
    for each in listed[:1]:
        flag = each["flag"]
        assert each["title"] in run(folder, "trends", "show", flag["level"], flag["name"])
    assert "What became of earlier flags" in run(folder, "trends", "outcomes")
    with pytest.raises(OneShelfError, match="weeks"):
        CliRunner().invoke(
            app, ["--data", str(folder), "backtest", "trends", "--level", "type"], catch_exceptions=False
        )


def test_forecasts_are_made_shown_and_tested(folder):
    assert "series forecast from" in run(folder, "run", "forecast")
    listed = json.loads(run(folder, "forecast", "--json"))
    assert listed["as_of"] == LAST_DAY.isoformat()
    name = listed["items"][0]["series"]
    assert "90%" in run(folder, "forecast", name)
    assert len(json.loads(run(folder, "forecast", name, "--json"))["days"]) == 28
    assert "28 days" in run(folder, "forecast", "--level", "category", "--limit", "2")
    assert "seasonal_naive" in run(folder, "backtest", "forecast", "--horizon", "2", "--origins", "1")
