// The doubtful fields of a table of forms: shown beside their pictures, corrected, and saved with all the rest as CSV.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const column = new Map(data.columns.map((name, place) => [name, place]));
const seen = new Set();
let rows = data.rows;
let saved = true;

const make = (tag, properties = {}, ...inside) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...inside);
  return element;
};

// As emnist_hf/forms/spreadsheet.py does it: no spreadsheet runs a cell, and a number stays one.
const STARTS = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^'*[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)$/;
const inert = (text) => (STARTS.test(text) && !NUMBER.test(text) ? "'" + text : text);
const original = (text) => (text.startsWith("'") && inert(text.slice(1)) === text ? text.slice(1) : text);

const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const csv = () =>
  [data.columns, ...rows].map((row) => row.map((text) => quoted(inert(text))).join(",") + "\r\n").join("");

function parse(text) {
  const found = [[""]];
  for (let i = text.charCodeAt(0) === 0xfeff ? 1 : 0, inside = false; i < text.length; i++) {
    const row = found[found.length - 1];
    const c = text[i];
    if (inside) {
      if (c !== '"') row[row.length - 1] += c;
      else if (text[i + 1] === '"') { row[row.length - 1] += c; i++; }
      else inside = false;
    } else if (c === '"') inside = true;
    else if (c === ",") row.push("");
    else if (c === "\n") found.push([""]);
    else if (c !== "\r") row[row.length - 1] += c;
  }
  return found.filter((row) => row.length > 1).map((row) => row.map(original));
}

function count() {
  document.getElementById("count").textContent = `${seen.size} of ${data.marks.length} looked at`;
}

function keep(mark, value, element) {
  const row = rows[mark.row];
  const changed = row[column.get(mark.name)] !== value;
  row[column.get(mark.name)] = value;
  if (changed) row[column.get(mark.name + ".score")] = "1";
  const doubts = row[column.get("doubtful")].split("; ").filter((text) => !text.startsWith(mark.name + ": "));
  row[column.get("doubtful")] = doubts.join("; ");
  seen.add(mark);
  element.classList.add("seen");
  saved = false;
  count();
}

function shown(mark) {
  const value = rows[mark.row][column.get(mark.name)];
  const field = make("div", { className: "field" });
  const name = make("label", { textContent: mark.name });
  const why = make("div", { className: "why", textContent: mark.why });
  const input = make("input", mark.type === "checkbox"
    ? { type: "checkbox", checked: value === "true" }
    : { type: "text", value, spellcheck: false, autocomplete: "off" });
  const read = () => (mark.type === "checkbox" ? String(input.checked) : input.value);
  input.addEventListener("change", () => keep(mark, read(), field));
  input.addEventListener("blur", () => keep(mark, read(), field));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    const all = [...document.querySelectorAll(".field input")];
    (all[all.indexOf(input) + 1] || document.getElementById("save")).focus();
  });
  if (mark.choices.length) {
    const list = make("datalist", { id: `choices-${mark.number}` });
    list.append(...mark.choices.map((choice) => make("option", { value: choice })));
    input.setAttribute("list", list.id);
    field.append(list);
  }
  name.append(why);
  const right = make("div");
  if (mark.crop) right.append(make("img", { src: mark.crop, alt: `what is written in ${mark.name}` }));
  right.append(input);
  input.setAttribute("aria-label", mark.name);
  field.append(name, right);
  return field;
}

function show() {
  const list = document.getElementById("fields");
  list.replaceChildren();
  let before = -1;
  for (const mark of data.marks) {
    if (mark.row !== before) {
      const row = rows[mark.row];
      list.append(make("h2", { textContent: `${row[column.get("file")]}, page ${row[column.get("page")]}` }));
    }
    before = mark.row;
    list.append(shown(mark));
  }
  seen.clear();
  count();
}

document.getElementById("save").addEventListener("click", () => {
  const address = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  make("a", { href: address, download: data.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  saved = true;
});

document.getElementById("load").addEventListener("change", async (event) => {
  const told = document.getElementById("told");
  const [head, ...found] = parse(await event.target.files[0].text());
  if (String(head) !== String(data.columns) || found.length !== data.rows.length) {
    told.textContent = "This is not the CSV of these forms: choose the one that this page, or another of it, saved.";
    return;
  }
  rows = found;
  saved = true;
  told.textContent = "";
  show();
});

window.addEventListener("beforeunload", (event) => {
  if (!saved) event.preventDefault();
});

show();
