// What the model itself does not have: more hair, and what is worn on the head. Lengths are those of the model, and
// the head's bone, in the neck, is at the origin; y is up, z to the front, and the head about two units wide.

import {
  CatmullRomCurve3,
  Color,
  CylinderGeometry,
  ExtrudeGeometry,
  BufferGeometry,
  Float32BufferAttribute,
  Shape,
  SphereGeometry,
  TorusGeometry,
  Vector3,
} from "three";
import { mergeGeometries } from "three/addons/utils/BufferGeometryUtils.js";

import { HAIR } from "./palettes.mjs";
import { near, randomOf } from "./random.mjs";

const SIDES = [-1, 1];
const RINGS = 28; // of a strand,
const CORNERS = 10; // and of each ring

const at = (x, y, z) => new Vector3(x, y, z);
const range = (count) => [...Array(count).keys()];

/** All that `character` wears, as one geometry with a colour per vertex; null where it wears nothing. */
export function wornBy(character) {
  const random = randomOf(`worn by ${character.character}`);
  const [lines, dark, plain, gloss] = HAIR[character.hair_colour].map((colour) => new Color(colour));
  const hair = {
    body: plain.clone().lerp(dark, 0.3),
    // from the root to the tip; tails have a gloss
    strand: [plain.clone().lerp(dark, 0.35), plain, dark, dark, lines],
    tail: [dark, plain, gloss.clone().lerp(plain, 0.4), plain, dark, dark, lines],
  };
  const accent = new Color(character.clothes.accent);
  const parts = STYLES[character.hair_style](random, hair, accent);
  if (character.ahoge) parts.push(ahoge(hair));
  if (character.bow) parts.push(...bow(random, accent));
  if (character.band) parts.push(band(accent));
  if (character.hat) parts.push(beret(accent));
  if (character.glasses) parts.push(...glasses(random, new Color(character.frame)));
  return parts.length ? mergeGeometries(parts) : null;
}

const STYLES = { short: () => [], long, side_locks, twin_tails, pony_tail, buns };

function long(random, { strand: colours }) {
  const length = near(random, 3.4, 1.4);
  const wave = random() < 0.5 ? 0.3 : 0.09;
  const count = 13;
  return range(count).map((index) => {
    const angle = near(() => index / (count - 1), 0, 1.45); // round the back of the head, from ear to ear
    const [x, z] = [Math.sin(angle), -Math.cos(angle)];
    const sway = near(random, 0, 0.125);
    const points = [
      at(0.9 * x, 1.9, 0.8 * z),
      at(1.22 * x, 0.7, 1.02 * z - 0.02),
      at(1.3 * x + 0.4 * sway, -0.5, z - 0.15),
      at(1.28 * x + sway, -0.5 - 0.45 * length, 0.85 * z - 0.35),
      at(1.15 * x + 1.6 * sway + wave * Math.sin(2.1 * index), -0.5 - length * near(random, 1, 0.1), 0.7 * z - 0.3),
    ];
    return strand(points, { root: 0.28, middle: 0.4, depth: 0.38, colours, facing: at(x, 0, z) });
  });
}

function side_locks(random, { strand: colours }) {
  const longest = near(random, 2, 1);
  return SIDES.flatMap((side) => range(2).map((index) => {
    const length = longest * (1 - 0.2 * index);
    const z = 0.5 - 0.3 * index;
    const points = [
      at(0.85 * side, 1.5, z - 0.15),
      at(1.33 * side, 0.4, z),
      at(1.3 * side, -0.8, z),
      at((1.12 + 0.1 * index) * side, -0.8 - 0.5 * length, z + 0.05),
      at(side, -0.8 - length, z + 0.1),
    ];
    return strand(points, { root: 0.16, middle: 0.26, depth: 0.45, colours, facing: at(side, 0, 0.6) });
  }));
}

function twin_tails(random, { tail: colours }, accent) {
  const length = near(random, 3.4, 1.4);
  const height = near(random, 1.5, 0.3);
  return SIDES.flatMap((side) => {
    const strands = range(5).map((index) => {
      const apart = 0.16 * (index - 2);
      const sway = near(random, 0, 0.2);
      const points = [
        at(side, height, -0.25),
        at(1.7 * side, height + 0.15 - Math.abs(apart), apart - 0.3),
        at(1.95 * side + 0.6 * apart, height - 1.2, 1.4 * apart - 0.35),
        at(1.9 * side + 1.2 * apart + 0.5 * sway, height - 1.2 - 0.5 * length, 1.7 * apart - 0.35),
        at(1.7 * side + 1.8 * apart + sway, height - 1.2 - length * near(random, 0.96, 0.06), 1.8 * apart - 0.3),
      ];
      return strand(points, { root: 0.2, middle: 0.34, depth: 0.6, colours, facing: at(0, 0, 1) });
    });
    const tie = new TorusGeometry(0.24, 0.1, 8, 20).rotateY(Math.PI / 2).rotateZ(0.2 * side);
    return [...strands, coloured(tie.translate(1.28 * side, height + 0.05, -0.27), accent)];
  });
}

function pony_tail(random, { tail: colours }, accent) {
  const length = near(random, 3.4, 1.4);
  const height = near(random, 1.55, 0.45);
  const side = random() < 0.65 ? 0 : random() < 0.5 ? -1 : 1;
  const strands = range(6).map((index) => {
    const apart = 0.17 * (index - 2.5);
    const sway = near(random, 0, 0.15);
    const points = [
      at(0.4 * side, height, -0.9),
      at(0.9 * side + 0.4 * apart, height + 0.35, -1.65),
      at(1.5 * side + 1.1 * apart, height - 0.8, -2.05),
      at(1.8 * side + 1.7 * apart + sway, height - 0.8 - 0.5 * length, -1.95),
      at(1.7 * side + 2 * apart + 1.5 * sway, height - 0.8 - length * near(random, 0.975, 0.075), -1.6),
    ];
    return strand(points, { root: 0.2, middle: 0.36, depth: 0.6, colours, facing: at(1, 0, 0) });
  });
  const tie = new TorusGeometry(0.27, 0.11, 8, 20).rotateX(0.4);
  return [...strands, coloured(tie.translate(0.55 * side, height + 0.12, -1.12), accent)];
}

function buns(random, hair, accent) {
  const balls = SIDES.flatMap((side) => {
    const ball = new SphereGeometry(0.5, 28, 20).scale(0.95, 0.9, 0.9).translate(side, 2.25, -0.25);
    const tie = new TorusGeometry(0.36, 0.09, 8, 24).rotateX(Math.PI / 2).rotateZ(-0.75 * side);
    return [coloured(ball, hair.body), coloured(tie.translate(0.82 * side, 1.98, -0.2), accent)];
  });
  return random() < 0.5 ? [...balls, ...side_locks(random, hair)] : balls;
}

/** The single tuft that stands up. */
function ahoge({ strand: [, plain, dark] }) {
  const points = [at(0.05, 2.15, 0.1), at(0.1, 2.6, 0.25), at(0.4, 2.78, 0.35), at(0.7, 2.55, 0.4)];
  return strand(points, { root: 0.09, middle: 0.12, depth: 0.5, colours: [plain, plain, dark], facing: at(0, 0, 1) });
}

/** A small one at a side of the head, or a large one behind it. */
function bow(random, colour) {
  const small = random() < 0.5;
  const wing = new Shape();
  wing.moveTo(0, 0);
  wing.bezierCurveTo(0.25, 0.45, 0.6, 0.6, 0.75, 0.42);
  wing.bezierCurveTo(0.68, 0.1, 0.68, -0.1, 0.75, -0.42);
  wing.bezierCurveTo(0.6, -0.6, 0.25, -0.45, 0, 0);
  const thick = { depth: 0.12, bevelEnabled: true, bevelSize: 0.05, bevelThickness: 0.06, bevelSegments: 3 };
  const wings = [0, Math.PI].map((turn) => coloured(new ExtrudeGeometry(wing, thick).rotateZ(turn), colour));
  const knot = coloured(new SphereGeometry(0.16, 16, 12).translate(0, 0, 0.08), colour.clone().multiplyScalar(0.85));
  return [...wings, knot].map((part) => (small
    ? part.scale(0.9, 0.9, 0.9).rotateZ(-0.4).rotateY(0.5).translate(1, 1.9, 0.35)
    : part.scale(1.5, 1.5, 1.5).translate(0, 2, -0.5)));
}

function band(colour) {
  const arc = new TorusGeometry(1.5, 0.1, 10, 48, Math.PI).scale(0.86, 1.07, 1.8).rotateX(-0.1);
  return coloured(arc.translate(0, 0.85, 0.2), colour);
}

function beret(colour) {
  const cap = new SphereGeometry(1.45, 40, 24).scale(1, 0.45, 1).rotateZ(-0.2).rotateX(-0.2);
  return coloured(cap.translate(0.2, 1.9, -0.2), colour);
}

function glasses(random, colour) {
  const height = random() < 0.5 ? 0.92 : 0.72;
  const bar = (length) => new CylinderGeometry(0.018, 0.018, length, 6);
  const bridge = bar(0.2).rotateZ(Math.PI / 2).translate(0, 0.43, 1.08);
  const parts = SIDES.flatMap((side) => [
    new TorusGeometry(0.31, 0.02, 8, 36).scale(1.12, height, 1).rotateY(0.22 * side).translate(0.42 * side, 0.4, 1.02),
    bar(1.1).rotateZ(0.18 * side).rotateX(Math.PI / 2).translate(0.84 * side, 0.4, 0.47),
  ]);
  return [bridge, ...parts].map((part) => coloured(part, colour));
}

/** `geometry` in one colour, with what all parts have in common, as merging asks. */
function coloured(geometry, { r, g, b }) {
  const part = geometry.index ? geometry.toNonIndexed() : geometry;
  part.deleteAttribute("uv");
  const colours = range(part.attributes.position.count).flatMap(() => [r, g, b]);
  return part.setAttribute("color", new Float32BufferAttribute(colours, 3));
}

/**
 * A lock of hair along `points`, from its `root`'s radius through the `middle`'s to a tip, whose `colours` follow each
 * other along it. It is flat: across `facing` its radius is multiplied by `depth`.
 */
function strand(points, { root, middle, depth, colours, facing }) {
  const curve = new CatmullRomCurve3(points);
  const geometry = new BufferGeometry();
  const [positions, tints, corners] = [[], [], []];
  for (const ring of range(RINGS + 1)) {
    const along = ring / RINGS;
    const centre = curve.getPoint(along);
    const tangent = curve.getTangent(along);
    const across = at().crossVectors(tangent, facing).normalize();
    const outward = at().crossVectors(across, tangent).normalize();
    const swell = Math.sin(along * Math.PI); // 0 at both ends, 1 in the middle
    const radius = along < 0.5 ? root + (middle - root) * swell : Math.max(0.002, middle * swell ** 0.75);
    const place = along * (colours.length - 1);
    const before = Math.min(colours.length - 2, Math.floor(place));
    const tint = colours[before].clone().lerp(colours[before + 1], place - before);
    for (const corner of range(CORNERS)) {
      const angle = (corner / CORNERS) * 2 * Math.PI;
      const point = centre.clone()
        .addScaledVector(across, radius * Math.cos(angle))
        .addScaledVector(outward, radius * depth * Math.sin(angle));
      positions.push(...point.toArray());
      tints.push(...tint.toArray());
      if (ring === RINGS) continue;
      const [here, next] = [corner, (corner + 1) % CORNERS].map((number) => ring * CORNERS + number);
      corners.push(here, here + CORNERS, next, next, here + CORNERS, next + CORNERS);
    }
  }
  geometry.setAttribute("position", new Float32BufferAttribute(positions, 3));
  geometry.setAttribute("color", new Float32BufferAttribute(tints, 3));
  geometry.setIndex(corners);
  geometry.computeVertexNormals();
  return geometry.toNonIndexed();
}
