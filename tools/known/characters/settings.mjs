// What a character looks like, and how each of its pictures shows it: all follows from their numbers alone.

import { EXPRESSIONS, EYES, EYES_CLOSED, HAIR, MOUTH_OPEN, morphsOf } from "./palettes.mjs";
import { near, pick, randomOf } from "./random.mjs";

// some twice, to be drawn more often
const HAIR_STYLES = ["short", "short", "long", "long", "side_locks", "twin_tails", "pony_tail", "buns"];
const SKIN_TONES = ["fair", "fair", "fair", "light", "light", "tan", "tan", "brown", "dark"];
const SHADINGS = ["soft", "soft", "hard", "hard", "two_shadows", "flat"];
const CLOTHES = [
  "#f4f4f8", "#2c3854", "#c83c48", "#3c8c5c", "#f0c848", "#5878c8", "#8858a8", "#e88ca8",
  "#30302f", "#7cc4d8", "#e07838", "#b8a890", "#4c2c34", "#d8e8c8", "#284c48",
];
const FRAMES = ["#222230", "#8c1c28", "#a88428", "#e8e8f0", "#2c4c8c"];
const BACKGROUNDS = [
  ["#ffffff"], ["#f4f0e8"], ["#dce8f4"], ["#f8e0e4"],
  ["#bfe3ff", "#ffffff"], ["#ffd8e4", "#fff8e0"], ["#d8f4d8", "#ffffff"], ["#fff0b8", "#ffd8a0"],
  ["#e0d4ff", "#ffffff"], ["#f0f0f0", "#d8dce4"], ["#ffd0b0", "#ffecc0", "#c8dcf8"], ["#a8dce0", "#e8fff8"],
  ["#f8c0c0", "#ffe8dc"], ["#c8dce8", "#f8f0e0"],
];
const LINE_COLOURS = ["#3a2a32", "#5a3c36", "#2c2a40"];
const LIGHT_COLOURS = ["#ffffff", "#fff6e4", "#f0f4ff", "#ffe8d8"];
const AMBIENT_COLOURS = ["#ffffff", "#ffffff", "#fff4ea", "#eef2ff"];

/** The columns of attributes.csv after the file name: words, 0 and 1, and angles in radians. */
export const COLUMNS = [
  "character", "hair_colour", "hair_style", "ahoge", "eye_colour", "eye_opening", "skin", "glasses", "ears", "hat",
  "bow", "band", "expression", "mouth_open", "eyes_closed", "yaw", "pitch", "roll", "shading", "background",
];

/** What stays the same in all pictures of the character `number`. */
export function characterOf(number) {
  const random = randomOf(`character ${number}`);
  const chance = (probability) => random() < probability;
  const hat = chance(0.09);
  const [main, second, accent] = shuffled(random, CLOTHES);
  return {
    character: number,
    hair_colour: pick(random, Object.keys(HAIR)),
    hair_style: pick(random, HAIR_STYLES),
    ahoge: chance(0.25) && !hat,
    eye_colour: pick(random, Object.keys(EYES)),
    eye_opening: near(random, 0.45, 0.45),
    skin: pick(random, SKIN_TONES),
    glasses: chance(0.17),
    ears: chance(0.13) && !hat,
    hat,
    bow: chance(0.2) && !hat,
    band: chance(0.08) && !hat,
    clothes: { main, second, accent },
    frame: pick(random, FRAMES),
  };
}

/** How the picture `index` of the character `number` shows it. The first is neutral, the second a smile. */
export function pictureOf(number, index) {
  const random = randomOf(`character ${number} picture ${index}`);
  const expression = ["neutral", "smile"][index] ?? pick(random, Object.keys(EXPRESSIONS));
  const colours = pick(random, BACKGROUNDS);
  return {
    expression,
    morphs: morphsOf(expression, characterOf(number).eye_opening),
    mouth_open: MOUTH_OPEN.includes(expression),
    eyes_closed: EYES_CLOSED.includes(expression),
    // where the camera stands
    yaw: near(random, 0, 0.3),
    pitch: near(random, 0, 0.08),
    roll: near(random, 0, 0.04),
    // how the head is turned on its neck, and where the eyes look
    head: [near(random, 0, 0.06), near(random, 0, 0.12), near(random, 0, 0.08)],
    gaze: [near(random, 0, 0.06), near(random, 0, 0.1)],
    shading: pick(random, SHADINGS),
    line: { thickness: pick(random, [0.005, 0.0075, 0.01, 0.0125]), colour: pick(random, LINE_COLOURS) },
    ambient: { intensity: near(random, 1.92, 0.17), colour: pick(random, AMBIENT_COLOURS) },
    light: {
      intensity: near(random, 1.05, 0.1),
      colour: pick(random, LIGHT_COLOURS),
      from: [near(random, 0, 1.1), near(random, 0.75, 0.55), near(random, 0.95, 0.25)],
    },
    background: colours.length === 1 ? "plain" : "gradient",
    backdrop: { colours, direction: random() * 2 * Math.PI },
  };
}

/** The line of attributes.csv for the picture `index` of the character `number`. */
export function rowOf(number, index) {
  const settings = { ...characterOf(number), ...pictureOf(number, index) };
  return COLUMNS.map((column) => {
    const value = settings[column];
    if (typeof value === "boolean") return Number(value);
    return Number.isInteger(value) || typeof value === "string" ? value : value.toFixed(3);
  });
}

/** `values` in a random order (Fisher-Yates). */
function shuffled(random, values) {
  const result = [...values];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}
