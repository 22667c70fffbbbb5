// Resizing by Lanczos's filter, with the same roundings as Pillow, whose results the command line writes.
//
// Weights are rounded to 22 bits behind the point; each pass, along rows and then along columns, rounds to bytes.

const REACH = 3; // of the filter, in pixels of the smaller picture
const ONE = 1 << 22;
const ONE_BYTE = 1 << 24; // means are taken by a multiplication, with the result in the highest of four bytes
const GAP = 2; // a photo is first averaged in whole blocks down to no less than this many times the size

// Width and height in the proportions of those given, the longer one at most `most`.
export function within(width, height, most) {
  const factor = most / Math.max(width, height);
  return factor >= 1 ? [width, height] : [width, height].map((side) => Math.max(1, halfToEven(side * factor)));
}

function halfToEven(value) {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}

export function resize(picture, width, height) {
  const [across, down] = [picture.width / width, picture.height / height].map((ratio) => Math.max(1, Math.trunc(ratio / GAP)));
  const reduced = across * down > 1 ? average(picture, across, down) : picture;
  const wide = alongRows(reduced, picture.width / across, width);
  return alongColumns(wide, picture.height / down, height);
}

// Each block of `across` x `down` pixels becomes its mean; at the right and the bottom of those that are there.
function average({ rgb, width, height }, across, down) {
  const [outWidth, outHeight] = [Math.ceil(width / across), Math.ceil(height / down)];
  const out = new Uint8Array(3 * outWidth * outHeight);
  for (let y = 0; y < outHeight; y += 1) {
    const bottom = Math.min((y + 1) * down, height);
    for (let x = 0; x < outWidth; x += 1) {
      const right = Math.min((x + 1) * across, width);
      const count = (bottom - y * down) * (right - x * across);
      const share = Math.floor(ONE_BYTE / count);
      for (let channel = 0; channel < 3; channel += 1) {
        let sum = 0;
        for (let row = y * down; row < bottom; row += 1) {
          for (let column = x * across; column < right; column += 1) sum += rgb[3 * (row * width + column) + channel];
        }
        out[3 * (y * outWidth + x) + channel] = ((sum + (count >> 1)) * share) >>> 24;
      }
    }
  }
  return { rgb: out, width: outWidth, height: outHeight };
}

function lanczos(x) {
  if (x === 0) return 1;
  if (Math.abs(x) >= REACH) return 0;
  const angle = Math.PI * x;
  return (Math.sin(angle) / angle) * (Math.sin(angle / REACH) / (angle / REACH));
}

// For each of `count` pixels of the result, those of `length` that it is made of: the first, and their weights. They
// cover `extent` of the length, which may end within its last pixel.
function weights(length, extent, count) {
  const ratio = Math.fround(extent) / count;
  const stretch = Math.max(1, ratio);
  return Array.from({ length: count }, (_, index) => {
    const centre = (index + 0.5) * ratio;
    const first = Math.max(0, Math.trunc(centre - REACH * stretch + 0.5));
    const end = Math.min(length, Math.trunc(centre + REACH * stretch + 0.5));
    const raw = Array.from({ length: end - first }, (_, tap) => lanczos((first + tap - centre + 0.5) / stretch));
    const sum = raw.reduce((total, value) => total + value, 0);
    return { first, taps: Int32Array.from(raw, (value) => Math.trunc((value / sum) * ONE + Math.sign(value) / 2)) };
  });
}

const toByte = (sum) => Math.min(255, Math.max(0, sum >> 22));

function alongRows({ rgb, width, height }, extent, count) {
  if (count === width && extent === width) return { rgb, width, height };
  const out = new Uint8Array(3 * count * height);
  const all = weights(width, extent, count);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < count; x += 1) {
      const { first, taps } = all[x];
      let [red, green, blue] = [ONE / 2, ONE / 2, ONE / 2];
      for (let tap = 0, at = 3 * (y * width + first); tap < taps.length; tap += 1, at += 3) {
        red += rgb[at] * taps[tap];
        green += rgb[at + 1] * taps[tap];
        blue += rgb[at + 2] * taps[tap];
      }
      const to = 3 * (y * count + x);
      out[to] = toByte(red);
      out[to + 1] = toByte(green);
      out[to + 2] = toByte(blue);
    }
  }
  return { rgb: out, width: count, height };
}

function alongColumns({ rgb, width, height }, extent, count) {
  if (count === height && extent === height) return { rgb, width, height };
  const length = 3 * width;
  const out = new Uint8Array(length * count);
  const sums = new Int32Array(length);
  weights(height, extent, count).forEach(({ first, taps }, y) => {
    sums.fill(ONE / 2);
    taps.forEach((weight, tap) => {
      const start = (first + tap) * length;
      for (let at = 0; at < length; at += 1) sums[at] += rgb[start + at] * weight;
    });
    for (let at = 0; at < length; at += 1) out[y * length + at] = toByte(sums[at]);
  });
  return { rgb: out, width, height: count };
}
