// Render faces whose attributes are known, and the same faces with their hair in each colour.
//
//     npm install @dicebear/core@9 @dicebear/adventurer@9 @resvg/resvg-js@2
//     node tools/known/render_avatars.mjs OUT [--train 2400] [--test 200] [--size 64]
//
// OUT/train.csv and OUT/test.csv list the faces below OUT and 0/1 columns; one of the columns of hair is 1.
// OUT/truth/COLOUR/ holds the faces of OUT/test with hair of that colour, all else the same.
// The packages are looked for in the current folder. A face follows from its number alone.
//
// The faces are "Adventurer" by Lisa Wischofsky (CC BY 4.0), remixed by DiceBear.

import { join } from "node:path";
import { parseArgs } from "node:util";

import { BACKGROUNDS, face, numbersOf, write } from "./adventurer.mjs";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    train: { type: "string", default: "2400" },
    test: { type: "string", default: "200" },
    size: { type: "string", default: "64" },
  },
});
if (positionals.length !== 1) throw new Error("give one folder to write: node render_avatars.mjs OUT");
const [out] = positionals;

const HAIR = { black_hair: [24, 24, 32], blond_hair: [226, 200, 116], brown_hair: [106, 69, 40], red_hair: [186, 72, 34] };
const SHADES = 24; // how far a face's own shade may be from these, of 255, up or down in each channel
const DARK_SKIN = ["9e5622", "763900"];
// mouths by eye: open smiles, and those that certainly are none
const SMILES = ["01", "05", "22", "23", "25", "26", "27", "28", "30"].map((number) => `variant${number}`);
const OTHER_MOUTHS = ["03", "04", "06", "07", "08", "09", "10", "12", "14", "17", "18", "20", "21"].map(
  (number) => `variant${number}`,
);
const OPTIONS = {
  skinColor: ["f2d3b1", "f6dcc4", "ecad80", ...DARK_SKIN],
  backgroundColor: BACKGROUNDS,
  glassesProbability: 35,
  earringsProbability: 35,
  features: ["blush"],
  featuresProbability: 35,
};
// not the earrings, which hair often hides
const ATTRIBUTES = {
  long_hair: ({ hair }) => hair.startsWith("long"),
  glasses: ({ glasses }) => Boolean(glasses),
  smile: ({ mouth }) => SMILES.includes(mouth),
  blush: ({ features }) => Boolean(features),
  dark_skin: ({ skinColor }) => DARK_SKIN.includes(skinColor.replace("#", "")),
};

const hex = (rgb) => rgb.map((value) => value.toString(16).padStart(2, "0")).join("");

/** A face of its own shade of `colour`, or of the colour itself: its picture, and what DiceBear chose for it. */
function colouredFace(seed, colour, { exact = false } = {}) {
  const numbers = numbersOf(seed);
  const shade = HAIR[colour].map((value, channel) =>
    Math.min(255, Math.max(0, Math.round(value + SHADES * ((2 * numbers[channel]) / 255 - 1)))),
  );
  const hairColor = [hex(exact ? HAIR[colour] : shade)];
  const mouth = numbers[3] % 2 ? SMILES : OTHER_MOUTHS;
  return face({ ...OPTIONS, seed, mouth, hairColor }, Number(given.size));
}

const colours = Object.keys(HAIR);
for (const part of ["train", "test"]) {
  const lines = [["filename", ...colours, ...Object.keys(ATTRIBUTES)]];
  for (let index = 0; index < Number(given[part]); index++) {
    const seed = `${part}-${index}`;
    const name = `${String(index).padStart(5, "0")}.png`;
    const colour = colours[index % colours.length];
    const { picture, traits } = colouredFace(seed, colour);
    write(join(out, part, name), picture);
    const holds = [...colours.map((other) => other === colour), ...Object.values(ATTRIBUTES).map((has) => has(traits))];
    lines.push([`${part}/${name}`, ...holds.map(Number)]);
    if (part === "test") {
      for (const other of colours) write(join(out, "truth", other, name), colouredFace(seed, other, { exact: true }).picture);
    }
  }
  write(join(out, `${part}.csv`), lines.map((line) => `${line.join(",")}\n`).join(""));
}
