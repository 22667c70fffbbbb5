// What the renderers of "Adventurer" faces share. The packages are looked for in the current folder:
//
//     npm install @dicebear/core@9 @dicebear/adventurer@9 @resvg/resvg-js@2

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const here = createRequire(join(process.cwd(), "package.json"));
const load = (name) => import(pathToFileURL(here.resolve(name)));
const { createAvatar } = await load("@dicebear/core");
const adventurer = await load("@dicebear/adventurer");
const { Resvg } = here("@resvg/resvg-js");

export const BACKGROUNDS = ["b6e3f4", "c0aede", "d1d4f9", "ffd5dc", "ffdfbf", "e9edc9", "f5f5f5"];

/** Numbers from 0 to 255 that follow from `seed` alone. */
export const numbersOf = (seed) => [...createHash("sha256").update(seed).digest()];

/** A face as DiceBear's `options` ask: a PNG of `size` pixels per side, and what was chosen for it. */
export function face(options, size) {
  const { svg, extra } = createAvatar(adventurer, options).toJson();
  return { picture: new Resvg(svg, { fitTo: { mode: "width", value: size } }).render().asPng(), traits: extra };
}

/** Write `content` to `file`, in folders made for it. */
export function write(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
