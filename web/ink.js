// A drawing on the pad to the coverage of its ink, as emnist_hf/ink (extract.py, cleaning.py, and thresholds.py for the
// numbers) finds it in a picture: read it there.
// What is dark is known to be the ink and white to be the paper, so nothing is asked about colours and light.

import { blur, components, dilate, greatest, image, map, mask, median, percentile, round } from "./images.js";
import { NoInk, toGlyph } from "./glyph.js";

const MAX_PARTS = 5000; // more separate marks than any drawing has

/** The glyph of a drawing: an image of 0 (black) to 255 (white), more than 64 pixels a side. Throws NoInk. */
export function glyphOf(drawing) {
  return toGlyph(withoutSpecks(withoutFrame(inkOf(drawing))));
}

/** Coverage, 0 (paper) to 1 (ink), of a drawing. Throws NoInk. */
export function inkOf(drawing) {
  const contrast = map(drawing, (value) => (255 - value) / 255);
  const calm = blur(contrast, 1);
  const positive = calm.data.filter((value) => value > 0.01);
  const strongest = positive.length ? percentile(positive, 99.5) : 0;
  const floor = Math.max(0.03, 6 * (strongest ? noise(calm.data.filter((value) => value < 0.4 * strongest)) : 0));
  if (strongest < floor) throw new NoInk();
  // A stroke is told from a smudge by its core; faint strokes beside strong ones count down to a sixth.
  const seed = Math.max(floor, strongest / 6);
  const least = Math.max(floor * 0.5, seed * 0.4);
  const { labels, parts } = components(mask(calm, (value) => value > least));
  const level = new Float32Array(parts.length);
  labels.forEach((label, i) => (level[label] = Math.max(level[label], calm.data[i])));
  const largest = Math.max(0, ...parts.map((part) => part.area));
  const smallest = Math.max(6, Math.min(largest * 0.004, 40));
  const kept = parts.map((part, label) => label > 0 && level[label] >= seed && part.area >= smallest);
  const count = kept.filter(Boolean).length;
  if (count === 0 || count > MAX_PARTS) throw new NoInk();
  // The soft edge lies outside the mask: let each stroke's level reach a little further.
  const local = dilate(map(contrast, (_, i) => (kept[labels[i]] ? level[labels[i]] : 0)), 5);
  const grain = 2.5 * noise(contrast.data.filter((value) => value < 0.4 * strongest));
  const toe = Math.min(Math.max(2 / 255, grain), 0.4 * strongest);
  return map(contrast, (value, i) => {
    const full = local.data[i];
    return full > 0 ? Math.min(Math.max((value - toe) / Math.max(full * 0.97 - toe, 1e-6), 0), 1) : 0;
  });
}

/** Standard deviation of the bulk of the values, from the median absolute deviation. */
function noise(values) {
  const middle = median(values.slice());
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}

/** Without a thin rectangle around everything else, if there is one and something is written inside it. */
function withoutFrame(coverage) {
  const { width, height } = coverage;
  const { labels, parts } = components(mask(coverage, (value) => value > 0.3));
  const frame = parts.findIndex(
    (part, label) =>
      label > 0 &&
      part.right - part.left > 0.7 * width &&
      part.bottom - part.top > 0.7 * height &&
      isRectangle(part, (x, y) => labels[y * width + x] === label),
  );
  const written = parts.reduce((sum, part, label) => sum + (label === frame ? 0 : part.area), 0);
  if (frame < 0 || written < 0.0005 * width * height) return coverage;
  const edge = dilate(map(coverage, (_, i) => (labels[i] === frame ? 1 : 0)), 7); // with its soft edge
  return map(coverage, (value, i) => (labels[i] === frame || (edge.data[i] && !labels[i]) ? 0 : value));
}

/** Whether a part that touches all sides of its box is nothing but a thin line along them. */
function isRectangle(part, holds) {
  const [width, height] = [part.right - part.left, part.bottom - part.top];
  const band = Math.max(2, round(0.06 * Math.min(width, height)));
  let inner = 0;
  const sides = [new Set(), new Set(), new Set(), new Set()]; // columns above and below, rows left and right
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!holds(x + part.left, y + part.top)) continue;
      if (x >= band && x < width - band && y >= band && y < height - band) inner++;
      if (y < band) sides[0].add(x);
      if (y >= height - band) sides[1].add(x);
      if (x < band) sides[2].add(y);
      if (x >= width - band) sides[3].add(y);
    }
  }
  if (inner > 0.002 * (width - 2 * band) * (height - 2 * band)) return false;
  return sides.every((found, i) => found.size > 0.9 * (i < 2 ? width : height));
}

/** Without parts that are tiny beside the largest, or that lie at the border apart from the ink inside. */
function withoutSpecks(coverage) {
  const { width, height } = coverage;
  const { labels, parts } = components(mask(coverage, (value) => value > 0.3));
  if (parts.length <= 1) return coverage;
  const outside = apartAtBorder(parts, width, height);
  const largest = greatest(parts.map((part, label) => (outside[label] ? 0 : part.area)));
  const dropped = parts.map((part, label) => label === 0 || outside[label] || part.area < 0.015 * largest);
  const kept = dilate(image(width, height, Float32Array.from(labels, (label) => (dropped[label] ? 0 : 1))), 7);
  return map(coverage, (value, i) => (kept.data[i] && (labels[i] === 0 || !dropped[labels[i]]) ? value : 0));
}

/** Which parts touch the border, apart from the box of the ink inside. */
function apartAtBorder(parts, width, height) {
  const atBorder = (part) => part.left === 0 || part.top === 0 || part.right === width || part.bottom === height;
  const inside = parts.filter((part, label) => label > 0 && !atBorder(part));
  const largest = Math.max(0, ...inside.map((part) => part.area));
  if (largest < 0.0005 * width * height) return parts.map(() => false); // a speck is no reason to drop what is larger
  const inner = inside.filter((part) => part.area > 0.05 * largest);
  const left = Math.min(...inner.map((part) => part.left));
  const right = Math.max(...inner.map((part) => part.right));
  const top = Math.min(...inner.map((part) => part.top));
  const bottom = Math.max(...inner.map((part) => part.bottom));
  const overlaps = (part) => part.left < right && part.right > left && part.top < bottom && part.bottom > top;
  return parts.map((part, label) => label > 0 && atBorder(part) && !overlaps(part));
}
