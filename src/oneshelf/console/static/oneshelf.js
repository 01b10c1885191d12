// The console's own script: keys, sorting, charts. Every page works without it, except that charts stay tables.
"use strict";

const GO_PATIENCE_MS = 1200;

/* Keys: `/` searches, `g` then a letter goes, `j` and `k` walk through the rows of a list or pairs to decide, of which `y` and `n` decide the chosen one. */
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
  } else {
    document.querySelector(`.candidate.chosen button[data-key="${CSS.escape(event.key)}"]`)?.click();
  }
});

function walk(step) {
  if (document.querySelector("[data-candidate]")) return walkPairs(step);
  const links = [...document.querySelectorAll("table.rows tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
  if (!links.length) return;
  const here = links.findIndex((link) => link.closest("tr").classList.contains("chosen"));
  const next = links[Math.min(links.length - 1, Math.max(0, here + step))];
  links[here]?.closest("tr").classList.remove("chosen");
  next.closest("tr").classList.add("chosen");
  next.focus();
}

/* Pairs to decide: one is chosen, from the first on; its buttons have keys of their own. */
function walkPairs(step) {
  const pairs = [...document.querySelectorAll("[data-candidate]")];
  const here = pairs.findIndex((pair) => pair.classList.contains("chosen"));
  const next = pairs[Math.min(pairs.length - 1, Math.max(0, here + step))];
  pairs[here]?.classList.remove("chosen");
  next.classList.add("chosen");
  next.focus();
}

document.querySelector("[data-candidate]")?.classList.add("chosen");

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

/* The builder of audiences: lines of field, comparison and value that write the condition's text. Without it the text is written by hand. */
const OPERATORS = {
  integer: ["<=", "<", "=", "!=", ">=", ">", "between", "in"], number: ["<=", "<", "=", "!=", ">=", ">", "between", "in"],
  moment: ["<=", "<", ">=", ">", "between"], text: ["=", "!=", "in"], flag: ["="],
};

function make(tag, given, ...children) {
  const made = Object.assign(document.createElement(tag), given);
  made.append(...children);
  return made;
}

function writtenValue(field, raw) {
  const text = raw.trim();
  if (field.type === "integer" || field.type === "number") return text || "0";
  if (field.type === "flag") return text === "false" ? "false" : "true";
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function writtenPart(field, operator, values) {
  const [first, second] = values.map((value) => writtenValue(field, value));
  if (operator === "known" || operator === "unknown") return `${field.name} is ${operator}`;
  if (operator === "between") return `${field.name} between ${first} and ${second}`;
  if (operator === "in") return `${field.name} in (${values[0].split(",").map((value) => writtenValue(field, value)).join(", ")})`;
  return `${field.name} ${operator} ${first}`;
}

function builder(form) {
  const { fields, words, join, rows } = JSON.parse(form.querySelector("script").textContent);
  const byName = new Map(fields.map((field) => [field.name, field]));
  const [area, list, joiner] = ["textarea", ".parts", "[data-join]"].map((found) => form.querySelector(found));
  const same = document.querySelector("[data-same]");
  const write = () => {
    area.value = [...list.children].map((line) => line.read()).join(` ${joiner.value} `);
    same && (same.value = area.value);
  };
  const line = (part) => {
    const field = make("select", { ariaLabel: words.field }, ...fields.map((one) => make("option", { value: one.name, textContent: `${one.title} · ${one.name}` })));
    const operator = make("select", { ariaLabel: words.operator });
    const values = make("span", { className: "values" });
    const remove = make("button", { type: "button", className: "plain", textContent: words.remove });
    const item = make("li", {}, field, operator, values, remove);
    const value = (given) => {
      const asked = byName.get(field.value);
      const choices = asked.type === "flag" ? ["true", "false"] : asked.choices;
      const made = choices.length && operator.value !== "in"
        ? make("select", {}, ...choices.map((one) => make("option", { value: one, textContent: words[one] ?? one })))
        : make("input", { type: asked.type === "moment" ? "date" : "text", autocomplete: "off", spellcheck: false });
      made.ariaLabel = words.value;
      if (operator.value === "in") made.placeholder = words.list;
      if (given !== undefined) made.value = asked.type === "moment" ? String(given).slice(0, 10) : String(given);
      made.addEventListener("input", write);
      return made;
    };
    const showValues = (given = []) => {
      const several = operator.value === "between";
      const none = operator.value === "known" || operator.value === "unknown";
      values.replaceChildren(...(none ? [] : several ? [value(given[0]), words.and, value(given[1])] : [value(given[0])]));
    };
    const showOperators = (chosen) => {
      const known = [...OPERATORS[byName.get(field.value).type], "known", "unknown"];
      operator.replaceChildren(...known.map((one) => make("option", { value: one, textContent: words[one] ?? one })));
      if (known.includes(chosen)) operator.value = chosen;
    };
    item.read = () => writtenPart(byName.get(field.value), operator.value, [...values.querySelectorAll("input, select")].map((one) => one.value));
    field.value = part.field;
    showOperators(part.op);
    showValues(part.values);
    field.addEventListener("change", () => { showOperators(operator.value); showValues(); write(); });
    operator.addEventListener("change", () => { showValues([...values.querySelectorAll("input, select")].map((one) => one.value)); write(); });
    remove.addEventListener("click", () => { item.remove(); write(); });
    return item;
  };
  const partOf = (test) => ({
    compare: () => ({ field: test.field, op: test.op, values: [test.value] }), in: () => ({ field: test.field, op: "in", values: [test.values.join(", ")] }),
    between: () => ({ field: test.field, op: "between", values: [test.low, test.high] }), known: () => ({ field: test.field, op: test.known === false ? "unknown" : "known", values: [] }),
  })[test.is]();
  const sayable = (test) => typeof test.value !== "object" && !(test.values ?? []).some((value) => String(value).includes(","))
    && ![test.value, test.low, test.high].some((value) => byName.get(test.field).type === "moment" && String(value ?? "").length > 10);
  const lines = rows && rows.every(sayable) ? rows.map(partOf) : null;
  const told = form.querySelector("[data-text-only]");
  joiner.value = join;
  list.append(...(lines ?? []).map(line));
  told.hidden = lines !== null;
  [list, joiner.closest("p"), form.querySelector("[data-add]")].forEach((part) => { part.hidden = lines === null; });
  joiner.addEventListener("change", write);
  area.addEventListener("input", () => { same && (same.value = area.value); });
  form.querySelector("[data-add]").addEventListener("click", () => {
    list.append(line({ field: "recency_days", op: "<=", values: ["30"] }));
    write();
  });
  form.querySelector(".build").hidden = false;
}

document.querySelectorAll("[data-builder]").forEach(builder);
