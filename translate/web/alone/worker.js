// Decodes, draws and encodes pictures, apart from the page, so that it stays usable.

import * as ort from "./ort.js";
import { blend, difference, Network, Painter } from "./painter.js";

const MAX_PIXELS = 50e6; // as the server
const LARGEST_DIFFERENCE = 1; // of 255, to what the command line draws
const QUALITY = 0.92;
const WRITABLE = { "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp" };
const TYPES = { jpg: "image/jpeg", png: "image/png", webp: "image/webp" };
const MAX_THREADS = 8;

let site;
let cancelled = false;
let work = Promise.resolve(); // one task after another
const painters = new Map(); // name of a style -> promise

ort.env.wasm.numThreads = crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency) : 1;

addEventListener("message", ({ data }) => {
  if (data.kind === "cancel") cancelled = true;
  else work = work.then(() => (data.kind === "open" ? open(data.site) : draw(data)));
});

async function open(given) {
  site = given;
  try {
    await painter(site.default);
  } catch (problem) {
    postMessage({ kind: "unfit", error: problem.message });
  }
}

async function draw({ file, look }) {
  cancelled = false;
  try {
    const photo = await decode(file);
    const onProgress = async (progress) => {
      postMessage({ kind: "progress", progress });
      await new Promise((resolve) => setTimeout(resolve)); // a message that cancels may come in
      return !cancelled;
    };
    const drawn = await (await painter(look.style)).paint(photo, look.domain, onProgress);
    if (!drawn) return postMessage({ kind: "cancelled" });
    const result = await encode(blend(photo, drawn, Number(look.strength ?? 1)), photo, look.format, file.type);
    const stem = (file.name || "photo.png").replace(/\.[^.]*$/, "");
    const resultName = `${stem}-${look.style}.${WRITABLE[result.type]}`;
    postMessage({ kind: "done", result, resultName, width: photo.width, height: photo.height });
  } catch (problem) {
    postMessage({ kind: "failed", error: problem.message });
  }
}

// The painter of a style, opened and compared with the command line once.
function painter(name) {
  if (!painters.has(name)) painters.set(name, openPainter(site.styles.find((style) => style.name === name)));
  return painters.get(name);
}

async function openPainter(style) {
  const network = new Network(ort, await session(style.file), style);
  const [photo, expected] = await Promise.all([style.check.photo, style.check.result].map(fetchedPicture));
  const drawn = await network.run(photo, style.domains[0]);
  const found = difference(drawn, expected);
  if (found > LARGEST_DIFFERENCE) {
    throw new Error(`This browser draws other pictures than the program, by ${found} of 255: try another browser, or other privacy settings.`);
  }
  const enlarger = site.enlarger && new Network(ort, await session(site.enlarger.file), site.enlarger);
  return new Painter(network, enlarger, style.working_size);
}

async function session(file) {
  const content = new Uint8Array(await (await fetch(file)).arrayBuffer());
  return ort.InferenceSession.create(content, { executionProviders: ["wasm"], logSeverityLevel: 3 }); // errors
}

const fetchedPicture = async (path) => decode(await (await fetch(path)).blob());

// Upright, in sRGB: { rgb, alpha, width, height }, alpha null where all is opaque.
async function decode(file) {
  if (!file.size) throw new Error("The file is empty, 0 bytes.");
  const bitmap = await createImageBitmap(file, { premultiplyAlpha: "none" }).catch(() => {
    throw new Error("Not a picture that this browser reads.");
  });
  const { width, height } = bitmap;
  if (width * height > MAX_PIXELS) throw new Error(`${width} × ${height} pixels, over the limit of ${MAX_PIXELS / 1e6} million.`);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  const alpha = new Uint8Array(width * height);
  for (let pixel = 0; pixel < alpha.length; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) rgb[3 * pixel + channel] = data[4 * pixel + channel];
    alpha[pixel] = data[4 * pixel + 3];
  }
  return { rgb, alpha: alpha.every((value) => value === 255) ? null : alpha, width, height };
}

async function encode({ rgb, width, height }, { alpha }, format, own) {
  const data = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) data.data[4 * pixel + channel] = rgb[3 * pixel + channel];
    data.data[4 * pixel + 3] = alpha ? alpha[pixel] : 255;
  }
  const type = TYPES[format] ?? (own in WRITABLE ? own : alpha ? "image/png" : "image/jpeg");
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.putImageData(data, 0, 0);
  if (type === "image/jpeg" && alpha) {
    context.globalCompositeOperation = "destination-over"; // on white, as JPEG holds no transparency
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
  }
  return canvas.convertToBlob({ type, quality: QUALITY });
}
