// A style on pictures of any size, as the command line does it: in tiles, at its working size, enlarged to the photo's.
//
// Pictures are { rgb, width, height }, rgb a Uint8Array [height, width, 3].

import { resize, within } from "./resize.js";

const TILE = 768; // pixels of the result per side: memory is then some 0.4 GB at most
const MAX_WHOLE = 1.5e6; // pixels of a photo for a style that looks at all of it at once
const PLAIN = [1.05, 1.6]; // enlargement that is left to resizing, before the first and the second pass of the network

// Tiles along one axis, all of them beginning at a multiple of the stride; `core` is what a tile gives to the result,
// `outer` what it is computed from.
export function spans(length, side, stride, halo) {
  const count = Math.ceil(length / (Math.ceil(side / stride) * stride));
  const step = Math.ceil(length / (count * stride)) * stride;
  const found = [];
  for (let start = 0; start < length; start += step) {
    const stop = Math.min(start + step, length);
    found.push({ core: [start, stop], outer: [Math.max(0, start - halo), Math.min(length, stop + halo)] });
  }
  return found;
}

const sized = (width, height) => ({ rgb: new Uint8Array(3 * width * height), width, height });

// Copies [width, height] pixels at [x, y] of `from` to [toX, toY] of `to`.
function copy(from, [x, y], to, [toX, toY], [width, height]) {
  for (let row = 0; row < height; row += 1) {
    const start = 3 * ((y + row) * from.width + x);
    to.rgb.set(from.rgb.subarray(start, start + 3 * width), 3 * ((toY + row) * to.width + toX));
  }
}

export class Network {
  // `about`: domains, exclusive, scale, stride, halo and tile_safe of the style.
  constructor(ort, session, about) {
    Object.assign(this, { ort, session, about });
  }

  // The result, or null once `onProgress`, which is told the part that is done, returns false.
  async run(picture, domain, onProgress = async () => true) {
    const { scale, stride, halo, tile_safe: tileSafe } = this.about;
    const { width, height } = picture;
    if (!tileSafe && width * height > MAX_WHOLE) {
      throw new Error(`${width} × ${height} pixels are too many for this look in a browser.`);
    }
    const side = tileSafe ? Math.ceil(TILE / scale) : Math.max(width, height);
    const result = sized(scale * width, scale * height);
    const tiles = spans(height, side, stride, halo).flatMap((y) => spans(width, side, stride, halo).map((x) => ({ x, y })));
    for (const [index, { x, y }] of tiles.entries()) {
      const outer = sized(x.outer[1] - x.outer[0], y.outer[1] - y.outer[0]);
      copy(picture, [x.outer[0], y.outer[0]], outer, [0, 0], [outer.width, outer.height]);
      const drawn = await this.#runWhole(outer, domain);
      const start = [x.core[0] - x.outer[0], y.core[0] - y.outer[0]].map((value) => scale * value);
      const size = [x.core[1] - x.core[0], y.core[1] - y.core[0]].map((value) => scale * value);
      copy(drawn, start, result, [scale * x.core[0], scale * y.core[0]], size);
      if (!(await onProgress((index + 1) / tiles.length))) return null;
    }
    return result;
  }

  async #runWhole({ rgb, width, height }, domain) {
    const feeds = { image: new this.ort.Tensor("uint8", rgb, [1, height, width, 3]), ...this.#domainInput(domain) };
    const { image_out: drawn } = await this.session.run(feeds);
    const [, drawnHeight, drawnWidth] = drawn.dims;
    return { rgb: drawn.data, width: drawnWidth, height: drawnHeight };
  }

  #domainInput(domain) {
    const { domains, exclusive } = this.about;
    if (!domains.length) return {};
    const { Tensor } = this.ort;
    const position = domains.indexOf(domain);
    if (exclusive) return { domain: new Tensor("int64", BigInt64Array.of(BigInt(position)), [1]) };
    const held = Float32Array.from(domains, (_, index) => Number(index === position));
    return { domain: new Tensor("float32", held, [1, domains.length]) };
  }
}

export class Painter {
  constructor(network, enlarger, workingSize) {
    Object.assign(this, { network, enlarger, workingSize });
  }

  // The photo, drawn at its own size; null once `onProgress` returns false.
  async paint(photo, domain, onProgress) {
    const { width, height } = photo;
    if (!this.workingSize || Math.max(width, height) <= this.workingSize) return this.network.run(photo, domain, onProgress);
    const small = resize(photo, ...within(width, height, this.workingSize));
    const drawn = await this.network.run(small, domain, (part) => onProgress(part / 2));
    return drawn && this.#enlarged(drawn, width, height, (part) => onProgress((1 + part) / 2));
  }

  async #enlarged(drawn, width, height, onProgress) {
    for (const plain of PLAIN) {
      if (Math.max(width / drawn.width, height / drawn.height) <= plain) continue;
      drawn = await this.enlarger.run(drawn, undefined, onProgress);
      if (!drawn) return null;
    }
    return resize(drawn, width, height);
  }
}

export function blend(photo, drawn, strength) {
  if (strength === 1) return drawn;
  const rgb = drawn.rgb.map((value, index) => Math.round(photo.rgb[index] + strength * (value - photo.rgb[index])));
  return { ...drawn, rgb };
}

// The largest difference of any value; 255 for pictures of different sizes.
export function difference(one, other) {
  if (one.width !== other.width || one.height !== other.height) return 255;
  return one.rgb.reduce((most, value, index) => Math.max(most, Math.abs(value - other.rgb[index])), 0);
}
