// A sheet to draw on, by mouse, pen or finger; the same pen and curves as emnist_hf/page/pad.js.

import { image } from "./images.js";

const SIDE = 280; // of the drawing that is read
const PEN = 14; // diameter of the pen's point

/** Makes `canvas` a pad; `changed` is called when a stroke ends and when it is cleared or undone. */
export function drawingPad(canvas, changed) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let strokes = [];
  let pointer = null; // the pointer that draws; a second finger or a resting palm is not heard
  canvas.width = canvas.height = SIDE;

  function position(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }

  function show() {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = PEN;
    context.strokeStyle = "#000";
    for (const points of strokes) {
      context.beginPath();
      context.moveTo(...points[0]);
      for (let i = 1; i < points.length - 1; i++) {
        const [x, y] = points[i];
        context.quadraticCurveTo(x, y, (x + points[i + 1][0]) / 2, (y + points[i + 1][1]) / 2);
      }
      context.lineTo(...points[points.length - 1]);
      context.stroke();
    }
  }

  function change(strokesNow) {
    strokes = strokesNow;
    pointer = null;
    show();
    changed();
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || (event.pointerType === "mouse" && event.button !== 0)) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer); // the stroke goes on when the pointer leaves the pad
    strokes.push([position(event)]);
    show();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    strokes[strokes.length - 1].push(position(event));
    show();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => event.pointerId === pointer && change(strokes));
  }
  canvas.addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
  show();

  return {
    clear: () => change([]),
    undo: () => change(strokes.slice(0, -1)),
    isEmpty: () => strokes.length === 0,
    /** The drawing as an image of 0 (black) to 255 (white). */
    drawing() {
      const { data } = context.getImageData(0, 0, SIDE, SIDE);
      return image(SIDE, SIDE, Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i]));
    },
  };
}
