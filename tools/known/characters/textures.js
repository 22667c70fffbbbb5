// Repaint the textures of the model: each colour becomes another, by what it is part of.

import { EYES, HAIR, SKIN } from "./palettes.mjs";

const INNER_EAR = [232, 168, 168];
const BLACK = [0, 0, 0];

const rgbOf = (hex) => [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
const mix = (one, other, share) => one.map((value, channel) => value + (other[channel] - value) * share);
const within = (value, low, high) => value > low && value < high;

/** Read off `colours`, which lie at `stops`, at `position`. */
function along(colours, stops, position) {
  const place = Math.min(1, Math.max(0, position));
  const next = Math.max(1, stops.findIndex((stop) => place <= stop));
  return mix(colours[next - 1], colours[next], (place - stops[next - 1]) / (stops[next] - stops[next - 1]));
}

/** Hue in degrees, and saturation, value and luma of 1. */
function measure([red, green, blue]) {
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  let hue = 0;
  if (range && value === red) hue = ((green - blue) / range + 6) % 6;
  else if (range && value === green) hue = (blue - red) / range + 2;
  else if (range) hue = (red - green) / range + 4;
  return {
    hue: 60 * hue,
    saturation: value && range / value,
    value: value / 255,
    luma: (0.3 * red + 0.59 * green + 0.11 * blue) / 255,
  };
}

// Each takes a character and returns colour -> colour. The numbers are those of the model's own textures.

function hairPaint({ hair_colour, ears }) {
  const colours = HAIR[hair_colour].map(rgbOf);
  const ramp = (position) => along(colours, [0, 0.45, 0.8, 1], position);
  return (rgb) => {
    const { hue, saturation, value, luma } = measure(rgb);
    if (value < 0.33 && saturation < 0.35) return rgb;
    if (saturation <= 0.4 || !within(hue, 180, 250)) return ramp((luma - 0.5) / 0.48);
    return ears ? mix(mix(INNER_EAR, BLACK, 0.35), INNER_EAR, (luma - 0.35) / 0.4) : ramp((luma - 0.1) * 0.75);
  };
}

function facePaint({ hair_colour, skin }) {
  const [brow] = HAIR[hair_colour].map(rgbOf);
  const lash = rgbOf(["black", "navy"].includes(hair_colour) ? "#1c1c28" : "#3a2828");
  const tone = rgbOf(SKIN[skin]);
  return (rgb) => {
    const { hue, saturation, value } = measure(rgb);
    if (saturation < 0.25 && value < 0.62) return value > 0.5 ? brow : mix(BLACK, lash, 0.55 + 1.2 * value);
    return within(hue, 8, 60) && value > 0.7 ? rgb.map((part, channel) => (part * tone[channel]) / 255) : rgb;
  };
}

function eyePaint({ eye_colour }) {
  const colours = EYES[eye_colour].map(rgbOf);
  return (rgb) => {
    const { hue, saturation, value, luma } = measure(rgb);
    const iris = saturation > 0.3 && value > 0.2 && within(hue, 190, 235);
    return iris ? along(colours, [0, 0.35, 0.75, 1], (luma - 0.2) / 0.33) : rgb;
  };
}

function clothPaint({ clothes }) {
  const [main, second] = [clothes.main, clothes.second].map(rgbOf);
  const cloth = (colour, shade, position) => mix(mix(BLACK, colour, shade), colour, Math.min(1, position));
  return (rgb) => {
    const { luma } = measure(rgb);
    return luma < 0.36 ? cloth(second, 0.28, luma / 0.3) : cloth(main, 0.38, (luma - 0.45) / 0.5);
  };
}

const PAINTS = {
  目: eyePaint,
  頭: facePaint,
  手足: facePaint,
  トップス1: clothPaint,
  ボトムス: clothPaint,
  髪: hairPaint,
};

/** Paint the model of these `materials` in the colours of `character`. */
export function paint(materials, character) {
  for (const [name, paintOf] of Object.entries(PAINTS)) {
    repaint(materials.find((material) => material.name === name).map, paintOf(character));
  }
}

/** Repaint `texture` from what it first held. At half the size: the face is far smaller than it in a picture. */
function repaint(texture, recolour) {
  texture.userData.original ??= halved(texture.image);
  const { original } = texture.userData;
  const pixels = new ImageData(original.width, original.height);
  const [from, to] = [original, pixels].map(({ data }) => new Uint32Array(data.buffer));
  const known = new Map(); // of few colours, so that each is worked out once
  for (let index = 0; index < from.length; index++) {
    const colour = from[index];
    let painted = known.get(colour);
    if (painted === undefined) {
      const [red, green, blue] = recolour([colour & 255, (colour >> 8) & 255, (colour >> 16) & 255])
        .map((part) => Math.round(Math.min(255, Math.max(0, part))));
      painted = ((colour & 0xff000000) | (blue << 16) | (green << 8) | red) >>> 0;
      known.set(colour, painted);
    }
    to[index] = painted;
  }
  texture.image = pixels;
  texture.needsUpdate = true;
}

function halved(image) {
  const canvas = new OffscreenCanvas(image.width / 2, image.height / 2);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
