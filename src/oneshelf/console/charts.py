"""Charts: Plotly figures as JSON for our script to draw. One template holds the tokens; colours come from the page's theme.

A colour here is the name of a CSS custom property (`var:green`); the script resolves it, so that a chart follows the theme.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

Figure = dict[str, Any]

_FONT = 'system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif'
_AXIS = {
    "showline": False, "zeroline": False, "ticks": "", "gridcolor": "var:hairline", "gridwidth": 1,
    "tickfont": {"size": 12, "color": "var:muted"}, "automargin": True, "fixedrange": True, "ticklabelstandoff": 8,
}  # fmt: skip

#: The one template: thin axes, no boxes, the ink and paper of the page, Okabe-Ito for series.
TEMPLATE: Figure = {
    "layout": {
        "font": {"family": _FONT, "size": 13, "color": "var:ink"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": ["var:series-1", "var:series-2", "var:series-3", "var:series-4", "var:series-5"],
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "xaxis": _AXIS | {"showgrid": False},
        "yaxis": _AXIS,
        "showlegend": False,
        "hoverlabel": {
            "bgcolor": "var:raised",
            "bordercolor": "var:hairline",
            "font": {"color": "var:ink", "size": 13},
        },
        "bargap": 0.35,
    }
}


def _figure(data: list[Figure], height: int, **layout: Any) -> Figure:
    return {"data": data, "layout": {"template": TEMPLATE, "height": height, **layout}}


def script(figure: Figure) -> Markup:
    """The figure inside a page: a JSON block that no browser runs."""
    text = json.dumps(figure, ensure_ascii=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return Markup('<script type="application/json">{}</script>').format(Markup(safe))  # noqa: S704  # escaped above


def bars(labels: Sequence[str], values: Sequence[float], shown: Sequence[str]) -> Figure:
    """Horizontal bars, the first on top, each with its value written at its end."""
    trace = {
        "type": "bar", "orientation": "h", "x": list(values), "y": list(range(len(values))),
        "text": list(shown), "textposition": "outside", "cliponaxis": False, "hoverinfo": "text",
        "hovertext": [f"{label}: {value}" for label, value in zip(labels, shown, strict=True)],
        "marker": {"color": "var:series-1"}, "textfont": {"color": "var:ink"},
    }  # fmt: skip
    return _figure(
        [trace],
        40 + 34 * len(values),
        xaxis={"visible": False, "range": [0, max(values, default=1) * 1.25 or 1]},
        yaxis={"autorange": "reversed", "showgrid": False, "tickvals": list(range(len(labels))),
               "ticktext": [_cut(label) for label in labels], "tickfont": {"color": "var:ink", "size": 13}},
    )  # fmt: skip


def shares(rows: Sequence[tuple[str, Sequence[float], Sequence[str]]], series: Sequence[str]) -> Figure:
    """Stacked shares: a bar for each row (name, one share for each series, the same as text), series named in a legend."""
    data = [
        {
            "type": "bar", "orientation": "h", "name": name, "y": [row[0] for row in rows],
            "x": [row[1][index] for row in rows], "text": [row[2][index] for row in rows],
            "hovertext": [f"{row[0]}, {name}: {row[2][index]}" for row in rows], "hoverinfo": "text",
            "textposition": "inside", "insidetextanchor": "start", "textangle": 0,
            "textfont": {"color": f"var:on-series-{index + 1}"}, "marker": {"color": f"var:series-{index + 1}"},
        }
        for index, name in enumerate(series)
    ]  # fmt: skip
    return _figure(
        data,
        70 + 44 * len(rows),
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        xaxis={"visible": False, "range": [0, 1]},
        yaxis={"autorange": "reversed", "showgrid": False, "tickfont": {"color": "var:ink", "size": 13}},
    )


def forecast(
    past: Sequence[tuple[str, float]],
    ahead: tuple[str, float, float, float],
    *,
    words: Mapping[str, str],
    shown_days: Sequence[str],
    ticks: Sequence[str],
) -> Figure:
    """Past days solid, the forecast dashed from the last of them, its interval a band; labelled directly.

    `past` is (ISO day, quantity); `ahead` is (ISO day, low, middle, high); `shown_days` are all days as the reader writes them and
    `ticks` the past ones in short; `words` holds `sold`, `forecast` and `unit`.
    """
    days, sold = [day for day, _ in past], [value for _, value in past]
    day, low, middle, high = ahead
    last = (days[-1], sold[-1]) if past else (day, middle)
    band = {
        "type": "scatter", "mode": "lines", "x": [last[0], day, day, last[0]], "y": [last[1], high, low, last[1]], "fill": "toself",
        "fillcolor": "var:band", "line": {"width": 0}, "hoverinfo": "skip",
    }  # fmt: skip
    dashed = {
        "type": "scatter", "mode": "lines", "x": [last[0], day], "y": [last[1], middle], "hoverinfo": "skip",
        "line": {"color": "var:green", "width": 2, "dash": "dash"},
    }  # fmt: skip
    point = {
        "type": "scatter", "mode": "markers", "x": [day], "y": [middle], "marker": {"size": 9, "color": "var:green"},
        "error_y": {"type": "data", "symmetric": False, "array": [high - middle], "arrayminus": [middle - low],
                    "color": "var:green", "thickness": 1.5, "width": 5},
        "hovertext": [f"{shown_days[-1]}: {middle:.0f} {words['unit']} ({low:.0f}–{high:.0f})"], "hoverinfo": "text",
    }  # fmt: skip
    return _figure(
        [band, _sold(days, sold, shown_days, words), dashed, point],
        320,
        annotations=_labels(days, sold, (day, high), words),
        hovermode="closest",
        xaxis={"type": "date", "tickvals": days[-1::-14], "ticktext": list(ticks)[-1::-14]},
        yaxis={"rangemode": "tozero"},
    )


def _sold(
    days: Sequence[str], sold: Sequence[float], shown_days: Sequence[str], words: Mapping[str, str]
) -> dict[str, object]:
    """The solid line of what was sold."""
    return {
        "type": "scatter", "mode": "lines", "x": list(days), "y": list(sold), "line": {"color": "var:ink", "width": 1.75},
        "hovertext": [f"{d}: {v:g} {words['unit']}" for d, v in zip(shown_days, sold, strict=False)], "hoverinfo": "text",
    }  # fmt: skip


def _labels(
    days: Sequence[str], sold: Sequence[float], ahead: tuple[str, float], words: Mapping[str, str]
) -> list[dict[str, object]]:
    """The forecast named at a point (ISO day, quantity), and what was sold at its beginning, where anything was."""
    notes: list[dict[str, object]] = [
        {"x": ahead[0], "y": ahead[1], "text": words["forecast"], "showarrow": False, "xanchor": "right", "yanchor": "bottom",
         "yshift": 4, "font": {"color": "var:green"}},
    ]  # fmt: skip
    if sold:
        notes.append(
            {"x": days[0], "y": max(sold[:7]), "text": words["sold"], "showarrow": False, "xanchor": "left",
             "yanchor": "bottom", "yshift": 4, "font": {"color": "var:muted"}}
        )  # fmt: skip
    return notes


def steps(spans: Sequence[tuple[str, str, float | None, str]], *, now: str, today: str) -> Figure:
    """Amounts that hold from a day to a day, as steps: (first ISO day, last, amount or None, hover text); what is to come is dashed."""
    data = []
    for dash in ("solid", "dash"):
        days: list[str] = []
        amounts: list[float | None] = []
        texts: list[str] = []
        for first, last, amount, told in spans:
            start, end = (first, min(last, now)) if dash == "solid" else (max(first, now), last)
            if start <= end:
                days += [start, end]
                amounts += [amount, amount]
                texts += [told, told]
        data.append(
            {
                "type": "scatter", "mode": "lines", "x": days, "y": amounts, "line": {"color": "var:ink", "width": 2, "shape": "hv", "dash": dash},
                "hovertext": texts, "hoverinfo": "text", "connectgaps": False,
            }
        )  # fmt: skip
    mark_of_today = {"type": "line", "x0": now, "x1": now, "yref": "paper", "y0": 0, "y1": 1, "line": {"color": "var:muted", "width": 1, "dash": "dot"}}  # fmt: skip
    note = {"x": now, "y": 1, "yref": "paper", "text": today, "showarrow": False, "xanchor": "center", "yanchor": "bottom", "font": {"color": "var:muted"}}  # fmt: skip
    return _figure(
        data,
        260,
        shapes=[mark_of_today],
        annotations=[note],
        margin={"l": 8, "r": 16, "t": 28, "b": 8},
        hovermode="closest",
        xaxis={"type": "date", "nticks": 6},
        yaxis={"rangemode": "tozero"},
    )


def calibration(
    expected: Sequence[float], happened: Sequence[float], shown: Sequence[str], *, words: Mapping[str, str]
) -> Figure:
    """Groups of people at (expected, happened), with the dashed line on which both are equal; both axes begin at nothing.

    `words` holds `expected`, `happened` (titles of the axes), `even` (the name of the line) and `ticks` (how the axes' numbers are written).
    """
    most = max([*expected, *happened], default=0.0) * 1.08 or 1.0
    even = {
        "type": "scatter", "mode": "lines", "x": [0, most], "y": [0, most], "hoverinfo": "skip",
        "line": {"color": "var:muted", "width": 1, "dash": "dash"},
    }  # fmt: skip
    points = {
        "type": "scatter", "mode": "lines+markers", "x": list(expected), "y": list(happened), "hovertext": list(shown),
        "hoverinfo": "text", "line": {"color": "var:green", "width": 1.5}, "marker": {"size": 8, "color": "var:green"},
    }  # fmt: skip
    note = {
        "x": most, "y": most, "text": words["even"], "showarrow": False, "xanchor": "right", "yanchor": "top", "xshift": -28,
        "font": {"color": "var:muted", "size": 12},
    }  # fmt: skip
    axis = {"range": [0, most], "nticks": 6}
    titled = {"font": {"color": "var:muted", "size": 12}, "standoff": 8}
    return _figure(
        [even, points],
        340,
        annotations=[note],
        hovermode="closest",
        xaxis=axis | {"title": {"text": words["expected"], **titled}, "tickformat": words["ticks"]},
        yaxis=axis | {"title": {"text": words["happened"], **titled}, "tickformat": words["ticks"]},
    )


def outlook(
    past: Sequence[tuple[str, float, float | None]],
    ahead: Sequence[tuple[str, float, float, float]],
    *,
    words: Mapping[str, str],
    shown_days: Sequence[str],
    ticks: Sequence[str],
) -> Figure:
    """Past days solid beside what had been expected of them, the days ahead dashed with a band; labelled directly.

    `past` is (ISO day, quantity, what was expected); `ahead` is (ISO day, low, mean, high); `shown_days` are all days as the
    reader writes them and `ticks` the same in short; `words` holds `sold`, `forecast`, `expected` and `unit`.
    """
    days = [day for day, _, _ in past] + [day for day, *_ in ahead]
    coming = [day for day, *_ in ahead]
    sold, mean = [value for _, value, _ in past], [value for _, _, value, _ in ahead]
    low, high = [value for _, value, _, _ in ahead], [value for *_, value in ahead]
    count = len(past)
    band = {
        "type": "scatter", "mode": "lines", "x": coming + coming[::-1], "y": high + low[::-1], "fill": "toself",
        "fillcolor": "var:band", "line": {"width": 0}, "hoverinfo": "skip",
    }  # fmt: skip
    told = [(at, day, value) for at, (day, _, value) in enumerate(past) if value is not None]
    before = {
        "type": "scatter", "mode": "markers", "x": [day for _, day, _ in told], "y": [value for *_, value in told],
        "marker": {"size": 6, "color": "rgba(0,0,0,0)", "line": {"color": "var:green", "width": 1.25}}, "hoverinfo": "text",
        "hovertext": [f"{shown_days[at]}: {words['expected']} {value:.1f} {words['unit']}" for at, _, value in told],
    }  # fmt: skip
    dashed = {
        "type": "scatter", "mode": "lines", "x": coming, "y": mean, "line": {"color": "var:green", "width": 2, "dash": "dash"},
        "hovertext": [f"{d}: {m:.1f} {words['unit']} ({a:.0f}–{b:.0f})"
                      for d, m, a, b in zip(shown_days[count:], mean, low, high, strict=True)], "hoverinfo": "text",
    }  # fmt: skip
    return _figure(
        [band, _sold(days[:count], sold, shown_days, words), before, dashed],
        320,
        annotations=_labels(days, sold, (coming[-1], max(high)), words),
        hovermode="closest",
        xaxis={"type": "date", "tickvals": days[::14], "ticktext": list(ticks)[::14]},
        yaxis={"rangemode": "tozero"},
    )


def heat(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    shown: Sequence[Sequence[str]],
) -> Figure:
    """A heat map: paper where nothing is, the deeper green the more; a cell without a figure stays empty."""
    trace = {
        "type": "heatmap", "z": [list(line) for line in values], "x": list(range(len(columns))), "y": list(range(len(rows))),
        "text": [list(line) for line in shown], "hoverinfo": "text", "xgap": 1, "ygap": 1, "hoverongaps": False,
        "colorscale": [[0, "var:heat-0"], [0.5, "var:heat-3"], [1, "var:heat-5"]],
        "colorbar": {"thickness": 10, "outlinewidth": 0, "tickfont": {"color": "var:muted", "size": 11}, "len": 1},
        "showscale": False,
    }  # fmt: skip
    step = max(1, len(columns) // 16)
    return _figure(
        [trace],
        48 + max(3, len(rows)) * 26,
        xaxis={"tickvals": list(range(0, len(columns), step)), "ticktext": [_cut(c, 14) for c in columns[::step]], "side": "top",
               "showgrid": False},
        yaxis={"autorange": "reversed", "showgrid": False, "tickvals": list(range(len(rows))),
               "ticktext": [_cut(row, 22) for row in rows], "tickfont": {"color": "var:ink", "size": 12}},
    )  # fmt: skip


def map_of(
    places: Sequence[tuple[float, float]], sizes: Sequence[float], names: Sequence[str], shown: Sequence[str]
) -> Figure:
    """Places as circles at (longitude, latitude), their area by size. A degree of each is as long as it is on the ground there."""
    middle = sum(latitude for _, latitude in places) / len(places)
    largest = max(sizes, default=0) or 1.0
    trace = {
        "type": "scatter", "mode": "markers+text", "x": [x for x, _ in places], "y": [y for _, y in places],
        "text": _apart(places, sizes, names), "textposition": "top center", "cliponaxis": False,
        "hovertext": list(shown), "hoverinfo": "text", "textfont": {"color": "var:ink", "size": 12},
        "marker": {"size": [10 + 30 * math.sqrt(size / largest) for size in sizes], "color": "var:green", "opacity": 0.6,
                   "line": {"color": "var:green", "width": 1.5}},
    }  # fmt: skip
    degrees = {"showgrid": True, "ticksuffix": "°", "nticks": 6}
    return _figure(
        [trace],
        420,
        hovermode="closest",
        margin={"l": 48, "r": 48, "t": 40, "b": 24},
        xaxis=degrees,
        yaxis=degrees | {"scaleanchor": "x", "scaleratio": 1 / max(0.05, math.cos(math.radians(middle)))},
    )


def _apart(places: Sequence[tuple[float, float]], sizes: Sequence[float], names: Sequence[str]) -> list[str]:
    """The names to write: where two would stand over one another, that of the larger place; the other is on hover."""
    wide = max(x for x, _ in places) - min(x for x, _ in places)
    high = max(y for _, y in places) - min(y for _, y in places)
    written: list[int] = []
    for at in sorted(range(len(places)), key=lambda at: -sizes[at]):
        clear = all(
            abs(places[at][0] - places[other][0]) > wide / 8
            or abs(places[at][1] - places[other][1]) > high / 12
            for other in written
        )
        if clear:
            written.append(at)
    return [_cut(name, 18) if at in written else "" for at, name in enumerate(names)]


def flows(
    before: Sequence[str], after: Sequence[str], links: Sequence[tuple[int, int, float, str]]
) -> Figure:
    """A Sankey of moves: places before on the left, after on the right; links are (index left, index right, size, hover text).

    Who stayed is drawn pale, who moved in green.
    """
    width = len(before)
    trace = {
        "type": "sankey", "arrangement": "snap", "textfont": {"color": "var:ink", "size": 13},
        "node": {"label": [*before, *after], "color": "var:muted", "line": {"width": 0}, "thickness": 10, "pad": 16,
                 "hovertemplate": "%{label}<extra></extra>"},
        "link": {"source": [one for one, _, _, _ in links], "target": [width + other for _, other, _, _ in links],
                 "value": [size for _, _, size, _ in links], "customdata": [text for _, _, _, text in links],
                 "color": ["var:hairline" if one == other else "var:band" for one, other, _, _ in links],
                 "hovertemplate": "%{customdata}<extra></extra>"},
    }  # fmt: skip
    return _figure(
        [trace], 120 + 52 * max(len(before), len(after)), margin={"l": 8, "r": 8, "t": 16, "b": 16}
    )


def _cut(label: str, length: int = 28) -> str:
    return label if len(label) <= length else f"{label[: length - 1]}…"
