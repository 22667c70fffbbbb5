// A model of MikuMikuDance whose morphs and bones are worked out here rather than in the shader. The processor does
// either, but in the shader once for each triangle that a vertex belongs to, and again for the outline: with morphs
// there, a picture took four times as long, with bones a third longer.

import { Float32BufferAttribute, Group, Mesh, Vector3 } from "three";

const HEAD = "頭";

/** Skin and bones of a model of MMDLoader, without the triangles that are `shown` or more below the head's bone. */
export class Figure extends Group {
  constructor({ children, geometry, material, morphTargetDictionary, skeleton }, shown) {
    super();
    const { position, normal, skinIndex, skinWeight } = geometry.attributes;
    this.rest = { positions: position.array, normals: normal.array, turns: skeleton.bones.map(turnOf) };
    this.morphs = geometry.morphAttributes.position.map(({ array }) => array);
    this.morphNumbers = morphTargetDictionary;
    this.skeleton = skeleton;
    this.boneNumbers = skinIndex.array; // four per vertex,
    this.boneWeights = skinWeight.array; // and how much each moves it

    geometry.morphAttributes = {};
    geometry.setAttribute("position", new Float32BufferAttribute(position.array, 3)); // copies, to be posed
    geometry.setAttribute("normal", new Float32BufferAttribute(normal.array, 3));
    this.skin = new Mesh(geometry, material);
    this.skin.frustumCulled = false; // by where it was at rest
    this.add(this.skin, ...children);

    geometry.setIndex(trianglesAbove(geometry, this.neck().y - shown));
    this.vertices = [...new Set(geometry.index.array)];
  }

  bone(name) {
    return this.skeleton.getBoneByName(name);
  }

  head() {
    return this.bone(HEAD);
  }

  /** Where the head sits on the neck. */
  neck() {
    this.updateMatrixWorld(true);
    return this.head().getWorldPosition(new Vector3());
  }

  /** Turn the bones back as they were at first. */
  relax() {
    this.skeleton.bones.forEach((bone, index) => bone.quaternion.copy(this.rest.turns[index]));
  }

  /** Make the skin follow the bones, with morphs of these `weights`, by name. */
  update(weights) {
    this.updateMatrixWorld(true);
    this.skeleton.update();
    const { boneMatrices } = this.skeleton;
    const { position, normal } = this.skin.geometry.attributes;
    const positions = this.morphed(weights);
    const blended = new Float32Array(16);
    for (const vertex of this.vertices) {
      blended.fill(0); // linear blend skinning: the mean of the bones' matrices
      for (let slot = 4 * vertex; slot < 4 * vertex + 4; slot++) {
        const weight = this.boneWeights[slot];
        if (!weight) continue;
        const start = 16 * this.boneNumbers[slot];
        for (let entry = 0; entry < 16; entry++) blended[entry] += weight * boneMatrices[start + entry];
      }
      transform(blended, positions, position.array, 3 * vertex, 1);
      transform(blended, this.rest.normals, normal.array, 3 * vertex, 0);
    }
    position.needsUpdate = normal.needsUpdate = true;
  }

  morphed(weights) {
    const { positions } = this.rest;
    const sum = positions.slice();
    for (const [name, weight] of Object.entries(weights)) {
      const morph = this.morphs[this.morphNumbers[name]];
      for (let index = 0; index < sum.length; index++) sum[index] += weight * (morph[index] - positions[index]);
    }
    return sum;
  }
}

const turnOf = (bone) => bone.quaternion.clone();

/** Write `matrix`, columns first, times the vector at `start`: a position (`w` 1), or a direction (0): not moved. */
function transform(matrix, from, to, start, w) {
  const [x, y, z] = [from[start], from[start + 1], from[start + 2]];
  for (let row = 0; row < 3; row++) {
    to[start + row] = matrix[row] * x + matrix[4 + row] * y + matrix[8 + row] * z + matrix[12 + row] * w;
  }
}

/** The index of the triangles that are above `lowest` somewhere; the groups, one per material, become shorter. */
function trianglesAbove({ attributes, groups, index }, lowest) {
  const kept = [];
  for (const group of groups) {
    const first = kept.length;
    for (let start = group.start; start < group.start + group.count; start += 3) {
      const corners = index.array.subarray(start, start + 3);
      if (corners.some((corner) => attributes.position.getY(corner) >= lowest)) kept.push(...corners);
    }
    [group.start, group.count] = [first, kept.length - first];
  }
  return kept;
}
