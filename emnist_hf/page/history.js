// The last answers of a visit, newest first; a click sets one in calligraphy again. Nothing is sent or stored.
// Runs once, as the `js_on_load` of a gr.HTML component, which provides `element`, `props`, `trigger` and `watch`.
// `props.value` is the newest answer: its key (which picture it answers), its label or text and its glyph; or nothing.

const MOST = 12;
const whole = element.querySelector(".history");
const list = element.querySelector(".history-list");
let open = null; // the entry whose picture may still change: a drawing that goes on, an upload read in another charset

function fill(item, told) {
  const button = document.createElement("button");
  button.type = "button";
  button.title = told.label;
  button.setAttribute("aria-label", told.label);
  if (told.glyph) {
    const glyph = document.createElement("img");
    glyph.src = told.glyph;
    glyph.alt = "";
    button.append(glyph);
  }
  const label = document.createElement("span");
  label.textContent = told.label.split("\n")[0];
  button.append(label);
  button.addEventListener("click", () => trigger("click", { label: told.label }));
  item.replaceChildren(button);
  item.told = told;
}

function same(item, told) {
  return item && item.told.label === told.label && item.told.glyph === told.glyph;
}

function remember(told) {
  if (!open || open.told.key !== told.key) {
    open = same(list.firstElementChild, told) ? list.firstElementChild : document.createElement("li");
    list.prepend(open);
  }
  fill(open, told);
  while (list.children.length > MOST) list.lastElementChild.remove();
  whole.hidden = false;
}

watch("value", () => {
  if (props.value && props.value.label) remember(props.value);
  else open = null; // the pad was cleared: the next drawing is another
});
