// Pure functions: texts, numbers and parsing.

export const percent = (part) => `${Math.round(100 * part)} %`;

export function megabytes(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

export function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  return seconds < 90 ? `${Math.round(seconds)} seconds` : `${minutes} minutes`;
}

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

const FINISHED = new Set(["done", "failed", "cancelled"]);
export const isFinished = (state) => FINISHED.has(state);

// What is shown of an item, in words.
export function stateText({ state, sent, progress, error, note, width, height }) {
  if (state === "sending") return `Sending, ${percent(sent)}`;
  if (state === "queued" || state === "waiting") return "Waiting";
  if (state === "running") return progress > 0 ? `Drawing, ${percent(progress)}` : "Drawing";
  if (state === "failed") return error ?? "It failed";
  if (state === "cancelled") return "Cancelled";
  return [width ? `${width} × ${height}` : "Done", note].filter(Boolean).join("; ");
}

// 0 to 1: sending is the first third of an item, drawing the rest.
export function itemProgress({ state, sent = 0, progress = 0 }) {
  if (isFinished(state)) return 1;
  return state === "queued" ? 0 : state === "sending" ? sent / 3 : (1 + 2 * progress) / 3;
}

export function summary(items) {
  const count = (state) => items.filter((item) => item.state === state).length;
  const parts = [`${count("done")} of ${plural(items.length, "picture")} done`];
  if (count("failed")) parts.push(`${count("failed")} failed`);
  if (count("cancelled")) parts.push(`${count("cancelled")} cancelled`);
  return parts.join(", ");
}

export const totalProgress = (items) =>
  items.length ? items.reduce((sum, item) => sum + itemProgress(item), 0) / items.length : 0;

// Server-sent events: returns the complete ones in `text`, and what is left of it.
export function parseEvents(text) {
  const blocks = text.split("\n\n");
  const rest = blocks.pop();
  const events = blocks
    .map((block) => {
      const event = { type: "message", data: "" };
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) event.type = line.slice(7);
        if (line.startsWith("data: ")) event.data += line.slice(6);
      }
      return event;
    })
    .filter((event) => event.data);
  return { events, rest };
}

// The position of a point of the stage, 0 to 1 along both axes.
export function positionIn(box, x, y) {
  const within = (value, start, size) => Math.min(1, Math.max(0, size ? (value - start) / size : 0));
  return [within(x, box.left, box.width), within(y, box.top, box.height)];
}
