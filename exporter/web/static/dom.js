// Writing into the page: always as text, and only what has changed, so that nothing flickers or loses its selection.

export const $ = (id) => document.getElementById(id);

export function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// A cell is a text, or {text, parts, class, title, part}: `parts` are such things inside it, `part` is the share of
// its width that a bar fills, `base` makes it a button that selects a coin.
function fillCell(td, cell) {
  const spec = typeof cell === "object" ? cell : { text: cell };
  const key = JSON.stringify(spec);
  if (td.key === key) return;
  td.key = key;
  td.className = spec.class ?? "";
  td.title = spec.title ?? "";
  td.style.setProperty("--part", spec.part ?? 0);
  td.replaceChildren(...(spec.parts ?? [spec]).map(inCell));
}

function inCell({ text, class: className, base }) {
  if (base === undefined) return className ? make("span", className, text) : document.createTextNode(text);
  const button = make("button", "plain", text);
  button.type = "button";
  button.dataset.base = base;
  return button;
}

// Rows are arrays of cells, or {cells, class}.
export function fill(body, rows, tag = "td") {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((row, index) => {
    const tr = body.rows[index] ?? body.insertRow();
    const cells = row.cells ?? row;
    tr.className = row.class ?? "";
    while (tr.cells.length > cells.length) tr.deleteCell(-1);
    cells.forEach((cell, number) => fillCell(tr.cells[number] ?? tr.appendChild(document.createElement(tag)), cell));
  });
}

export function options(select, choices, chosen) {
  const key = JSON.stringify([choices, chosen]);
  if (select.key === key) return;
  select.key = key;
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, value, false, value === chosen)));
}

export function buttons(group, choices, chosen) {
  const key = JSON.stringify([choices, chosen]);
  if (group.key === key) return;
  group.key = key;
  choices.forEach(([value, text], index) => {
    const button = group.children[index] ?? group.appendChild(make("button"));
    button.type = "button";
    button.value = value;
    set(button, text);
    button.setAttribute("aria-pressed", String(value === chosen));
  });
  while (group.children.length > choices.length) group.lastChild.remove();
}
