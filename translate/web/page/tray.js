// The pictures that were dropped, as tiles.
//
// A drawer does the work: `draw(item)` begins, then sets state, progress, error, note, width, height, resultName and
// result (a blob) of the item and calls its `onChange(item)` after each change; `cancel(item)` and `remove(item)` stop
// it, `forget()` lets go of everything, `archives(items)` yields blobs of zips.

import { isFinished, itemProgress, stateText, summary, totalProgress } from "./text.js";

const byId = (id) => document.getElementById(id);

export class Tray {
  #items = [];

  constructor(looks, drawer, compare, tell) {
    Object.assign(this, { looks, drawer, compare, tell });
    drawer.onChange = (item) => this.#showItem(item);
    byId("cancel").addEventListener("click", () => this.#items.forEach((item) => this.#cancel(item)));
    byId("again").addEventListener("click", () => this.#again());
    byId("clear").addEventListener("click", () => this.#clear());
    byId("zip").addEventListener("click", () => this.#saveAll());
    addEventListener("pagehide", () => drawer.forget());
  }

  get empty() {
    return !this.#items.length;
  }

  add(files) {
    for (const file of files) {
      const item = { file, url: URL.createObjectURL(file), video: file.type.startsWith("video/") };
      item.tile = this.#newTile(item);
      this.#items.push(item);
      this.#draw(item);
    }
  }

  // Shows what follows from the look that is chosen now.
  lookChanged() {
    this.#show();
  }

  #draw(item) {
    URL.revokeObjectURL(item.resultUrl);
    Object.assign(item, {
      query: this.looks.query,
      style: this.looks.style.name,
      state: "queued",
      sent: 0,
      progress: 0,
      error: null,
      result: null,
      resultUrl: null,
    });
    this.drawer.draw(item);
    this.#showItem(item);
  }

  #cancel(item) {
    if (isFinished(item.state)) return;
    item.state = "cancelled";
    this.drawer.cancel(item);
    this.#showItem(item);
  }

  #again() {
    this.#items.forEach((item) => this.#cancel(item));
    this.drawer.forget();
    this.#items.forEach((item) => this.#draw(item));
  }

  #remove(item) {
    this.#cancel(item);
    this.drawer.remove(item);
    for (const url of [item.url, item.resultUrl]) URL.revokeObjectURL(url);
    item.tile.remove();
    this.#items = this.#items.filter((each) => each !== item);
    this.#show();
  }

  #clear() {
    [...this.#items].forEach((item) => this.#remove(item));
    this.drawer.forget();
    byId("choose").focus();
  }

  async #saveAll() {
    try {
      const done = this.#items.filter((item) => item.state === "done");
      for await (const archive of this.drawer.archives(done)) save(URL.createObjectURL(archive), "drawn.zip");
    } catch (problem) {
      this.tell(problem.message);
    }
  }

  // Tiles

  #newTile(item) {
    const tile = byId("tile").content.firstElementChild.cloneNode(true);
    tile.querySelector(".name").textContent = item.file.name || "Pasted picture";
    tile.querySelector("progress").setAttribute("aria-label", item.file.name || "Pasted picture");
    tile.querySelector(".frame").append(media(item.video, item.url, "photo"));
    byId("tiles").append(tile);
    return tile;
  }

  #showItem(item) {
    const { tile, state } = item;
    const shown = tile.querySelector(".drawn");
    if (item.result) item.resultUrl ??= URL.createObjectURL(item.result);
    if (!item.resultUrl) shown?.remove();
    else if (shown?.src !== item.resultUrl) {
      shown?.remove();
      tile.querySelector(".frame").append(media(item.video, item.resultUrl, "drawn"));
    }
    tile.className = `tile ${state}`;
    tile.querySelector(".badge").textContent = state === "done" ? item.style : "";
    tile.querySelector(".state").textContent = stateText(item);
    const bar = tile.querySelector("progress");
    bar.value = itemProgress(item);
    bar.hidden = isFinished(state);
    if (tile.dataset.buttons !== state) this.#showButtons(item);
    this.#show();
  }

  #showButtons(item) {
    const name = item.file.name;
    const finished = isFinished(item.state);
    const done = item.state === "done";
    const focused = item.tile.contains(document.activeElement);
    const buttons = [
      done && !item.video && button("Compare", name, () => this.compare.open(item, () => this.#save(item)), "primary"),
      done && button("Download", name, () => this.#save(item)),
      finished ? button("Remove", name, () => this.#remove(item)) : button("Cancel", name, () => this.#cancel(item)),
    ].filter(Boolean);
    item.tile.querySelector(".buttons").replaceChildren(...buttons);
    item.tile.dataset.buttons = item.state;
    if (focused) buttons[0].focus();
  }

  #save = (item) => save(item.resultUrl, item.resultName);

  #show() {
    const items = this.#items;
    const busy = items.some((item) => !isFinished(item.state));
    const done = items.filter((item) => item.state === "done").length;
    byId("tray").hidden = !items.length;
    const said = items.length ? summary(items) : "";
    if (byId("count").textContent !== said) byId("count").textContent = said;
    byId("total").value = totalProgress(items);
    byId("total").hidden = !busy;
    byId("cancel").hidden = !busy;
    byId("zip").hidden = busy || done < 2;
    byId("clear").hidden = busy || !items.length;
    const changed = this.looks.style && items.some((item) => item.query !== this.looks.query);
    byId("again").hidden = !changed;
    if (changed) byId("again").textContent = `Draw again: ${this.looks.style.name}`;
  }
}

function media(video, url, className) {
  const element = document.createElement(video ? "video" : "img");
  Object.assign(element, { src: url, className });
  if (video) Object.assign(element, { controls: className === "drawn", muted: true, playsInline: true });
  else element.alt = className === "photo" ? "The photo" : "The result";
  element.addEventListener("error", () => element.remove()); // a format that this browser does not show
  return element;
}

function button(text, about, onClick, className = "") {
  const element = document.createElement("button");
  Object.assign(element, { type: "button", textContent: text, className });
  element.setAttribute("aria-label", `${text}: ${about || "pasted picture"}`);
  element.addEventListener("click", onClick);
  return element;
}

function save(url, name) {
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: name });
  link.click();
}
