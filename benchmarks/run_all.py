"""Run every benchmark and write its rows into docs/benchmarks.md.

python benchmarks/run_all.py [--only ingest load] [--kills 100]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- rows: begin -->", "<!-- rows: end -->"
HEAD = (
    "| what | ours | reference in the same run | ratio | aim | command | date, machine |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def ingest(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Events a second over HTTP against a sink that throws away."""
    rates = found["events_per_second"]
    for sink, ratio in found["ratio"].items():
        yield (
            f"HTTP ingest on {sink}, 32 connections x 100 events, durable before the answer",
            f"{rates[sink]:,} events/s",
            f"{rates['null']:,} events/s (same application, sink that throws away)",
            f"{ratio:.2f}",
            f"at least {found['aim'][sink]}",
        )


def faults(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """What kill -9 cost."""
    for engine in ("sqlite", "postgresql"):
        if engine in found:
            got = found[engine]
            yield (
                f"{found['kills']} kills -9 of ingest, projection and compaction on {engine}",
                f"{got['lost']} lost, {got['counted_twice_in_the_lake']} counted twice, {got['books_differ_from_lake']} "
                f"apart in books and {got['daily_sales_differ_from_lake']} in daily sales",
                f"{got['acknowledged']:,} events acknowledged",
                "–",
                "0 lost, 0 counted twice",
            )


def latency(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """From acknowledgement to changed portrait."""
    yield (
        f"acknowledged event to changed portrait on sqlite, at {found['load_events_per_second']:,} events/s",
        f"p99 {found['p99_ms']} ms (median {found['median_ms']} ms, {found['probes']} probes)",
        f"{found['limit_events_per_second']:,} events/s: what ingest and projection together keep up with",
        "half the limit",
        f"p99 under {found['aim_ms']} ms",
    )


def people(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Live joins, and portraits over HTTP."""
    yield (
        f"acknowledged sign-in to one person with both histories on sqlite, at {found['load_events_per_second']:,} events/s (half of what the whole house keeps up with)",
        f"p99 {found['join_p99_ms']} ms (median {found['join_median_ms']} ms, {found['joins']} probes)",
        "–",
        "–",
        f"p99 under {found['join_aim_ms']} ms",
    )
    yield (
        f"one portrait by HTTP at {found['portraits_per_second']} requests/s, each look logged durably, while {found['stream_per_second']:,} events/s arrive",
        f"p99 {found['portrait_p99_ms']} ms (median {found['portrait_median_ms']} ms, {found['portraits']:,} requests)",
        "–",
        "–",
        f"p99 under {found['portrait_aim_ms']} ms",
    )


def load(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """A year of receipts into journal, books and lake."""
    ours, floor = found["ours"], found["reference"]
    yield (
        "all of Complete Journey into journal, books and lake",
        f"{ours['seconds']} s, {ours['peak_gib']} GiB",
        f"{floor['seconds']} s, {floor['peak_gib']} GiB (pyarrow reads and writes the same files)",
        f"{ours['seconds'] / floor['seconds']:.1f}",
        "under 120 s and 2 GiB",
    )


def ibis_vs_sql(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The analysis language against hand-written SQL."""
    yield (
        found["name"],
        f"{found['figure']} s CPU",
        f"{found['reference']} s CPU (the same query in DuckDB SQL)",
        f"{found['ratio']} in all, {max(found['ratio_beyond_compiling'].values())} beyond compiling",
        f"at most {found['aim']} beyond half a second of compiling",
    )


def portraits(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Everybody's portrait, beside SQL by hand and beside others' part of it."""
    ours = found["found"]["ours"]
    size = f"{found['people']:,} people and {found['lines']:,} lines"
    for name, told in (
        ("sql", "DuckDB SQL by hand, the same rows"),
        ("polars", "Polars, 9 of the 55 fields"),
        ("pandas", "pandas, 9 of the 55 fields"),
        ("openretailscience", "openretailscience, recency, frequency and spend"),
    ):
        other = found["found"].get(name)
        if other is None or "failed" in other:
            continue
        yield (
            f"nightly portraits of {size}",
            f"{ours['seconds']} s, {ours['cpu_seconds']} s CPU, peak {ours['peak_gib']} GiB",
            f"{other['seconds']} s, {other['cpu_seconds']} s CPU, peak {other['peak_gib']} GiB ({told})",
            f"{ours['cpu_seconds'] / other['cpu_seconds']:.2f} of CPU",
            f"at most {found['aim']}" if name == "sql" else "–",
        )


def audiences(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Counting an audience."""
    yield (
        f"audience count over {found['people']:,} people, {found['conditions']} conditions, from its text to the figure",
        f"median {found['median_ms']} ms (worst {found['worst_ms']} ms; the very first time {found['first_ms']} ms)",
        f"median {found['sql_median_ms']} ms (hand-written DuckDB SQL over the same files)",
        f"{found['ratio']}",
        f"under {found['aim_ms']} ms",
    )


def tiers(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """A night's tiers."""
    for night in ("first", "later"):
        yield (
            f"{found['people']:,} people re-tiered on sqlite, {found[f'{night}_moves']:,} of them moved, each with its event",
            f"{found[f'{night}_seconds']} s (peak {found['peak_gib']} GiB with the table)",
            f"{found['judged_seconds']} s (DuckDB judges the same table and writes nothing)",
            f"{found[f'{night}_seconds'] / found['judged_seconds']:.0f}",
            f"under {found['aim_seconds']} s",
        )


#: F1 of Splink with settings of its own, as measured before this project had any.
_SPLINK_ALONE = {
    "febrl 3, with the number": "0.998",
    "febrl 3, without the number": "0.988",
    "febrl 4, with the number": "0.9999",
    "febrl 4, without the number": "0.997",
}


def matching(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Who is one person: proposals against the truth."""
    for name, got in found["febrl"].items():
        ours, rules = got["ours"], got["rules"]
        seconds = sum(ours["seconds"].values())
        yield (
            f"people-matching, {name} (threshold {found['threshold']})",
            f"F1 {ours['f1']} (precision {ours['precision']}, recall {ours['recall']}), {seconds:.0f} s",
            f"F1 {rules['f1']} (precision {rules['precision']}, recall {rules['recall']}; exact rules)",
            f"{ours['f1'] / rules['f1']:.2f}",
            f"Splink alone: {_SPLINK_ALONE[name]}" if name in _SPLINK_ALONE else "above the rules",
        )
    large = found["large"]
    if large is not None:
        ours, rules = large["ours"], large["rules"]
        spent = ours["seconds"]
        yield (
            f"people-matching, {large['records']:,} records made from febrl, a fifth in households",
            f"{sum(spent.values()):.0f} s (read {spent['read']:.0f}, learn {spent['learn']:.0f}, find {spent['find']:.0f}), "
            f"{ours['peak_gib']} GiB, precision {ours['precision']}, recall {ours['recall']}",
            f"{rules['seconds']:.0f} s, precision {rules['precision']}, recall {rules['recall']} (exact rules)",
            f"{sum(spent.values()) / rules['seconds']:.1f}",
            "minutes; Splink alone: about a minute",
        )


def catalogue(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """One changed price among millions, and a week of real ones."""
    size = f"{found['products']:,} products with prices at {found['stores']} stores"
    for engine in ("sqlite", "postgresql"):
        if engine in found:
            got = found[engine]
            yield (
                f"one changed price of {size} on {engine}, durable",
                f"{got['rows_touched_a_change']:g} row touched, {got['change_ms']} ms",
                f"{got['bare_update_ms']} ms (a bare UPDATE of one row in a transaction)",
                f"{got['change_ms'] / got['bare_update_ms']:.1f}",
                "1 row touched",
            )
    if "week" in found:
        got = found["week"]
        yield (
            f"a week of prices of seven Israeli chains imported day by day, {got['published']:,} published",
            f"{got['records']:,} records, {got['wrong_when_asked_again']} wrong when asked again ({got['seconds']} s)",
            f"{got['changes_counted_by_duckdb']:,} changes (DuckDB, window function over the files)",
            "–",
            "as many records as changes",
        )


def measures(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """A measure by place and hour against hand-written SQL."""
    for name, times in found["figures"].items():
        yield (
            f"{name} by place and hour with its total, {found['lines']:,} lines of Complete Journey",
            f"{times['ours']} s",
            f"{times['sql']} s (hand-written DuckDB SQL over the same files)",
            f"{times['ours'] / times['sql']:.1f}",
            "–",
        )


def value(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """What people will spend, and whether they order at all, against the naive method."""
    for name, result in found["sets"].items():
        scores = {each["method"]: each for each in result["scores"]}
        spend, active, naive = (
            scores[method] for method in (result["chosen"]["spend"], result["chosen"]["active"], "naive")
        )
        yield (
            f"spend of the next {result['horizon_days']} days of {result['people']:,} people: {name}",
            f"error {spend['spend_error_minor'] / 100:.2f}, rank {spend['rank_correlation']:.3f}, top tenth "
            f"{spend['top_tenth_share']:.3f} ({spend['method']})",
            f"error {naive['spend_error_minor'] / 100:.2f}, rank {naive['rank_correlation']:.3f}, top tenth "
            f"{naive['top_tenth_share']:.3f} (last quarter; ideal {result['top_tenth_ideal']:.3f})",
            f"{spend['spend_error_minor'] / naive['spend_error_minor']:.3f}",
            "below 1, else the naive method is shipped",
        )
        yield (
            f"an order in the next {result['horizon_days']} days, and in 28: {name}",
            f"AUC {active['churn_auc']:.3f} and {active['lapse_auc']:.3f} ({active['method']})",
            f"AUC {naive['churn_auc']:.3f} and {naive['lapse_auc']:.3f} (days since the last order)",
            f"{active['churn_auc'] / naive['churn_auc']:.3f}",
            "above 1, else the naive method is shipped",
        )
    fit, peer, night = found["fit"], found["peer"], found["million"]
    yield (
        f"BG/NBD, MBG/NBD and Gamma-Gamma fitted on {fit['people']:,} people, no penalty",
        f"{fit['seconds']} s, {'converged' if fit['converged'] else 'not converged'}",
        "lifetimes 0.11, BG/NBD and Gamma-Gamma: "
        + (
            peer["failed"]
            if "failed" in peer
            else ", ".join(
                f"{peer[k]['seconds']} s{' ' + peer[k]['failed'] if 'failed' in peer[k] else ''}"
                for k in ("bg", "gamma_gamma")
            )
        ),
        "–",
        "converges",
    )
    yield (
        f"the night's scoring of {night['people']:,} people with {night['order_days']:,} order days: rule, fits, scores",
        f"{night['seconds']} s, {night['peak_gib']} GiB",
        "–",
        "–",
        "minutes, under 4 GB",
    )


def plan(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Profit of plans over real sales, and how long large ones take."""
    for data in ("rossmann", "bakery"):
        for case, shares in found.get(data, {}).items():
            plain = {name: share for name, share in shares.items() if name != "plan"}
            best = max(plain.values())
            yield (
                f"profit of perfect foresight's, {found['days'][data]} days of real sales, {data}, {case}",
                f"{shares['plan']:.3f}",
                ", ".join(f"{name} {share:.3f}" for name, share in plain.items()),
                f"{shares['plan'] / best:.2f}" if best > 0 else "–",
                "above the best plain way",
            )
    for one in found["large"]:
        yield (
            f"forecast (fitted, chosen, calibrated) and plan of {one['lines']:,} place-products, no shared limits",
            f"{one['forecast_seconds']} s and {one['plan_seconds']} s, {one['peak_mb']:,} MB",
            "–",
            "–",
            "minutes; growth no worse than linear",
        )


#: What the best method known reached: WAPE, and RMSSE as a share of that of the mean of 28 days (scales differ, shares do not).
FORECAST_MARKS = {
    "completejourney, knowing the day before": (0.883, 0.966),
    "completejourney, weekly": (0.908, 0.971),
}


def forecast(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Errors on real sales beside plain methods, demand behind empty shelves, and many series."""
    for name, got in found["accuracy"].items():
        ours = got["methods"]["chosen"]
        plain = {each: got["methods"][each] for each in ("seasonal_naive", "moving_average")}
        best = min(each["rmsse"] for each in plain.values())
        mark = FORECAST_MARKS.get(name)
        yield (
            f"forecast of {got['series']:,} series, {name}",
            f"WAPE {ours['wape']:.3f}, RMSSE {ours['rmsse']:.3f}, bias {ours['bias']:+.3f}, 90% covers {got['calibration']['0.9']:.3f}",
            ", ".join(
                f"{each} {one['wape']:.3f}, {one['rmsse']:.3f}, {one['bias']:+.3f}"
                for each, one in plain.items()
            ),
            f"{ours['rmsse'] / best:.3f} (RMSSE to the better plain one)",
            "below 1"
            if mark is None
            else f"below 1; the best method known here: WAPE {mark[0]}, RMSSE {mark[1]} of the moving average's",
        )
    for source, got in found["empty_shelves"].items():
        bias = {name: one["bias"] for name, one in got["forecasts"].items()}
        yield (
            f"bias of the forecast when empty shelves cut {got['lost_share']:.1%} of demand, {source}",
            f"{bias['cut, restored']:+.3f} restored",
            f"{bias['cut']:+.3f} as sold; {bias['uncut']:+.3f} where nothing was cut",
            "–",
            "nearer to where nothing was cut",
        )
    for one in found.get("sizes", ()):
        yield (
            f"forecast of {one['series']:,} place-products, 28 days, 12 quantiles, one process",
            f"{one['fit_seconds']} s to fit, {one['forecast_seconds']} s to forecast, {one['peak_mb']:,} MB",
            "–",
            "–",
            "minutes; growth no worse than linear",
        )
    if "pool" in found:
        pool = found["pool"]
        yield (
            f"1,000,000 series by {pool['processes']} processes, projected from {pool['series']:,}",
            f"{found['million_minutes_projected']} minutes",
            "–",
            "–",
            "–",
        )


def stock(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Buyers at one counter, kills, late documents and large counts."""
    aims = found["aim"]
    for engine, got in found["found"].items():
        for name, what in (("hot", "one product"), ("many", "10,000 products")):
            rates = got["selling"][name]
            yield (
                f"{found['buyers']} buyers of {what} on {engine}, each sale durable with its event, move and lot",
                f"{rates['orders']:,} orders/s",
                f"{rates['bare']:,} a second (a bare conditional update a transaction, {'pgbench' if engine == 'postgresql' else 'threads'})",
                f"{rates['ratio']}",
                f"at least {aims[name]}",
            )
        kills = got["kills"]
        yield (
            f"{kills['kills']} kills -9 of processes that reserve, sell and release on {engine}",
            f"{kills['lost']} lost, {kills['differences']} sums apart, {kills['negative']} below 0, {kills['leaked_reservations']} leaked",
            f"{kills['answered']:,} answers given",
            "–",
            "0",
        )
        late, count = got["late"], got["count"]
        yield (
            f"a late receipt of a product with 22,000 moves on {engine}",
            f"{late['with a count behind it']} s with a count behind it, {late['with none']} s with none: every lot after it changes",
            "–",
            "–",
            "under 1 s",
        )
        yield (
            f"a count of 20,000 rows over 500 places on {engine}",
            f"{count['taken']} s; refused with all {count['problems']:,} errors in {count['refused']} s",
            "–",
            "–",
            "under 60 s",
        )


#: What the best method known reached on Complete Journey by date: recall and NDCG (cut) of the first ten, and the hit rate.
RECOMMEND_MARK = "recall 0.148, NDCG 0.226, hit rate 0.630: the best known here"


def recommend(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """The next basket and what is new by the published protocols, beside the plain methods."""
    for name, got in found["sets"].items():
        for protocol in ("by-date", "last-basket"):
            report = got[protocol]
            asked = f"{report['people']:,} people of {name}, {protocol}"
            scores = {s["method"]: s for s in report["next"] if (s["part"], s["k"]) == ("all", 10)}
            z = {c["method"]: c["recall_z"] for c in report["next_against_plain"] if c["k"] == 10}
            plain = scores["frequency_decayed"]
            for method in ("ranker", "tifu_knn", "up_cf"):
                if method not in scores:
                    continue
                ours = scores[method]
                yield (
                    f"next basket of {asked}: {method}{' (shipped)' if method == report['chosen']['next'] else ''}",
                    f"recall@10 {ours['recall']:.4f}, NDCG {ours['ndcg_cut']:.4f}, hit rate {ours['hit_rate']:.3f} (z {z[method]:+.1f})",
                    f"{plain['recall']:.4f}, {plain['ndcg_cut']:.4f}, {plain['hit_rate']:.3f} (decayed personal frequency)",
                    f"{ours['recall'] / plain['recall']:.3f}",
                    RECOMMEND_MARK
                    if (name, protocol, method) == ("completejourney", "by-date", "ranker")
                    else "above the plain method",
                )
            new = {s["method"]: s for s in report["new"] if s["k"] == 20}
            z = {c["method"]: c["recall_z"] for c in report["new_against_plain"] if c["k"] == 20}
            plain = new["popular_28_days"]
            if "ranker" in new:
                yield (
                    f"what is new to {asked}, a list of its own: ranker{' (shipped)' if report['chosen']['new'] == 'ranker' else ''}",
                    f"recall@20 of what was new {new['ranker']['recall']:.4f} (z {z['ranker']:+.1f})",
                    f"{plain['recall']:.4f} (popular in 28 days)",
                    f"{new['ranker']['recall'] / plain['recall']:.3f}",
                    "above popularity",
                )


def trends(found: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Who was right about growth that went on, false alarms on shuffled weeks, and how long a night takes."""
    for data, what in (
        ("completejourney", "Complete Journey's products"),
        ("searches", "search interest in foods"),
    ):
        if data not in found:
            continue
        scores = {(s["method"], s["span"]): s for s in found[data]["scores"] if s["kind"] == "established"}
        for method, span in (
            ("lower bound x persistence", "all"),
            ("learnt ranker", "second half"),
            ("alarm", "all"),
        ):
            ours, naive = scores.get((method, span)), scores["naive growth", span]
            if ours is None or ours["precision_20"] is None:
                continue
            yield (
                f"{what}, {ours['origins']} weeks: share of the first 20 and 50 that went on, {method} ({ours['named']:,.0f} named a week)",
                f"{ours['precision_20']:.3f}, {ours['precision_50']:.3f}; lead {ours['lead_weeks']:.1f} weeks",
                f"{naive['precision_20']:.3f}, {naive['precision_50']:.3f} (naive growth); {naive['by_chance']:.3f} by chance",
                f"{ours['precision_20'] / naive['precision_20']:.2f}",
                "above naive growth",
            )
        for shown in found[data]["false_alarms"]:
            yield (
                f"{what}, {shown['series']:,} series, weeks shuffled in blocks of {shown['block']}: rounds with any flag",
                f"{shown['rounds_with_any']:.2f} of {shown['rounds']} rounds",
                f"{shown['rate']:.2f} (what is promised)",
                f"{shown['rounds_with_any'] / shown['rate']:.1f}",
                "as promised, within chance",
            )
    for shown in found.get("together", ()):
        yield (
            f"{shown['series']:,} made-up series in which nothing grows, a week correlated by {shown['together']} with the next",
            f"{shown['with_any']} of {shown['nights']} nights with any flag, {shown['flags']} flags in all",
            f"{shown['rate']:.2f} of nights (what is promised)",
            "–",
            "as promised, within chance",
        )
    large = found["large"]
    shown = large["false_alarms"]
    yield (
        f"a night over {large['series']:,} series in which nothing grows",
        f"{large['certain']} flags; {large['seconds']} s ({large['processor_seconds']} s of one core), {large['peak_mb']:,} MB; "
        f"any flag in {shown['rounds_with_any']:.2f} of {shown['rounds']} shuffled rounds",
        "–",
        "–",
        "few flags",
    )


SCRIPTS = {
    script.__name__: script
    for script in (
        ingest,
        faults,
        latency,
        people,
        matching,
        load,
        ibis_vs_sql,
        audiences,
        tiers,
        catalogue,
        stock,
        measures,
        plan,
        forecast,
        trends,
        recommend,
        value,
        portraits,
    )
}


def rows_of(name: str, arguments: list[str]) -> list[str]:
    """Run one script and make its rows."""
    command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    shown = " ".join(["benchmarks/" + f"{name}.py", *arguments])
    when = f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    found = json.loads(answer.strip().splitlines()[-1])
    return [f"| {' | '.join((*row, f'`{shown}`', when))} |" for row in SCRIPTS[name](found)]


def write(fresh: dict[str, list[str]]) -> None:
    """Replace the rows of the scripts that ran; rows of others stay."""
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    kept = [
        line
        for line in old.splitlines()
        if "`benchmarks/" in line and not any(f"`benchmarks/{name}.py" in line for name in fresh)
    ]
    rows = [*kept, *(row for made in fresh.values() for row in made)]
    PAGE.write_text(f"{before}{BEGIN}\n\n{HEAD}\n" + "\n".join(rows) + f"\n\n{END}{after}")


def main() -> None:
    """Run what was asked for, one after the other."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", nargs="+", choices=sorted(SCRIPTS), default=list(SCRIPTS))
    arguments.add_argument("--kills", type=int, default=100, help="kills for each database")
    given = arguments.parse_args()
    for name in given.only:
        print(f"{name} ...", file=sys.stderr)
        write({name: rows_of(name, ["--kills", str(given.kills)] if name == "faults" else [])})


if __name__ == "__main__":
    main()
