// The page: what is dropped, pasted or picked goes to the tray, in the look that is chosen.

import { json, onTokenWanted, takeTokenFromAddress } from "./api.js";
import { Compare } from "./compare.js";
import { Looks } from "./looks.js";
import { duration } from "./text.js";
import { Tray } from "./tray.js";

const byId = (id) => document.getElementById(id);

function tell(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

function askToken() {
  return new Promise((resolve) => {
    byId("token").value = "";
    byId("ask").showModal();
    byId("ask").addEventListener("close", () => resolve(byId("token").value), { once: true });
  });
}

const looks = new Looks(() => tray.lookChanged());
const tray = new Tray(looks, new Compare(), tell);

function take(files) {
  const found = [...files];
  if (!found.length) return;
  tell("");
  tray.add(found);
}

function pickedBy(buttonId, inputId) {
  byId(buttonId).addEventListener("click", () => byId(inputId).click());
  byId(inputId).addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = ""; // so that the same file can be picked again
  });
}

function takeDrops() {
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (over) => byId("drop").classList.toggle("over", over);
  addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    mark(true);
  });
  addEventListener("dragleave", (event) => event.relatedTarget ?? mark(false));
  addEventListener("drop", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    mark(false);
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => take(event.clipboardData?.files ?? []));
}

async function start() {
  takeTokenFromAddress();
  onTokenWanted(askToken);
  try {
    const about = await json("/v1/styles");
    looks.fill(about);
    tray.limits = about.limits;
    byId("kept").textContent = duration(about.limits.kept_seconds);
    pickedBy("choose", "files");
    pickedBy("camera", "shot");
    takeDrops();
  } catch (problem) {
    tell(problem.message);
  }
}

start();
