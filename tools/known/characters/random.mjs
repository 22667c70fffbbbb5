/** A function of numbers in [0, 1) that follow from the text `seed` alone. */
export function randomOf(seed) {
  let state = 0x811c9dc5; // the hash of the text: FNV-1a
  for (const letter of seed) state = Math.imul(state ^ letter.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0; // the numbers: mulberry32
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = (random, values) => values[Math.floor(random() * values.length)];

/** A number within `reach` of `middle`. */
export const near = (random, middle, reach) => middle + (2 * random() - 1) * reach;
