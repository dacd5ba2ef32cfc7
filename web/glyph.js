// One character's ink to a glyph in the form of EMNIST, as emnist_hf/ink/glyph.py makes it, step by step: read it there.
// Coverage is an image of 0 (paper) to 1 (ink); a glyph is a Uint8Array of 28x28, upright, white on black.

import { blur, clamp, crop, depth, dilate, distance, enlarge, greatest, map, mask, median } from "./images.js";
import { round, shrink, zoom } from "./images.js";

export const SIDE = 28;
const LONG_SIDE = 22.7; // the look of EMNIST, in glyph pixels
const WIDTHS = [2.7, 3.1];
const SOFTNESS = 0.4;
const FINE = 4; // working pixels per pixel of the glyph
const HALF = Math.fround(0.45); // coverage at half level
const KEEP = 0.8; // half width below which neither a stroke is thinned nor a gap closed, in glyph pixels

/** Nothing is written. */
export class NoInk extends Error {
  constructor() {
    super("There is no ink on the sheet: draw a character.");
  }
}

/** The ink of one character as a glyph. Throws NoInk. */
export function toGlyph(coverage) {
  if (coverage.data.length === 0 || greatest(coverage.data) < 0.25) throw new NoInk();
  if (isGlyph(coverage)) return toBytes(coverage, greatest(coverage.data));
  const ink = moderate(cropped(coverage), 4 * LONG_SIDE * FINE);
  const extent = extentOf(ink);
  const longSide = LONG_SIDE * FINE;
  let fine = signedDistance(place(ink, longSide / extent, longSide));
  const width = widthAlong(map(fine, (value) => (value > 0 ? value + 0.5 : 0)));
  const [low, high] = WIDTHS.map((each) => each * FINE);
  const target = clamp(width, low, high);
  // A blob is as wide as it is long: there is no stroke to bring to a width.
  if (target !== width && width < 0.6 * longSide) {
    const scale = (longSide - target) / (longSide - width);
    fine = signedDistance(place(ink, (scale * longSide) / extent, scale * longSide));
    fine = shiftOutline(fine, (target - width * scale) / 2);
  }
  return downsample(map(fine, (value) => clamp(value + 0.5, 0, 1)), SOFTNESS * FINE);
}

/** The bounds of where a mask is set, the ends exclusive; it must not be empty. */
function bounds(source) {
  const box = { left: source.width, top: source.height, right: 0, bottom: 0 };
  source.data.forEach((inside, i) => {
    if (!inside) return;
    const x = i % source.width;
    const y = (i - x) / source.width;
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x + 1);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y + 1);
  });
  return box;
}

function isGlyph(coverage) {
  if (coverage.width !== SIDE || coverage.height !== SIDE) return false;
  const half = 0.5 * greatest(coverage.data);
  const { left, top, right, bottom } = bounds(mask(coverage, (value) => value > half));
  const centred = Math.abs(top + bottom - SIDE) <= 2 && Math.abs(left + right - SIDE) <= 2;
  const longest = Math.max(bottom - top, right - left);
  return centred && longest >= 18 && longest <= 25;
}

/** The ink with one pixel around it, stretched so that its strongest pixel is 1. */
function cropped(coverage) {
  const peak = greatest(coverage.data);
  const { left, top, right, bottom } = bounds(mask(coverage, (value) => value > 0.2 * peak));
  return map(crop(coverage, left - 1, top - 1, right - left + 2, bottom - top + 2), (value) => value / peak);
}

/** At most `longest` pixels a side; hairlines that shrinking would wash out are thickened first. */
function moderate(ink, longest) {
  const factor = Math.max(ink.width, ink.height) / longest;
  if (factor <= 1) return ink;
  const isThin = factor <= 1.5 && greatest(depth(mask(ink, (value) => value > HALF)).data) < 2;
  const thick = factor > 1.5 || isThin ? thicken(ink, Math.max(2, round(factor))) : ink;
  return shrink(thick, Math.max(1, round(ink.width / factor)), Math.max(1, round(ink.height / factor)));
}

function thicken(ink, by) {
  return by > 1 ? dilate(ink, by) : ink;
}

/** Longest side of the ink at half level, in pixels. */
function extentOf(ink) {
  const { left, top, right, bottom } = box(map(ink, (value) => value - HALF));
  return Math.max(bottom - top, right - left);
}

/** Where `level` is positive, to a fraction of a pixel. */
function box(level) {
  const rows = new Float32Array(level.height).fill(-Infinity);
  const columns = new Float32Array(level.width).fill(-Infinity);
  level.data.forEach((value, i) => {
    const x = i % level.width;
    const y = (i - x) / level.width;
    rows[y] = Math.max(rows[y], value);
    columns[x] = Math.max(columns[x], value);
  });
  const [top, bottom] = ends(rows);
  const [left, right] = ends(columns);
  return { left, top, right, bottom };
}

/** Where a profile first and last crosses zero, in pixels from the outer edge of its first pixel. */
function ends(profile) {
  const first = profile.findIndex((value) => value > 0);
  const last = profile.findLastIndex((value) => value > 0);
  const before = first ? profile[first - 1] : -profile[first];
  const after = last + 1 < profile.length ? profile[last + 1] : -profile[last];
  return [
    first + 0.5 - profile[first] / (profile[first] - before),
    last + 0.5 + profile[last] / (profile[last] - after),
  ];
}

/** Half level to 0, at the working resolution, the ink's box in the middle. */
function place(ink, scale, longSide) {
  const thick = scale < 0.5 ? thicken(ink, round(0.5 / scale)) : ink;
  const size = [Math.max(1, round(ink.width * scale)), Math.max(1, round(ink.height * scale))];
  const sized = scale < 1 ? shrink(thick, ...size) : enlarge(thick, ...size);
  // Where ink is fainter than elsewhere its outline lies at half its own level, not at half the strongest.
  const crest = dilate(sized, 9);
  const level = map(sized, (value, i) => value - clamp(0.5 * crest.data[i], 0.25, 0.5));
  if (!(greatest(level.data) > 0)) throw new NoInk();
  const { left, top, right, bottom } = box(level);
  const by = clamp(longSide / Math.max(bottom - top, right - left), 0.95, 1.05);
  const whole = SIDE * FINE;
  // Pixels count from their middles, the box from their edges.
  const shiftX = whole / 2 - (by * (left + right)) / 2 + (by - 1) / 2;
  const shiftY = whole / 2 - (by * (top + bottom)) / 2 + (by - 1) / 2;
  return zoom(level, by, shiftX, shiftY, whole, -0.5);
}

/** Distance to the zero level, positive above it, less half a pixel on either side. */
function signedDistance(level) {
  const inside = depth(mask(level, (value) => value > 0));
  const outside = distance(mask(level, (value) => !(value > 0)));
  return map(level, (value, i) => (value > 0 ? inside.data[i] - 0.5 : 0.5 - outside.data[i]));
}

/** Median width of strokes, from their depth: twice the depth along their middle lines. */
function widthAlong(depths) {
  const crest = dilate(depths, 3);
  const middle = depths.data.filter((value, i) => value > 0 && value >= crest.data[i] - 0.3);
  return middle.length ? 2 * median(middle) - 0.5 : 0;
}

/** Thicken (or thin, when negative) by moving the outline, less where a gap closes or a stroke breaks. */
function shiftOutline(far, by) {
  const inside = mask(far, (value) => (by > 0 ? -value : value) > 0);
  let room = map(far, (value, i) => (inside.data[i] ? Math.abs(value) : 0));
  for (let i = 0; i < round(Math.abs(by)) + 2; i++) {
    room = map(dilate(room, 3), (value, j) => (inside.data[j] ? value : 0));
  }
  room = dilate(room, 3);
  return map(far, (value, i) => value + Math.sign(by) * clamp(room.data[i] - KEEP * FINE, 0, Math.abs(by)));
}

/** Blur, reduce to 28x28 and stretch to 255. */
function downsample(fine, deviation) {
  const small = shrink(blur(fine, deviation), SIDE, SIDE);
  return toBytes(small, Math.max(greatest(small.data), 1e-6));
}

function toBytes(source, full) {
  return Uint8Array.from(source.data, (value) => round((value * 255) / full));
}
