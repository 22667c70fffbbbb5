// The page that draws the characters: a model of MikuMikuDance, repainted, with more hair, and its face in the middle.
// tools/known/render_characters.mjs opens `window.studio`, see below.

import {
  AmbientLight,
  Color,
  DataTexture,
  DirectionalLight,
  Euler,
  LoadingManager,
  Mesh,
  MeshToonMaterial,
  PerspectiveCamera,
  Quaternion,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
import { OutlineEffect } from "three/addons/effects/OutlineEffect.js";
import { MMDLoader } from "three/addons/loaders/MMDLoader.js";

import { Figure } from "./figure.js";
import { SHADING } from "./palettes.mjs";
import { paint } from "./textures.js";
import { wornBy } from "./worn.js";

const SUPERSAMPLING = 3; // smooth lines
const FIELD_OF_VIEW = 20; // degrees
const DISTANCE = 11;
const FACE_ABOVE_NECK = 0.75; // the middle of the picture, above the head's bone
const SHOWN_BELOW_NECK = 2.5;
const LEFT_ARM = "左腕";
const RIGHT_ARM = "右腕";
const LOWERED = 0.6; // radians, from the model's A-pose
const NECK = "首";
const EARS = ["左耳1_1", "右耳1_1", "左耳毛1_1", "右耳毛1_1"];
const EYES = ["左目", "右目"];
const EMBLEM = "胸マーク"; // a material on the chest

/** The model, what it wears, lights and a camera, for square pictures of `size` pixels per side. */
class Studio {
  constructor(model, size) {
    this.size = size;
    this.renderer = new WebGLRenderer({ alpha: true });
    this.renderer.setSize(SUPERSAMPLING * size, SUPERSAMPLING * size);
    this.outlined = new OutlineEffect(this.renderer);
    this.camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.1, 200);
    this.ambient = new AmbientLight();
    this.light = new DirectionalLight();
    this.figure = new Figure(model, SHOWN_BELOW_NECK);
    this.scene = new Scene().add(this.figure, this.ambient, this.light, this.light.target);

    this.worn = new Mesh(undefined, new MeshToonMaterial({ vertexColors: true }));
    this.worn.frustumCulled = false;
    this.worn.scale.setScalar(0.98);
    this.worn.position.set(0, -0.02, 0.05);
    this.figure.head().add(this.worn);

    this.materials = [...model.material, this.worn.material];
    for (const material of model.material) {
      material.emissive.set(0);
      material.specular.set(0);
      material.visible = material.opacity > 0 && material.name !== EMBLEM;
    }
    this.ramps = Object.fromEntries(Object.entries(SHADING).map(([name, steps]) => [name, rampOf(steps)]));
  }

  /** Make the model the `character` of tools/known/characters/settings.mjs. */
  dress(character) {
    paint(this.figure.skin.material, character);
    for (const name of EARS) this.figure.bone(name).scale.setScalar(character.ears ? 0.85 : 1e-3);
    const geometry = wornBy(character);
    this.worn.visible = geometry !== null;
    if (!geometry) return;
    this.worn.geometry.dispose();
    this.worn.geometry = geometry;
  }

  /** Draw the model as `picture` of settings.mjs says: a JPEG, as a data URL. */
  photograph(picture) {
    this.pose(picture);
    this.illuminate(picture);
    this.outlined.render(this.scene, this.camera);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = this.size;
    const context = canvas.getContext("2d");
    context.fillStyle = gradient(context, picture.backdrop, this.size);
    context.fillRect(0, 0, this.size, this.size);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.renderer.domElement, 0, 0, this.size, this.size);
    return canvas.toDataURL("image/jpeg", 0.93);
  }

  pose({ morphs, head, gaze, yaw, pitch, roll }) {
    const { figure, camera } = this;
    figure.relax();
    figure.bone(LEFT_ARM).rotateZ(-LOWERED);
    figure.bone(RIGHT_ARM).rotateZ(LOWERED);
    turn(figure.bone(NECK), head.map((angle) => 0.35 * angle));
    turn(figure.head(), head.map((angle) => 0.65 * angle));
    for (const eye of EYES) turn(figure.bone(eye), [...gaze, 0]);
    figure.update(morphs);

    const middle = figure.neck().add(new Vector3(0, FACE_ABOVE_NECK, 0));
    const direction = new Vector3(Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch));
    camera.position.copy(middle).addScaledVector(direction, DISTANCE);
    camera.up.set(Math.sin(roll), Math.cos(roll), 0);
    camera.lookAt(middle);
    this.light.target.position.copy(middle);
  }

  illuminate({ shading, line, ambient, light }) {
    for (const material of this.materials) {
      material.gradientMap = this.ramps[shading];
      const outline = (material.userData.outlineParameters ??= { visible: true });
      outline.thickness = line.thickness;
      outline.alpha = 1;
      outline.color = new Color(line.colour).toArray();
    }
    this.ambient.intensity = ambient.intensity;
    this.ambient.color.set(ambient.colour);
    this.light.intensity = light.intensity;
    this.light.color.set(light.colour);
    this.light.position.copy(this.light.target.position).addScaledVector(new Vector3(...light.from), 10);
  }
}

function turn(bone, angles) {
  bone.quaternion.multiply(new Quaternion().setFromEuler(new Euler(...angles, "YXZ")));
}

/** A texture of brightness by the slope of a surface, as `SHADING` has it. */
function rampOf(steps) {
  const values = [...Array(256).keys()].flatMap((index) => {
    const [, brightness] = steps.find(([until]) => index / 255 <= until);
    return [...Array(3).fill(Math.round(255 * brightness)), 255];
  });
  const ramp = new DataTexture(new Uint8Array(values), 256, 1); // nearest neighbour: hard steps
  ramp.needsUpdate = true;
  return ramp;
}

/** From edge to edge in `direction`, in radians. */
function gradient(context, { colours, direction }, size) {
  const half = size / 2;
  const [x, y] = [half * Math.cos(direction), half * Math.sin(direction)];
  const fill = context.createLinearGradient(half - x, half - y, half + x, half + y);
  colours.forEach((colour, index) => fill.addColorStop(index / Math.max(1, colours.length - 1), colour));
  return fill;
}

/** The model at `address` with all its textures. */
function load(address) {
  return new Promise((resolve, reject) => {
    const manager = new LoadingManager();
    manager.onError = (missing) => reject(new Error(`cannot load ${missing}`));
    const model = new MMDLoader(manager).loadAsync(address);
    manager.onLoad = () => resolve(model);
  });
}

window.openStudio = async (address, size) => {
  window.studio = new Studio(await load(address), size);
};
