"use strict";
// Sorting and filtering of tables, and curves that can be selected and read. Without this script all content is there.

for (const hidden of document.querySelectorAll(".controls, .buttons")) hidden.hidden = false;

for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = document.createElement("button");
    const link = head.querySelector("a");
    button.type = "button";
    button.className = "sort";
    button.append(...(link ?? head).cloneNode(true).childNodes);
    if (link) {
      button.setAttribute("aria-label", `Sort by ${link.textContent}`);
      link.classList.add("page-link");
      link.setAttribute("aria-label", `Page of ${link.textContent}`);
      link.textContent = "page";
      head.replaceChildren(button, link);
    } else {
      head.replaceChildren(button);
    }
    button.addEventListener("click", () => sort(table, head, column));
  });
}

// Rows keep their group. Numbers start with the largest, text with the first letter; cells without a value come last.
function sort(table, head, column) {
  const key = (row) => {
    const cell = row.cells[column];
    const stored = table.dataset.show === "second" ? cell.dataset.t : cell.dataset.s;
    return stored === undefined ? cell.textContent.trim() : stored;
  };
  const rows = [...table.querySelectorAll("tbody tr:not(.heading)")];
  const keys = rows.map(key).filter((text) => text !== "");
  const numeric = column > 0 && keys.length > 0 && keys.every((text) => !Number.isNaN(Number(text)));
  const before = head.getAttribute("aria-sort");
  const descending = before ? before === "ascending" : numeric;
  for (const other of table.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const compare = (a, b) => (numeric ? Number(a) - Number(b) : a.localeCompare(b, "en", { numeric: true }));
  for (const body of table.tBodies) {
    const own = [...body.querySelectorAll("tr:not(.heading)")].map((row) => [key(row), row]);
    own.sort(([a], [b]) => (a === "" || b === "" ? (a === "") - (b === "") : (descending ? -1 : 1) * compare(a, b)));
    body.append(...own.map(([, row]) => row));
  }
}

// Groups of many rows are folded at first; their heading opens them. A filter searches in them as well.
for (const body of document.querySelectorAll("tbody[data-folded]")) {
  const head = body.querySelector(".heading span");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "fold";
  button.textContent = `${head.textContent} (${body.dataset.folded})`;
  head.replaceChildren(button);
  const fold = (closed) => {
    button.setAttribute("aria-expanded", String(!closed));
    for (const row of body.querySelectorAll("tr:not(.heading)")) row.hidden = closed;
  };
  button.addEventListener("click", () => fold(button.getAttribute("aria-expanded") === "true"));
  body.foldAgain = () => fold(button.getAttribute("aria-expanded") === "false");
  fold(true);
}

// A row or column stays if it contains one of the words.
const matches = (text, input) => {
  const words = input.value.toLowerCase().split(/[\s,]+/).filter(Boolean);
  return words.length === 0 || words.some((word) => text.toLowerCase().includes(word));
};

for (const input of document.querySelectorAll("[data-rows]")) {
  const table = document.getElementById(input.dataset.rows);
  const count = document.getElementById(`${input.dataset.rows}-count`);
  input.addEventListener("input", () => {
    const rows = [...table.querySelectorAll("tbody tr:not(.heading)")];
    const found = rows.filter((row) => matches(row.cells[0].textContent, input));
    for (const row of rows) row.hidden = true;
    for (const row of found) row.hidden = false;
    for (const body of table.tBodies) body.hidden = !body.querySelector("tr:not(.heading):not([hidden])");
    if (input.value.trim() === "") for (const body of table.tBodies) body.foldAgain?.();
    count.textContent = `${found.length} of ${rows.length} rows`;
  });
}

for (const input of document.querySelectorAll("[data-columns]")) {
  const table = document.getElementById(input.dataset.columns);
  input.addEventListener("input", () => {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const hidden = column > 0 && !matches(head.dataset.words, input);
      for (const row of table.rows) if (!row.classList.contains("heading")) row.cells[column].hidden = hidden;
    });
  });
}

for (const select of document.querySelectorAll("[data-show]")) {
  if (select.tagName !== "SELECT") continue;
  const table = document.getElementById(select.dataset.show);
  select.addEventListener("change", () => {
    table.dataset.show = select.value;
  });
}

for (const chart of document.querySelectorAll(".chart")) {
  const boxes = [...chart.querySelectorAll("input[data-series]")];
  const draw = () => {
    for (const box of boxes) {
      for (const series of chart.querySelectorAll(`g[data-series="${box.dataset.series}"]`)) {
        series.classList.toggle("off", !box.checked);
        if (box.checked) series.parentNode.insertBefore(series, series.parentNode.querySelector(".pointer"));
      }
    }
  };
  for (const box of boxes) {
    box.disabled = false;
    box.addEventListener("change", draw);
    const mark = (on) => () => {
      for (const series of chart.querySelectorAll(`g[data-series="${box.dataset.series}"]`)) series.classList.toggle("near", on);
    };
    box.addEventListener("focus", mark(true));
    box.addEventListener("blur", mark(false));
  }
  for (const button of chart.querySelectorAll("[data-all]")) {
    button.addEventListener("click", () => {
      for (const box of boxes) box.checked = button.dataset.all === "1";
      draw();
    });
  }
  draw();
  for (const plot of chart.querySelectorAll("svg.plot")) read(plot);
}

// The nearest point to the pointer, of selected curves if there are any near it: its learner and values in words.
function read(plot) {
  const value = plot.parentNode.querySelector(".value");
  const pointer = plot.querySelector(".pointer");
  const points = [...plot.querySelectorAll(".series")].flatMap((series) =>
    JSON.parse(series.dataset.points).map(([x, y, text]) => ({ x, y, text, series })),
  );
  const clear = () => {
    for (const series of plot.querySelectorAll(".near")) series.classList.remove("near");
    pointer.setAttribute("visibility", "hidden");
    value.textContent = "\u00a0";
  };
  plot.addEventListener("pointerleave", clear);
  plot.addEventListener("pointermove", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(plot.getScreenCTM().inverse());
    const distance = (one) => Math.hypot(one.x - at.x, one.y - at.y) + (one.series.classList.contains("off") ? 12 : 0);
    const nearest = points.reduce((best, one) => (best && distance(best) <= distance(one) ? best : one), null);
    clear();
    if (!nearest || distance(nearest) > 40) return;
    nearest.series.classList.add("near");
    pointer.setAttribute("cx", nearest.x);
    pointer.setAttribute("cy", nearest.y);
    pointer.setAttribute("visibility", "visible");
    value.textContent = `${nearest.series.dataset.name}, ${nearest.text}`;
  });
}
