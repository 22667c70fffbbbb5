// Render talking heads whose truth is known, as tools/known/talking_heads.py draws them, of richer characters.
//
//     npm install @dicebear/core@9 @dicebear/adventurer@9 @resvg/resvg-js@2
//     node tools/known/render_talking_heads.mjs OUT [--train 400] [--test 40] [--expressions 6] [--size 128]
//
// Of each part, OUT/PART/faces holds a character's neutral face, OUT/PART/b the same character with other eyes, brows
// and mouth, and OUT/PART/landmarks these on a blank head, the same for all, under the same name. No character of test
// is in train. OUT/drive is a sequence of such landmarks. The packages are looked for in the current folder.
//
// The faces are "Adventurer" by Lisa Wischofsky (CC BY 4.0), remixed by DiceBear.

import { join } from "node:path";
import { parseArgs } from "node:util";

import { BACKGROUNDS, face, numbersOf, write } from "./adventurer.mjs";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    train: { type: "string", default: "400" },
    test: { type: "string", default: "40" },
    expressions: { type: "string", default: "6" },
    size: { type: "string", default: "128" },
  },
});
if (positionals.length !== 1) throw new Error("give one folder to write: node render_talking_heads.mjs OUT");
const [out] = positionals;

const VARIANTS = { eyes: 26, eyebrows: 15, mouth: 30 };
const NEUTRAL = { eyes: 24, eyebrows: 13, mouth: 4 };
const FRAMES = 24;
const CHARACTER = {
  skinColor: ["f2d3b1", "f6dcc4", "ecad80", "9e5622", "763900"],
  backgroundColor: BACKGROUNDS,
  glassesProbability: 30,
  earringsProbability: 30,
  features: ["freckles", "blush", "birthmark"],
  featuresProbability: 40,
};
const BLANK = {
  seed: "blank",
  skinColor: ["ffffff"],
  backgroundColor: ["ffffff"],
  hairProbability: 0,
  glassesProbability: 0,
  earringsProbability: 0,
  featuresProbability: 0,
};

/** The options of an expression: one variant of each part. */
function parts(expression) {
  const chosen = Object.entries(expression).map(([part, number]) => [part, [`variant${String(number).padStart(2, "0")}`]]);
  return Object.fromEntries(chosen);
}

/** An expression that follows from `seed` alone. */
function expressionOf(seed) {
  const numbers = numbersOf(seed);
  const chosen = Object.entries(VARIANTS).map(([part, count], index) => [part, 1 + (numbers[index] % count)]);
  return Object.fromEntries(chosen);
}

/** Render a face as `options` ask to a file below OUT. */
const render = (file, options) => write(join(out, file), face(options, Number(given.size)).picture);

for (const part of ["train", "test"]) {
  for (let index = 0; index < Number(given[part]); index++) {
    const character = { ...CHARACTER, seed: `${part}-${index}` };
    for (let number = 0; number < Number(given.expressions); number++) {
      const expression = parts(expressionOf(`${part}-${index}-${number}`));
      const name = `${String(index).padStart(4, "0")}-${number}.png`;
      render(`${part}/faces/${name}`, { ...character, ...parts(NEUTRAL) });
      render(`${part}/landmarks/${name}`, { ...BLANK, ...expression });
      render(`${part}/b/${name}`, { ...character, ...expression });
    }
  }
}
for (let frame = 0; frame < FRAMES; frame++) {
  render(`drive/${String(frame).padStart(4, "0")}.png`, { ...BLANK, ...parts(expressionOf(`frame-${frame}`)) });
}
