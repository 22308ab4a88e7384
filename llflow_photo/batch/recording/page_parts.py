"""Style, script and frame of the report page."""

from __future__ import annotations

__all__ = ["PAGE", "SCRIPT", "STYLE"]

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<meta name="generator" content="llflow-photo">
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
{summary}
{failures}
<details><summary>Settings</summary><table class="settings">{settings}</table></details>
<p><input id="find" type="search" placeholder="Find by name, status or remark" aria-label="Find">
<span id="shown"></span></p>
<table id="photos">
<thead><tr>
<th>Photo</th><th>Status</th><th class="fixed">Before</th><th class="fixed">After</th>
<th class="fixed">Histogram</th><th>EV before</th><th>EV after</th><th>Time</th><th>Remarks</th>
</tr></thead>
<tbody>
{rows}
</tbody>
</table>
{skipped}
<script>{script}</script>
</body>
</html>
"""

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c62828; --warn: #b26a00; --good: #2e7d32; }
@media (prefers-color-scheme: dark) { :root { --bad: #ef7070; --warn: #f0b050; --good: #7cc47f; } }
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 0; }
.tiles { display: flex; flex-wrap: wrap; gap: .5rem; }
.tiles div { border: 1px solid var(--line); border-radius: 6px; padding: .4rem .8rem; }
.tiles b { display: block; font-size: 1.2rem; }
.bad, .failed { color: var(--bad); } .warn { color: var(--warn); } .done { color: var(--good); }
.failures { border-left: 4px solid var(--bad); padding: .2rem 1rem; margin: 1rem 0; }
details { margin: 1rem 0; } summary { cursor: pointer; }
#find { font: inherit; padding: .3rem .5rem; width: 20rem; max-width: 100%; }
table { border-collapse: collapse; } #photos { width: 100%; }
th { text-align: left; } td { overflow-wrap: anywhere; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .5rem; vertical-align: top; }
#photos th { position: sticky; top: 0; background: Canvas; z-index: 1; white-space: nowrap; }
#photos th:not(.fixed) { cursor: pointer; }
#photos th[aria-sort=ascending]::after { content: " \\2191"; }
#photos th[aria-sort=descending]::after { content: " \\2193"; }
td:first-child { min-width: 9rem; } small { display: block; opacity: .75; white-space: nowrap; }
img { max-width: 240px; max-height: 180px; display: block; border-radius: 3px; }
.after { display: flex; flex-wrap: wrap; gap: .3rem; }
.after a:not(:only-child) img { max-width: 118px; }
td ul { margin: 0; padding-left: 1rem; }
svg path { fill-opacity: .7; }
"""

SCRIPT = """
"use strict";
const body = document.querySelector("#photos tbody");
const rows = Array.from(body.rows);
const heads = document.querySelectorAll("#photos th:not(.fixed)");
function key(row, column) {
  const text = row.cells[column].dataset.k;
  return text !== "" && !isNaN(text) ? Number(text) : text;
}
function compare(a, b) {
  if (a === "" || b === "") return (a === "") - (b === "");
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}
heads.forEach(head => {
  head.tabIndex = 0;
  const sort = () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.sort((a, b) => (up ? 1 : -1) * compare(key(a, head.cellIndex), key(b, head.cellIndex)));
    body.append(...rows);
  };
  head.addEventListener("click", sort);
  head.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
});
const find = document.querySelector("#find");
find.addEventListener("input", () => {
  const wanted = find.value.toLowerCase();
  let shown = 0;
  rows.forEach(row => {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    shown += !row.hidden;
  });
  document.querySelector("#shown").textContent = wanted ? shown + " of " + rows.length : "";
});
"""
