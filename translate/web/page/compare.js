// A photo and its result over each other, with a border to move and a lens that shows both at full size.

import { positionIn } from "./text.js";

const byId = (id) => document.getElementById(id);
const STEP = 0.02; // of the picture, per arrow key
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

export class Compare {
  #at = [0.5, 0.5];

  constructor() {
    const stage = byId("stage");
    byId("cut").addEventListener("input", () => this.#cut(byId("cut").value / 100));
    byId("compare-close").addEventListener("click", () => byId("compare").close());
    byId("lens-toggle").addEventListener("click", () => this.#toggleLens(byId("lens").hidden));
    byId("lens").addEventListener("keydown", (event) => this.#key(event));
    stage.addEventListener("pointerdown", (event) => {
      stage.setPointerCapture(event.pointerId);
      this.#point(event, true);
    });
    stage.addEventListener("pointermove", (event) => this.#point(event, event.buttons > 0));
    addEventListener("resize", () => this.#draw());
  }

  open(item, onSave) {
    byId("compare-title").textContent = item.resultName;
    byId("before").src = item.url;
    byId("after").src = item.resultUrl;
    byId("compare-save").onclick = onSave;
    byId("cut").value = 50;
    this.#cut(0.5);
    this.#toggleLens(false);
    byId("compare").showModal();
    byId("cut").focus();
  }

  #cut(part) {
    byId("stage").style.setProperty("--cut", `${100 * part}%`);
  }

  // With the lens, pointing moves it; without, dragging moves the border.
  #point(event, pressed) {
    const at = positionIn(byId("stage").getBoundingClientRect(), event.clientX, event.clientY);
    if (!byId("lens").hidden) {
      this.#at = at;
      this.#draw();
    } else if (pressed) {
      byId("cut").value = 100 * at[0];
      this.#cut(at[0]);
    }
  }

  #key(event) {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    this.#at = this.#at.map((value, axis) => Math.min(1, Math.max(0, value + move[axis])));
    this.#draw();
  }

  #toggleLens(on) {
    byId("lens").hidden = !on;
    byId("lens-toggle").setAttribute("aria-pressed", String(on));
    this.#draw();
    if (on) byId("lens").focus();
  }

  // Left half the photo, right half the result. The canvas has two pixels for each of its size on the page, for sharp
  // screens; a pixel of the pictures takes two of them.
  #draw() {
    const lens = byId("lens");
    if (lens.hidden) return;
    lens.style.left = `${100 * this.#at[0]}%`;
    lens.style.top = `${100 * this.#at[1]}%`;
    const context = lens.getContext("2d");
    const { width, height } = lens;
    const [across, down] = [width / 2, height / 2]; // pixels of the pictures
    context.clearRect(0, 0, width, height);
    for (const [id, side] of [["before", 0], ["after", 1]]) {
      const image = byId(id);
      if (!image.naturalWidth) continue;
      const x = this.#at[0] * image.naturalWidth + ((side - 1) * across) / 2;
      const y = this.#at[1] * image.naturalHeight - down / 2;
      context.drawImage(image, x, y, across / 2, down, (side * width) / 2, 0, width / 2, height);
    }
    context.fillStyle = "#fff";
    context.fillRect(width / 2 - 1, 0, 2, height);
  }
}
