// Draws the tray's items by jobs of the server, one for each look; files are sent one after another.

import { Problem, blob, call, forget, json, patiently, upload, watchJob } from "./api.js";
import { isFinished, megabytes } from "./text.js";

const SENDERS = 2; // files sent at a time

export class Jobs {
  onChange = () => {};
  limits = { picture_bytes: Infinity, video_bytes: Infinity };
  #items = new Set();
  #jobs = new Map(); // query -> promise of the job's id
  #watched = new Set();
  #sending = 0;

  draw(item) {
    const limit = item.video ? this.limits.video_bytes : this.limits.picture_bytes;
    Object.assign(item, { job: null, number: null, abort: new AbortController() });
    this.#items.add(item);
    if (item.file.size > limit) this.#fail(item, `${megabytes(item.file.size)}, over this server’s limit of ${megabytes(limit)}`);
    this.#sendNext();
  }

  cancel(item) {
    item.abort.abort();
    if (item.number !== null) call(`/v1/jobs/${item.job}/files/${item.number}`, { method: "DELETE" }).catch(() => {});
  }

  remove(item) {
    this.#items.delete(item);
  }

  forget() {
    for (const job of this.#jobs.values()) job.then(forget, () => {});
    this.#jobs.clear();
  }

  async *archives(items) {
    for (const id of new Set(items.map((item) => item.job))) {
      try {
        yield await blob(`/v1/jobs/${id}/zip`);
      } catch (problem) {
        if (problem.status !== 404) throw problem;
        throw new Problem("The server has forgotten these pictures; they can still be saved one by one.");
      }
    }
  }

  async #sendNext() {
    const item = [...this.#items].find((each) => each.state === "queued");
    if (!item || this.#sending >= SENDERS) return;
    this.#sending += 1;
    item.state = "sending";
    this.onChange(item);
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
      this.onChange(item);
    };
    const answer = await patiently(() => upload(path, item.file, { onSent, signal }), signal);
    Object.assign(item, { job: id, number: answer.number, state: "waiting" });
    this.onChange(item);
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

  #ofJob = (id) => [...this.#items].filter((item) => item.job === id);

  #update(job) {
    for (const item of this.#ofJob(job.id)) {
      const said = job.files[item.number];
      if (!said || isFinished(item.state)) continue;
      const { state, progress, error, note, width, height, result } = said;
      Object.assign(item, { progress, error, note, width, height, resultName: result });
      if (state === "done") this.#fetch(item);
      else item.state = state;
      this.onChange(item);
    }
  }

  async #fetch(item) {
    if (item.fetching) return;
    item.fetching = true;
    try {
      item.result = await blob(`/v1/jobs/${item.job}/files/${item.number}`);
      item.state = "done";
      this.onChange(item);
    } catch (problem) {
      this.#fail(item, problem.message);
    } finally {
      item.fetching = false;
    }
  }

  #fail(item, error) {
    Object.assign(item, { state: "failed", error });
    this.onChange(item);
  }
}
