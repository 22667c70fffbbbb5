// The pictures that were dropped: sent one after another, drawn by a job of the server, shown as tiles.

import { blob, call, forget, json, patiently, upload, watchJob } from "./api.js";
import { isFinished, itemProgress, megabytes, stateText, summary, totalProgress } from "./text.js";

const byId = (id) => document.getElementById(id);
const SENDERS = 2; // files sent at a time

export class Tray {
  #items = [];
  #jobs = new Map(); // query -> promise of the job's id
  #watched = new Set();
  #sending = 0;
  #limits = { picture_bytes: Infinity, video_bytes: Infinity };

  constructor(looks, compare, tell) {
    Object.assign(this, { looks, compare, tell });
    byId("cancel").addEventListener("click", () => this.#items.forEach((item) => this.#cancel(item)));
    byId("again").addEventListener("click", () => this.#again());
    byId("clear").addEventListener("click", () => this.#clear());
    byId("zip").addEventListener("click", () => this.#saveAll());
    addEventListener("pagehide", () => this.#forgetJobs());
  }

  set limits(limits) {
    this.#limits = limits;
  }

  add(files) {
    for (const file of files) {
      const item = { file, url: URL.createObjectURL(file), video: file.type.startsWith("video/") };
      item.tile = this.#newTile(item);
      this.#items.push(item);
      this.#enqueue(item);
    }
    this.#sendNext();
  }

  // Shows what follows from the look that is chosen now.
  lookChanged() {
    this.#show();
  }

  #enqueue(item) {
    const limit = item.video ? this.#limits.video_bytes : this.#limits.picture_bytes;
    URL.revokeObjectURL(item.resultUrl);
    Object.assign(item, {
      query: this.looks.query,
      style: this.looks.style.name,
      state: "queued",
      sent: 0,
      progress: 0,
      error: null,
      resultUrl: null,
      job: null,
      number: null,
      abort: new AbortController(),
    });
    if (item.file.size > limit) this.#fail(item, `${megabytes(item.file.size)}, over this server’s limit of ${megabytes(limit)}`);
    this.#showItem(item);
  }

  async #sendNext() {
    const item = this.#items.find((each) => each.state === "queued");
    if (!item || this.#sending >= SENDERS) return;
    this.#sending += 1;
    item.state = "sending";
    this.#showItem(item);
    this.#sendNext();
    try {
      await this.#send(item);
    } catch (problem) {
      if (item.state !== "cancelled") this.#fail(item, problem.message);
    } finally {
      this.#sending -= 1;
    }
    this.#sendNext();
  }

  async #send(item) {
    const { signal } = item.abort;
    const id = await this.#job(item.query);
    const path = `/v1/jobs/${id}/files?${new URLSearchParams({ name: item.file.name || "photo.png" })}`;
    const onSent = (sent) => {
      item.sent = sent;
      this.#showItem(item);
    };
    const answer = await patiently(() => upload(path, item.file, { onSent, signal }), signal);
    Object.assign(item, { job: id, number: answer.number, state: "waiting" });
    this.#showItem(item);
    this.#watch(id);
  }

  // The job of a look, begun when its first picture is sent.
  #job(query) {
    if (!this.#jobs.has(query)) {
      const begun = patiently(() => json(`/v1/jobs?${query}`, { method: "POST" })).then((job) => job.id);
      this.#jobs.set(query, begun);
      begun.catch(() => this.#jobs.delete(query));
    }
    return this.#jobs.get(query);
  }

  async #watch(id) {
    if (this.#watched.has(id)) return;
    this.#watched.add(id);
    try {
      await watchJob(id, (job) => this.#update(job));
    } catch (problem) {
      for (const item of this.#ofJob(id)) if (!isFinished(item.state)) this.#fail(item, problem.message);
    }
    this.#watched.delete(id);
    // A picture may have been sent after the last event.
    if (this.#ofJob(id).some((item) => !isFinished(item.state) && !item.fetching)) this.#watch(id);
  }

  #ofJob = (id) => this.#items.filter((item) => item.job === id);

  #update(job) {
    for (const item of this.#ofJob(job.id)) {
      const said = job.files[item.number];
      if (!said || isFinished(item.state)) continue;
      const { state, progress, error, note, width, height, result } = said;
      Object.assign(item, { progress, error, note, width, height, resultName: result });
      if (state === "done") this.#fetch(item);
      else item.state = state;
      this.#showItem(item);
    }
  }

  async #fetch(item) {
    if (item.fetching) return;
    item.fetching = true;
    try {
      item.result = await blob(`/v1/jobs/${item.job}/files/${item.number}`);
      item.resultUrl = URL.createObjectURL(item.result);
      item.state = "done";
      this.#showItem(item);
    } catch (problem) {
      this.#fail(item, problem.message);
    } finally {
      item.fetching = false;
    }
  }

  #fail(item, error) {
    Object.assign(item, { state: "failed", error });
    this.#showItem(item);
  }

  #cancel(item) {
    if (isFinished(item.state)) return;
    item.abort.abort();
    if (item.number !== null) call(`/v1/jobs/${item.job}/files/${item.number}`, { method: "DELETE" }).catch(() => {});
    item.state = "cancelled";
    this.#showItem(item);
  }

  #again() {
    this.#items.forEach((item) => this.#cancel(item));
    this.#forgetJobs();
    this.#items.forEach((item) => this.#enqueue(item));
    this.#sendNext();
  }

  #remove(item) {
    this.#cancel(item);
    for (const url of [item.url, item.resultUrl]) URL.revokeObjectURL(url);
    item.tile.remove();
    this.#items = this.#items.filter((each) => each !== item);
    this.#show();
  }

  #clear() {
    [...this.#items].forEach((item) => this.#remove(item));
    this.#forgetJobs();
    byId("choose").focus();
  }

  #forgetJobs() {
    for (const job of this.#jobs.values()) job.then(forget, () => {});
    this.#jobs.clear();
  }

  async #saveAll() {
    try {
      for (const id of new Set(this.#items.filter((item) => item.state === "done").map((item) => item.job))) {
        save(URL.createObjectURL(await blob(`/v1/jobs/${id}/zip`)), "drawn.zip");
      }
    } catch (problem) {
      const gone = problem.status === 404;
      this.tell(gone ? "The server has forgotten these pictures; they can still be saved one by one." : problem.message);
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
