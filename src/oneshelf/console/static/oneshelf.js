// The console's own script: keys, sorting, charts. Every page works without it, except that charts stay tables.
"use strict";

const GO_PATIENCE_MS = 1200;

/* Keys: `/` searches, `g` then a letter goes, `j` and `k` walk through the rows of a list. */
let goingUntil = 0;
document.addEventListener("keydown", (event) => {
  const writing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    document.querySelectorAll(".more details[open]").forEach((details) => { details.open = false; });
    if (writing) event.target.blur();
    return;
  }
  if (writing) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("find")?.focus();
  } else if (event.key === "g") {
    goingUntil = Date.now() + GO_PATIENCE_MS;
    document.body.classList.add("keys");
    setTimeout(() => document.body.classList.remove("keys"), GO_PATIENCE_MS);
  } else if (Date.now() < goingUntil) {
    goingUntil = 0;
    document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`)?.click();
  } else if (event.key === "j" || event.key === "k") {
    walk(event.key === "j" ? 1 : -1);
  }
});

function walk(step) {
  const links = [...document.querySelectorAll("table.rows tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
  if (!links.length) return;
  const here = links.findIndex((link) => link.closest("tr").classList.contains("chosen"));
  const next = links[Math.min(links.length - 1, Math.max(0, here + step))];
  links[here]?.closest("tr").classList.remove("chosen");
  next.closest("tr").classList.add("chosen");
  next.focus();
}

/* Sorting: a button in each sortable heading; the order stands in the address, so that it can be shared. */
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (!head.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "descending" || (head.dataset.sort === "text" && !head.hasAttribute("aria-sort"));
      sort(table, column, down ? "ascending" : "descending");
      const address = new URL(location.href);
      address.searchParams.set("sort", `${down ? "" : "-"}${column}`);
      history.replaceState(null, "", address);
    });
  });
  const wanted = new URLSearchParams(location.search).get("sort");
  if (wanted && table.classList.contains("rows") && heads[Math.abs(Number(wanted))]?.dataset.sort) {
    sort(table, Math.abs(Number(wanted)), wanted.startsWith("-") ? "descending" : "ascending");
  }
}

function sort(table, column, order) {
  const heads = [...table.tHead.rows[0].cells];
  const numeric = heads[column].dataset.sort === "number";
  const valueOf = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  const compare = numeric
    ? (a, b) => Number(valueOf(a)) - Number(valueOf(b))
    : (a, b) => valueOf(a).localeCompare(valueOf(b), document.documentElement.lang, { numeric: true });
  const rows = [...table.tBodies[0].rows].sort((a, b) => (order === "ascending" ? compare(a, b) : compare(b, a)));
  table.tBodies[0].append(...rows);
  heads.forEach((head, index) => (index === column ? head.setAttribute("aria-sort", order) : head.removeAttribute("aria-sort")));
}

document.querySelectorAll("table.sortable").forEach(sortable);

document.querySelectorAll("[data-all]").forEach((all) => {
  all.addEventListener("change", () => {
    all.closest("table").querySelectorAll("tbody input[type=checkbox]").forEach((box) => { box.checked = all.checked; });
  });
});

/* Charts: the server's JSON, its `var:` colours looked up in the theme; drawn again when the theme changes. */
function coloured(value, style) {
  if (typeof value === "string") return value.startsWith("var:") ? style.getPropertyValue(`--${value.slice(4)}`).trim() : value;
  if (Array.isArray(value)) return value.map((item) => coloured(item, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item, style)]));
  }
  return value;
}

function draw() {
  if (typeof Plotly === "undefined") return;
  const style = getComputedStyle(document.documentElement);
  document.querySelectorAll("[data-chart]").forEach((chart) => {
    const figure = coloured(JSON.parse(chart.querySelector("script").textContent), style);
    const config = { displayModeBar: false, responsive: true, showTips: false };
    const plot = chart.querySelector(".plot");
    plot.style.minHeight = `${figure.layout.height}px`; // or what follows would slide under the chart when the window changes
    Plotly.react(plot, figure.data, figure.layout, config).then(() => { chart.dataset.drawn = ""; });
  });
}

draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
