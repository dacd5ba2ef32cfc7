// The page: a pad, the glyph that the network sees, and its answers, all in the browser.

import { NoInk } from "./glyph.js";
import { glyphOf } from "./ink.js";
import { drawingPad } from "./pad.js";
import { loadRecognizer } from "./recognizer.js";

const PROMPT = "Draw a letter or a digit.";
const TOP_K = 5;

const said = document.querySelector("#said");
const bars = document.querySelector("#bars");
const seen = document.querySelector("#seen");
const model = new URLSearchParams(location.search).get("model") ?? "model";
const loading = loadRecognizer(model);
let asked = 0; // answers that come late are not shown

async function read() {
  const question = ++asked;
  bars.replaceChildren();
  showGlyph(null);
  if (pad.isEmpty()) {
    said.textContent = PROMPT;
    return;
  }
  try {
    const glyph = glyphOf(pad.drawing());
    const { labels, classify } = await loading;
    const [scores] = await classify([glyph]);
    if (question !== asked) return;
    const best = labels.map((label, i) => [label, scores[i]]).sort((a, b) => b[1] - a[1]).slice(0, TOP_K);
    showGlyph(glyph);
    said.textContent = `${best[0][0]}, ${Math.round(100 * best[0][1])} % sure.`;
    bars.replaceChildren(...best.map(bar));
  } catch (error) {
    if (question !== asked) return;
    said.textContent = error instanceof NoInk ? error.message : `It cannot be read here: ${error.message}`;
  }
}

function bar([label, score]) {
  const row = document.createElement("li");
  const name = document.createElement("b");
  const length = document.createElement("progress");
  name.textContent = label;
  length.value = score;
  length.title = `${(100 * score).toFixed(1)} %`;
  row.append(name, length);
  return row;
}

function showGlyph(glyph) {
  seen.hidden = glyph === null;
  if (glyph === null) return;
  const context = seen.getContext("2d");
  const pixels = context.createImageData(28, 28);
  glyph.forEach((value, i) => pixels.data.set([value, value, value, 255], 4 * i));
  context.putImageData(pixels, 0, 0);
}

const pad = drawingPad(document.querySelector("#pad"), read);
document.querySelector("#clear").addEventListener("click", pad.clear);
document.querySelector("#undo").addEventListener("click", pad.undo);
loading.then(
  () => pad.isEmpty() && (said.textContent = PROMPT),
  (error) => (said.textContent = error.message),
);
