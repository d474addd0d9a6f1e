"use strict";
// Tables with data-noun: a button in each header sorts, a field above filters. Without this script they are plain tables.
for (const table of document.querySelectorAll("table[data-noun]")) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, place) => ({ row, place, text: row.textContent.toLowerCase() }));
  if (rows.length > 1) sortable(table, body, rows);
  if (rows.length > 5) filterable(table, rows);
}

function sortable(table, body, rows) {
  const headers = [...table.tHead.rows[0].cells];
  for (const header of headers.filter((cell) => cell.tagName === "TH")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const down = header.getAttribute("aria-sort") === "ascending";
      for (const other of headers) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", down ? "descending" : "ascending");
      const column = headers.indexOf(header);
      const keys = new Map(rows.map((each) => [each, key(each.row.cells[column])]));
      const sign = down ? -1 : 1;
      const sorted = [...rows].sort((a, b) => compare(keys.get(a), keys.get(b), sign) || a.place - b.place);
      body.append(...sorted.map((each) => each.row));
    });
  }
}

// A cell's number, else its text; null where there is nothing in it.
function key(cell) {
  const text = (cell.dataset.value ?? cell.textContent).trim();
  if (text === "" || text === "–") return null;
  const number = Number(text.replace("−", "-"));
  return Number.isNaN(number) ? text : number;
}

// Numbers before texts; empty cells last, whichever the direction.
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  if (typeof a === "number") return sign * (a - b);
  return sign * a.localeCompare(b, "en", { numeric: true });
}

function filterable(table, rows) {
  const line = document.createElement("p");
  const label = document.createElement("label");
  const field = document.createElement("input");
  const count = document.createElement("span");
  line.className = "filter";
  field.type = "search";
  field.autocomplete = "off";
  count.setAttribute("role", "status");
  label.append(`Filter the ${table.dataset.noun}`, field);
  line.append(label, count);
  table.closest(".scroll").before(line);
  const show = () => {
    const wanted = field.value.toLowerCase().split(/\s+/);
    for (const { row, text } of rows) row.hidden = !wanted.every((word) => text.includes(word));
    const left = rows.filter(({ row }) => !row.hidden).length;
    count.textContent = `${left} of ${rows.length} ${table.dataset.noun}`;
  };
  field.addEventListener("input", show);
  show();
}
