"use strict";
const bar = document.querySelector(".filters");
const rows = [...document.querySelectorAll("table.rows tbody tr")];
const chosen = (name) => bar.querySelector(`select[name=${name}]`).value;
const names = ["task", "language", "label"];
const valuesOf = (row, name) => (row.dataset[name] || "").split("\n"); // a row can have several labels

function show() {
  const wanted = names.map((name) => [name, chosen(name)]).filter(([, value]) => value !== "");
  for (const row of rows) row.hidden = !wanted.every(([name, value]) => valuesOf(row, name).includes(value));
  for (const count of document.querySelectorAll("[data-count]")) {
    const own = [...count.closest("[data-rows]").querySelectorAll("table.rows tbody tr")];
    count.textContent = wanted.length ? `${own.filter((row) => !row.hidden).length} of ${own.length} shown` : "";
  }
}

function open() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
}

if (bar && rows.length) {
  for (const name of names) {
    const select = bar.querySelector(`select[name=${name}]`);
    const values = [...new Set(rows.flatMap((row) => valuesOf(row, name)).filter(Boolean))].sort();
    for (const value of values) select.add(new Option(value.length > 60 ? value.slice(0, 60) + "…" : value, value));
    select.addEventListener("change", show);
  }
  bar.hidden = false;
}
addEventListener("hashchange", open);
open();
