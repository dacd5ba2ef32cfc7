// A form that was read: a click on a box, or into its value, shows what stands in it and what else that may be.
// Runs once, as the `js_on_load` of a gr.HTML component, which provides `element` and `trigger`.
// The 'click' event carries the index and the text of every value that was changed: of events that come while one is
// answered the last alone counts.
// By keyboard the boxes are one stop of Tab: arrow keys, Home and End move among them, Enter goes to the value.

const MOVES = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

const boxOf = (index) => element.querySelector(`.form-box[data-index="${index}"]`);
const inputOf = (index) => element.querySelector(`input[data-index="${index}"]`);

// The place in the picture that a box covers, a little around it, enlarged.
function showCrop(box) {
  const image = element.querySelector(".form-sheet img");
  const crop = element.querySelector(".form-crop");
  const [left, top, width, height] = ["left", "top", "width", "height"].map((side) => parseFloat(box.style[side]) / 100);
  const [x, y] = [image.naturalWidth, image.naturalHeight];
  const around = 0.15 * Math.min(width * x, height * y);
  const [wide, high] = [width * x + 2 * around, height * y + 2 * around];
  const scale = Math.min(crop.parentElement.clientWidth / wide, 120 / high, 4);
  crop.style.width = `${wide * scale}px`;
  crop.style.height = `${high * scale}px`;
  crop.style.backgroundImage = `url(${image.src})`;
  crop.style.backgroundSize = `${x * scale}px ${y * scale}px`;
  crop.style.backgroundPosition = `${-(left * x - around) * scale}px ${-(top * y - around) * scale}px`;
  crop.setAttribute("aria-label", box.getAttribute("aria-label"));
}

function choiceButton(place, [label, score]) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "page-choice";
  button.dataset.place = place;
  button.value = label;
  const name = document.createElement("b");
  name.textContent = label;
  button.append(name, ` ${Math.round(score * 100)} %`);
  return button;
}

function show(index) {
  const box = boxOf(index);
  element.querySelectorAll('.form-box[aria-pressed="true"]').forEach((other) => other.removeAttribute("aria-pressed"));
  box.setAttribute("aria-pressed", "true");
  const detail = element.querySelector(".form-detail");
  detail.hidden = false;
  detail.dataset.index = index;
  showCrop(box);
  const characters = JSON.parse(box.dataset.choices).map((choices, place) => {
    const group = document.createElement("div");
    group.className = "form-choices";
    group.append(...choices.slice(0, 4).map((choice) => choiceButton(place, choice)));
    return group;
  });
  detail.querySelector(".page-choices").replaceChildren(...characters);
}

// Where the nth character that is no blank stands in a text.
function placeOf(text, count) {
  const places = [...text.matchAll(/\S/g)].map((match) => match.index);
  return places[count];
}

const textOf = (input) => (input.type === "checkbox" ? input.dataset[input.checked ? "yes" : "no"] : input.value);

function correct(index) {
  const box = boxOf(index);
  const input = inputOf(index);
  input.dataset.changed = "";
  for (const part of [box, input]) {
    part.classList.remove("fair", "poor");
    part.classList.add("sure");
  }
  const sure = input.closest("tr").querySelector(".form-sure");
  if (sure) sure.textContent = "✓";
  box.setAttribute("aria-label", textOf(input));
  const changed = [...element.querySelectorAll("input[data-changed]")];
  trigger("click", { changes: changed.map((each) => [Number(each.dataset.index), textOf(each)]) });
}

element.addEventListener("click", (event) => {
  const box = event.target.closest(".form-box");
  const choice = event.target.closest(".page-choice");
  if (box) {
    element.querySelectorAll('.form-box[tabindex="0"]').forEach((other) => (other.tabIndex = -1));
    box.tabIndex = 0;
    show(box.dataset.index);
    const input = inputOf(box.dataset.index);
    input.focus({ preventScroll: event.detail !== 0 });
  } else if (choice) {
    const index = element.querySelector(".form-detail").dataset.index;
    const input = inputOf(index);
    const place = placeOf(input.value, Number(choice.dataset.place));
    if (place === undefined) return;
    input.value = input.value.slice(0, place) + choice.value + input.value.slice(place + 1);
    correct(index);
  }
});
element.addEventListener("focusin", (event) => {
  if (event.target.matches("input[data-index]")) show(event.target.dataset.index);
});
element.addEventListener("input", (event) => {
  const input = event.target;
  if (!input.matches("input[data-index]")) return;
  event.stopPropagation();
  correct(input.dataset.index);
});
element.addEventListener("keydown", (event) => {
  const box = event.target.closest(".form-box");
  if (!box || !(event.key in MOVES)) return;
  const boxes = [...element.querySelectorAll(".form-box")];
  const next = boxes[Math.min(Math.max(boxes.indexOf(box) + MOVES[event.key], 0), boxes.length - 1)];
  box.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  event.preventDefault();
});
