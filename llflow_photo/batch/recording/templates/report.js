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
