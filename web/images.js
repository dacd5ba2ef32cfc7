// What the glyph needs of OpenCV, in plain JavaScript and with its results to a few units in the last place.
// An image is { width, height, data: Float32Array }, row by row; a mask is the same with a Uint8Array of 0 and 1.

export function image(width, height, data = new Float32Array(width * height)) {
  return { width, height, data };
}

/** An image of change(value, place) of each pixel. A plain loop: Float32Array.from takes twenty times as long. */
export function map(source, change) {
  const result = image(source.width, source.height);
  for (let i = 0; i < result.data.length; i++) result.data[i] = change(source.data[i], i);
  return result;
}

export function mask(source, holds) {
  const data = new Uint8Array(source.data.length);
  for (let i = 0; i < data.length; i++) data[i] = holds(source.data[i], i) ? 1 : 0;
  return { width: source.width, height: source.height, data };
}

/** Python's round and NumPy's rint: a half goes to the even neighbour. */
export function round(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

export function greatest(values) {
  return values.reduce((most, value) => (value > most ? value : most), -Infinity);
}

/** NumPy's median. Sorts `values`; 0 if there are none. */
export function median(values) {
  if (values.length === 0) return 0;
  values.sort();
  const middle = values.length >> 1;
  return values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** NumPy's percentile, between neighbours. Sorts `values`, of which there must be some. */
export function percentile(values, percent) {
  values.sort();
  const place = ((values.length - 1) * percent) / 100;
  const below = Math.floor(place);
  const above = Math.min(below + 1, values.length - 1);
  return values[below] + (values[above] - values[below]) * (place - below);
}

/** The part of an image from (left, top), with zeros where it reaches beyond. */
export function crop(source, left, top, width, height) {
  const part = image(width, height);
  for (let y = Math.max(0, -top); y < Math.min(height, source.height - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(width, source.width - left); x++) {
      part.data[y * width + x] = source.data[(y + top) * source.width + x + left];
    }
  }
  return part;
}

/** cv2.dilate by a square of `side` pixels: the greatest value around each pixel. */
export function dilate(source, side) {
  const before = side >> 1;
  const after = side - 1 - before;
  const { width, height } = source;
  const along = image(width, height);
  const result = image(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = -Infinity;
      for (let i = Math.max(0, x - before); i <= Math.min(width - 1, x + after); i++) {
        most = Math.max(most, source.data[y * width + i]);
      }
      along.data[y * width + x] = most;
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = -Infinity;
      for (let i = Math.max(0, y - before); i <= Math.min(height - 1, y + after); i++) {
        most = Math.max(most, along.data[i * width + x]);
      }
      result.data[y * width + x] = most;
    }
  }
  return result;
}

/** cv2.resize with INTER_AREA, for shrinking. */
export function shrink(source, width, height) {
  return resize(source, areaTaps(source.width, width), areaTaps(source.height, height));
}

/** cv2.resize with INTER_CUBIC, for enlarging. */
export function enlarge(source, width, height) {
  return resize(source, cubicTaps(source.width, width), cubicTaps(source.height, height));
}

/** torch's bilinear interpolation without aligned corners, for enlarging. */
export function enlargeLinearly(source, width, height) {
  return resize(source, linearTaps(source.width, width), linearTaps(source.height, height));
}

/** Weighs rows and columns: each entry of the taps lists places in the source and their weights. */
function resize(source, across, down) {
  const between = image(across.length, source.height);
  for (let x = 0; x < across.length; x++) {
    const { places, weights } = across[x];
    for (let y = 0; y < source.height; y++) {
      let sum = 0;
      for (let i = 0; i < places.length; i++) sum += source.data[y * source.width + places[i]] * weights[i];
      between.data[y * across.length + x] = sum;
    }
  }
  const result = image(across.length, down.length);
  for (let y = 0; y < down.length; y++) {
    const { places, weights } = down[y];
    for (let x = 0; x < across.length; x++) {
      let sum = 0;
      for (let i = 0; i < places.length; i++) sum += between.data[places[i] * across.length + x] * weights[i];
      result.data[y * across.length + x] = sum;
    }
  }
  return result;
}

function areaTaps(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const start = i * scale;
    const end = Math.min((i + 1) * scale, from);
    const taps = { places: [], weights: [] };
    for (let place = Math.floor(start); place < end; place++) {
      const share = Math.min(place + 1, end) - Math.max(place, start);
      if (share <= 1e-6) continue;
      taps.places.push(place);
      taps.weights.push(share / (end - start));
    }
    return taps;
  });
}

function cubicTaps(from, to) {
  const a = -0.75; // OpenCV's choice
  return Array.from({ length: to }, (_, i) => {
    const at = ((i + 0.5) * from) / to - 0.5;
    const first = Math.floor(at);
    const x = at - first;
    const far = x + 1;
    const near = 1 - x;
    const weights = [
      ((a * far - 5 * a) * far + 8 * a) * far - 4 * a,
      ((a + 2) * x - (a + 3)) * x * x + 1,
      ((a + 2) * near - (a + 3)) * near * near + 1,
    ];
    weights.push(1 - weights[0] - weights[1] - weights[2]);
    return { places: weights.map((_, j) => clamp(first - 1 + j, 0, from - 1)), weights };
  });
}

function linearTaps(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max(((i + 0.5) * from) / to - 0.5, 0);
    const first = Math.floor(at);
    return { places: [first, Math.min(first + 1, from - 1)], weights: [1 - (at - first), at - first] };
  });
}

/** cv2.warpAffine with INTER_LINEAR, for a zoom and a shift alone, onto a square of `side` pixels. */
export function zoom(source, by, shiftX, shiftY, side, beyond) {
  const at = (x, y) =>
    x >= 0 && y >= 0 && x < source.width && y < source.height ? source.data[y * source.width + x] : beyond;
  const result = image(side, side);
  for (let y = 0; y < side; y++) {
    const fromY = (y - shiftY) / by;
    const top = Math.floor(fromY);
    const below = fromY - top;
    for (let x = 0; x < side; x++) {
      const fromX = (x - shiftX) / by;
      const left = Math.floor(fromX);
      const right = fromX - left;
      const upper = at(left, top) * (1 - right) + at(left + 1, top) * right;
      const lower = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
      result.data[y * side + x] = upper * (1 - below) + lower * below;
    }
  }
  return result;
}

/** cv2.GaussianBlur of floats by a standard deviation in pixels, mirrored at the border. */
export function blur(source, deviation) {
  const reach = (round(deviation * 8 + 1) | 1) >> 1;
  const powers = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)));
  const total = powers.reduce((sum, power) => sum + power, 0);
  const weights = powers.map((power) => power / total);
  const taps = (length) =>
    Array.from({ length }, (_, i) => ({ places: weights.map((_, j) => mirrored(i + j - reach, length)), weights }));
  return resize(source, taps(source.width), taps(source.height));
}

function mirrored(place, length) {
  if (length === 1) return 0;
  let at = place;
  while (at < 0 || at >= length) at = at < 0 ? -at : 2 * (length - 1) - at;
  return at;
}

/**
 * cv2.distanceTransform with DIST_L2 and a 5x5 mask: the distance of each pixel of the mask to the nearest outside it,
 * by chamfers (Borgefors 1986) in its fixed point of 16 bits. What lies beyond the image counts for nothing.
 */
export function distance(source) {
  const { width, height } = source;
  const [straight, diagonal, long] = [1, 1.4, 2.1969].map((step) => Math.round(step * 65536));
  const unknown = 2 ** 31 - 1 - long;
  const steps = [
    { dx: -1, dy: -2, cost: long },
    { dx: 1, dy: -2, cost: long },
    { dx: -2, dy: -1, cost: long },
    { dx: -1, dy: -1, cost: diagonal },
    { dx: 0, dy: -1, cost: straight },
    { dx: 1, dy: -1, cost: diagonal },
    { dx: 2, dy: -1, cost: long },
    { dx: -1, dy: 0, cost: straight },
  ];
  const far = new Float64Array(source.data.length);
  for (let i = 0; i < far.length; i++) far[i] = source.data[i] ? unknown : 0;
  const improve = (x, y, sign) => {
    const here = y * width + x;
    if (far[here] === 0) return;
    for (const { dx, dy, cost } of steps) {
      const fromX = x + sign * dx;
      const fromY = y + sign * dy;
      if (fromX < 0 || fromY < 0 || fromX >= width || fromY >= height) continue;
      far[here] = Math.min(far[here], far[fromY * width + fromX] + cost);
    }
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) improve(x, y, 1);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) improve(x, y, -1);
  return map({ width, height, data: far }, (value) => value / 65536);
}

/** Distance to the nearest pixel outside a mask, where whatever lies beyond the image is outside. */
export function depth(source) {
  const { width, height } = source;
  const padded = { width: width + 2, height: height + 2, data: new Uint8Array((width + 2) * (height + 2)) };
  for (let y = 0; y < height; y++) {
    padded.data.set(source.data.subarray(y * width, (y + 1) * width), (y + 1) * padded.width + 1);
  }
  return crop(distance(padded), 1, 1, width, height);
}

/**
 * Connected components of a mask, eight neighbours: `labels` (0 is what lies outside the mask), and for each label its
 * area and box. Labels are in the order in which the components are met, row by row.
 */
export function components(source) {
  const { width, height } = source;
  const labels = new Int32Array(width * height);
  const parts = [{ area: 0, left: 0, top: 0, right: 0, bottom: 0 }];
  for (let start = 0; start < labels.length; start++) {
    if (!source.data[start] || labels[start]) continue;
    const part = { area: 0, left: width, top: height, right: 0, bottom: 0 };
    const waiting = [start];
    labels[start] = parts.length;
    while (waiting.length) {
      const here = waiting.pop();
      const x = here % width;
      const y = (here - x) / width;
      part.area++;
      part.left = Math.min(part.left, x);
      part.right = Math.max(part.right, x + 1);
      part.top = Math.min(part.top, y);
      part.bottom = Math.max(part.bottom, y + 1);
      for (let toY = Math.max(0, y - 1); toY <= Math.min(height - 1, y + 1); toY++) {
        for (let toX = Math.max(0, x - 1); toX <= Math.min(width - 1, x + 1); toX++) {
          const there = toY * width + toX;
          if (source.data[there] && !labels[there]) {
            labels[there] = parts.length;
            waiting.push(there);
          }
        }
      }
    }
    parts.push(part);
  }
  return { labels, parts };
}
