// The drawing pad: strokes on a canvas, by mouse, pen or finger.
// Runs once, as the `js_on_load` of a gr.HTML component, which provides `element`, `props` and `trigger`.
// `props.value` is a PNG as a data URL, black ink on white, or "" for an empty pad; the 'input' event says it changed.

const SIDE = 280; // of the picture that is sent
const SHARPNESS = 2; // pixels of the canvas to one of the picture, so that it looks crisp on a fine screen
const PEN = 14; // diameter of the pen's point, in pixels of the picture
const INK = "#000";

const canvas = element.querySelector("canvas");
const prompt = element.querySelector(".pad-prompt");
const undoButton = element.querySelector(".pad-undo");
const clearButton = element.querySelector(".pad-clear");
const screen = canvas.getContext("2d");
canvas.width = canvas.height = SIDE * SHARPNESS;

let strokes = []; // finished strokes and the one under the pen: lists of [x, y] in pixels of the picture
let cleared = null; // strokes that Clear took away, until another is drawn: Undo brings them back
let pointer = null; // the pointer that draws; a second finger or a resting palm is not heard

function position(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
}

function drawStroke(context, points) {
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = PEN;
  context.strokeStyle = INK;
  context.beginPath();
  context.moveTo(...points[0]);
  // Curves through the middles of the segments: a quick hand gives few points, and corners would show.
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = points[i];
    context.quadraticCurveTo(x, y, (x + points[i + 1][0]) / 2, (y + points[i + 1][1]) / 2);
  }
  context.lineTo(...points[points.length - 1]); // a tap has one point, and round caps make it a dot
  context.stroke();
}

function show() {
  screen.setTransform(SHARPNESS, 0, 0, SHARPNESS, 0, 0);
  screen.clearRect(0, 0, SIDE, SIDE);
  strokes.forEach((points) => drawStroke(screen, points));
  const empty = strokes.length === 0;
  prompt.hidden = !empty;
  clearButton.disabled = empty;
  undoButton.disabled = empty && !cleared;
}

function picture() {
  if (strokes.length === 0) return "";
  const sheet = document.createElement("canvas");
  sheet.width = sheet.height = SIDE;
  const context = sheet.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  strokes.forEach((points) => drawStroke(context, points));
  return sheet.toDataURL("image/png");
}

function send() {
  props.value = picture();
  trigger("input");
}

function start(event) {
  if (pointer !== null || (event.pointerType === "mouse" && event.button !== 0)) return;
  pointer = event.pointerId;
  cleared = null;
  canvas.setPointerCapture(pointer); // the stroke goes on when the pointer leaves the pad
  strokes.push([position(event)]);
  show();
}

function move(event) {
  if (event.pointerId !== pointer) return;
  event.preventDefault();
  const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  const points = strokes[strokes.length - 1];
  (events.length ? events : [event]).forEach((each) => points.push(position(each)));
  show();
}

function finish(event) {
  if (event.pointerId !== pointer) return;
  pointer = null;
  send();
}

function undo() {
  if (pointer !== null || (strokes.length === 0 && !cleared)) return;
  if (strokes.length === 0) [strokes, cleared] = [cleared, null];
  else strokes.pop();
  show();
  send();
}

function clear() {
  if (strokes.length === 0) return;
  pointer = null;
  [strokes, cleared] = [[], strokes];
  show();
  send();
}

function press(event) {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === "z") undo();
  else if (event.key === "Delete" || event.key === "Backspace" || event.key === "Escape") clear();
  else return;
  event.preventDefault();
}

canvas.addEventListener("pointerdown", start);
canvas.addEventListener("pointermove", move);
canvas.addEventListener("pointerup", finish);
canvas.addEventListener("pointercancel", finish);
canvas.addEventListener("lostpointercapture", finish); // a pen-up that never came must not leave the pad dead
canvas.addEventListener("keydown", press);
// Safari takes touch-action for less than it says; a listener that may refuse the scroll settles it.
canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
undoButton.addEventListener("click", undo);
clearButton.addEventListener("click", clear);
show();
