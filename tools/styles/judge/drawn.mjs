// Is it drawn? By nsfwjs, a classifier of pictures that has no part in any training here: JSON lines {file, p, logit}.
//
//   npm install --prefix MODULES nsfwjs@^4.3 @tensorflow/tfjs@^4.22 @tensorflow/tfjs-backend-wasm@^4.22 sharp@^0.35
//   node drawn.mjs MobileNetV2|InceptionV3 DIR... --node-modules MODULES/node_modules
//
// nsfwjs (MIT, Infinite Red) brings its networks, MobileNetV2 and InceptionV3, in the package: nothing else is fetched.
// Of its five classes Drawing and Hentai are drawn; `p` is the sum of their probabilities, `logit` its log odds, `p`
// first clamped to 1e-6 from 0 and 1. A picture is laid on white and squeezed as a whole to the network's square.

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";

const SIDES = { MobileNetV2: 224, InceptionV3: 299 }; // pixels, of the squares that the networks take
const DRAWN = ["Drawing", "Hentai"];
const CLASSES = 5;
const CLAMP = 1e-6;
const PICTURE = /\.(png|jpe?g|webp)$/i;

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { "node-modules": { type: "string", default: "node_modules" } },
});
const [network, ...folders] = positionals;
if (!(network in SIDES) || !folders.length) {
  console.error("node drawn.mjs MobileNetV2|InceptionV3 DIR... [--node-modules DIR]");
  process.exit(2);
}
console.info = () => {}; // nsfwjs greets there, on the standard output, which is for the verdicts

const there = createRequire(join(resolve(given["node-modules"]), "..", "package.json"));
const tf = there("@tensorflow/tfjs");
const wasm = there("@tensorflow/tfjs-backend-wasm");
const nsfw = there("nsfwjs");
const sharp = there("sharp");

wasm.setWasmPaths(join(dirname(there.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist/"));
await tf.setBackend("wasm");
await tf.ready();
const judge = await nsfw.load(network);

/** The whole picture as int32 [side, side, 3] in [0, 255]. */
async function squeezed(file, side) {
  const pixels = await sharp(file)
    .rotate() // upright, by its EXIF
    .flatten({ background: "#fff" })
    .toColourspace("srgb")
    .resize(side, side, { fit: "fill" })
    .raw()
    .toBuffer();
  return tf.tensor3d(new Uint8Array(pixels), [side, side, 3], "int32");
}

for (const folder of folders) {
  for (const name of readdirSync(folder).filter((file) => PICTURE.test(file)).sort()) {
    const file = join(folder, name);
    const picture = await squeezed(file, SIDES[network]);
    const classes = await judge.classify(picture, CLASSES);
    picture.dispose();
    const p = classes.filter(({ className }) => DRAWN.includes(className)).reduce((sum, each) => sum + each.probability, 0);
    const clamped = Math.min(Math.max(p, CLAMP), 1 - CLAMP);
    console.log(JSON.stringify({ file, p, logit: Math.log(clamped / (1 - clamped)) }));
  }
}
