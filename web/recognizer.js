// A checkpoint in the browser: its config.json, and its ONNX network run by ONNX Runtime.

import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";
import { enlargeLinearly, image } from "./images.js";
import { SIDE } from "./glyph.js";

ort.env.wasm.numThreads = 1; // threads need headers that a plain file server does not send

/**
 * Loads what lies under `base`: a folder beside the page, or https://huggingface.co/USER/NAME/resolve/REVISION.
 * Throws an Error with a sentence.
 */
export async function loadRecognizer(base, file = "onnx/model.onnx") {
  const config = await (await fetched(`${base}/config.json`)).json();
  const { input_size: size, mean, std } = config.pretrained_cfg;
  const labels = config.label_names;
  const network = await ort.InferenceSession.create(await (await fetched(`${base}/${file}`)).arrayBuffer());

  /** Probabilities of the labels for each glyph, a Uint8Array of 28x28: a list of Float32Arrays. */
  async function classify(glyphs) {
    const side = size[2];
    const pixels = new Float32Array(glyphs.length * side * side);
    glyphs.forEach((glyph, n) => {
      const small = image(SIDE, SIDE, Float32Array.from(glyph, (value) => value / 255));
      const large = side === SIDE ? small : enlargeLinearly(small, side, side);
      large.data.forEach((value, i) => (pixels[n * side * side + i] = (value - mean[0]) / std[0]));
    });
    const input = new ort.Tensor("float32", pixels, [glyphs.length, 1, side, side]);
    const { logits } = await network.run({ pixel_values: input });
    return glyphs.map((_, n) => softmax(logits.data.subarray(n * labels.length, (n + 1) * labels.length)));
  }

  return { labels, classify };
}

async function fetched(address) {
  const answer = await fetch(address).catch(() => null);
  if (!answer || !answer.ok) throw new Error(`The model's ${address} cannot be loaded: check the address.`);
  return answer;
}

function softmax(logits) {
  const most = Math.max(...logits);
  const powers = Float32Array.from(logits, (logit) => Math.exp(logit - most));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
