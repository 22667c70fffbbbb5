// The words of attributes.csv, and what they look like.

// from the lines between strands to the gloss
export const HAIR = {
  black: ["#0e0e16", "#1e1e2c", "#34344a", "#7a80a8"],
  navy: ["#0a1028", "#18244c", "#2c3e74", "#8096d0"],
  dark_brown: ["#20120e", "#3a221a", "#5a3828", "#a87a58"],
  brown: ["#3a2014", "#6a3e26", "#98623c", "#dcae7c"],
  ginger: ["#5a1e0c", "#9a3c16", "#d06a2a", "#ffb878"],
  red: ["#4e0a12", "#8e1a22", "#c83a3c", "#ff9c90"],
  blonde: ["#9a6a2c", "#cf9a48", "#f0cc74", "#fff4c4"],
  silver: ["#70788c", "#a0a8bc", "#d0d6e2", "#ffffff"],
  white: ["#a4a4b4", "#cacad6", "#ececf2", "#ffffff"],
  pink: ["#a8446c", "#d878a0", "#f6a8c6", "#ffe2ee"],
  lilac: ["#6e5a8e", "#9c86bc", "#c8b6e2", "#f4ecff"],
  purple: ["#3c2460", "#64429a", "#9470cc", "#d8c0f8"],
  blue: ["#16305e", "#2a56a0", "#4c86d4", "#b0dcff"],
  teal: ["#0c4448", "#1c7a7c", "#3cb0aa", "#b0f0e4"],
  green: ["#143c20", "#2a6a38", "#58a058", "#c0e8a8"],
};

// from the pupil to the light at the bottom
export const EYES = {
  blue: ["#0c1e48", "#1c4c9c", "#3c90e0", "#a8e0ff"],
  green: ["#0c3018", "#1e7038", "#58b858", "#c4f4a0"],
  brown: ["#2a1008", "#6a3414", "#a8642c", "#e8b070"],
  amber: ["#4a2404", "#9a5c0c", "#e0a428", "#ffe888"],
  red: ["#3c0408", "#901420", "#e03c40", "#ffa898"],
  purple: ["#240c40", "#5c2c94", "#9c60d8", "#dcb8ff"],
  teal: ["#04302c", "#0c706c", "#2cb8ac", "#a4f4e0"],
  grey: ["#20242c", "#4c5664", "#8c98a8", "#d4dce4"],
  pink: ["#480c2c", "#a03068", "#e870a8", "#ffc8e0"],
};

// by these the skin of the model is multiplied
export const SKIN = { fair: "#ffffff", light: "#fff4ec", tan: "#f6dcc4", brown: "#d8ac88", dark: "#a87858" };

// weights of the model's morphs
export const EXPRESSIONS = {
  neutral: {},
  smile: { にっこり口: 1, mouthSmile: 0.6 },
  joy: { 笑顔総: 1 },
  surprised: { 驚き総: 1 },
  angry: { 怒り総: 1 },
  sad: { 悲しい総: 1 },
  closed: { とじ目: 1 },
  half_closed: { じと目総: 0.8 },
  proud: { キメ顔総: 1 },
  troubled: { 困り顔総: 1 },
  saying_a: { あ: 0.9 },
  saying_i: { い: 0.8 },
  saying_o: { お: 0.8 },
  wink: { ウィンク: 1, にっこり口: 0.7 },
  laugh: { 笑い: 1, ワ: 0.9 },
  grin: { にやり: 1 },
  sulk: { "∧口": 1 },
};
export const MOUTH_OPEN = ["joy", "surprised", "saying_a", "saying_i", "saying_o", "laugh"];
export const EYES_CLOSED = ["joy", "closed", "laugh"];
const EYES_OF_THEIR_OWN = [...EYES_CLOSED, "surprised", "half_closed", "wink"];

/** The weights of morphs for an `expression`, of eyes that are wider by `opening`, from 0 to 1, with larger irises. */
export function morphsOf(expression, opening) {
  const wide = EYES_OF_THEIR_OWN.includes(expression) ? {} : { 見開き目: opening, 瞳小: -opening / 3 };
  return { ...wide, ...EXPRESSIONS[expression] };
}

// how bright a surface is up to each slope to the light, of 1
export const SHADING = {
  flat: [[1, 1]],
  soft: [[0.5, 0.82], [1, 1]],
  hard: [[0.5, 0.74], [1, 1]],
  two_shadows: [[0.35, 0.7], [0.6, 0.86], [1, 1]],
};
