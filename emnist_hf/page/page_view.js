// The page that was read: a click on a box lists what it may be, a click on one of these corrects it.
// Runs once, as the `js_on_load` of a gr.HTML component, which provides `element` and `trigger`.
// The 'click' event carries the index of a character and its new label.

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
  other.placeholder = "other";
  other.setAttribute("aria-label", "Another character");
  panel.replaceChildren(...JSON.parse(box.dataset.choices).map(([label, score]) => choiceButton(label, score)), other);
  panel.hidden = false;
}

function correct(label) {
  if (!chosen || !label.trim()) return;
  chosen.classList.remove("fair", "poor");
  chosen.classList.add("sure");
  chosen.querySelector("span").textContent = label;
  chosen.setAttribute("aria-label", `${label}, as you corrected it`);
  trigger("click", { index: Number(chosen.dataset.index), label });
}

element.addEventListener("click", (event) => {
  const box = event.target.closest(".page-box");
  const choice = event.target.closest(".page-choice");
  if (box) show(box);
  else if (choice) correct(choice.value);
});
element.addEventListener("change", (event) => {
  if (!event.target.classList.contains("page-other")) return;
  event.stopPropagation();
  correct(event.target.value);
});
