// The page that was read: a click on a box lists what it may be, a click on one of these corrects it.
// Runs once, as the `js_on_load` of a gr.HTML component, which provides `element` and `trigger`.
// The 'click' event carries the index of a character and its new label.
// By keyboard the boxes are one stop of Tab, as a page has hundreds: arrow keys, Home and End move among them, Enter
// goes to the choices of one, and Escape or a choice back to it.

const MOVES = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
let chosen = null; // the box whose choices are shown

function choiceButton(label, score) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "page-choice";
  button.value = label;
  const name = document.createElement("b");
  name.textContent = label;
  button.append(name, ` ${Math.round(score * 100)} %`);
  return button;
}

function show(box) {
  if (chosen) chosen.removeAttribute("aria-pressed");
  chosen = box;
  box.setAttribute("aria-pressed", "true");
  const panel = element.querySelector(".page-choices");
  const other = document.createElement("input");
  other.maxLength = 1;
  other.className = "page-other";
  other.placeholder = panel.dataset.other;
  other.setAttribute("aria-label", panel.dataset.another);
  panel.replaceChildren(...JSON.parse(box.dataset.choices).map(([label, score]) => choiceButton(label, score)), other);
  panel.hidden = false;
}

function correct(label) {
  if (!chosen || !label.trim()) return;
  chosen.classList.remove("fair", "poor");
  chosen.classList.add("sure");
  chosen.querySelector("span").textContent = label;
  chosen.setAttribute("aria-label", `${label}, ${element.querySelector(".page-choices").dataset.corrected}`);
  trigger("click", { index: Number(chosen.dataset.index), label });
}

// The one box that Tab stops at.
function stopAt(box) {
  element.querySelectorAll('.page-box[tabindex="0"]').forEach((other) => (other.tabIndex = -1));
  box.tabIndex = 0;
}

function middle(box) {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return [(left + right) / 2, (top + bottom) / 2, bottom - top];
}

// The nearest box of the line above (direction -1) or below (1).
function across(boxes, box, direction) {
  const [x, y, height] = middle(box);
  const far = (other) => {
    const [u, v] = middle(other);
    return Math.abs(u - x) + 3 * Math.abs(v - y);
  };
  const beyond = boxes.filter((other) => direction * (middle(other)[1] - y) > 0.6 * height);
  return beyond.sort((a, b) => far(a) - far(b))[0];
}

function neighbour(box, key) {
  const boxes = [...element.querySelectorAll(".page-box")];
  if (key === "ArrowUp" || key === "ArrowDown") return across(boxes, box, key === "ArrowDown" ? 1 : -1);
  const place = boxes.indexOf(box) + MOVES[key];
  return boxes[Math.min(Math.max(place, 0), boxes.length - 1)]; // undefined for any other key
}

element.addEventListener("click", (event) => {
  const box = event.target.closest(".page-box");
  const choice = event.target.closest(".page-choice");
  const byKey = event.detail === 0; // no button of a mouse was pressed
  if (box) {
    stopAt(box);
    show(box);
    if (byKey) element.querySelector(".page-choices").firstElementChild.focus();
  } else if (choice) {
    correct(choice.value);
    if (byKey) chosen.focus();
  }
});
element.addEventListener("keydown", (event) => {
  const box = event.target.closest(".page-box");
  const next = box && neighbour(box, event.key);
  if (next) {
    stopAt(next);
    next.focus();
  } else if (event.key === "Escape" && chosen && event.target.closest(".page-choices")) chosen.focus();
  else return;
  event.preventDefault();
});
element.addEventListener("change", (event) => {
  if (!event.target.classList.contains("page-other")) return;
  event.stopPropagation();
  correct(event.target.value);
});
