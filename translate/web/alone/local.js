// Draws the tray's items in a worker of this browser, one after another.

import { numbered, zip } from "./zip.js";

export class Local {
  onChange = () => {};
  #waiting = [];
  #current = null;
  #worker = new Worker("./worker.js", { type: "module" });

  constructor(tell) {
    this.#worker.addEventListener("message", ({ data }) => {
      if (data.kind === "unfit") tell(data.error);
      else this.#update(data);
    });
    this.#worker.addEventListener("error", () => tell("This browser cannot run the page’s program."));
  }

  open(site) {
    this.#worker.postMessage({ kind: "open", site });
  }

  draw(item) {
    this.#waiting.push(item);
    this.#next();
  }

  // What runs cannot be stopped within a tile; nobody waits for the rest of it.
  cancel(item) {
    this.#waiting = this.#waiting.filter((each) => each !== item);
    if (this.#current === item) this.#worker.postMessage({ kind: "cancel" });
  }

  remove() {}

  forget() {}

  async *archives(items) {
    const names = numbered(items.map((item) => item.resultName));
    yield await zip(items.map((item, index) => ({ name: names[index], blob: item.result })));
  }

  #next() {
    if (this.#current || !this.#waiting.length) return;
    const item = this.#waiting.shift();
    this.#current = item;
    item.state = "running";
    this.onChange(item);
    this.#worker.postMessage({ kind: "draw", file: item.file, look: Object.fromEntries(new URLSearchParams(item.query)) });
  }

  #update({ kind, ...changes }) {
    const item = this.#current;
    // It may have been cancelled, and asked for again meanwhile.
    if (item.state === "running") {
      Object.assign(item, changes);
      if (kind !== "progress") item.state = kind;
      this.onChange(item);
    }
    if (kind === "progress") return;
    this.#current = null;
    this.#next();
  }
}
