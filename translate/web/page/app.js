// The page of the server: what is dropped, pasted or picked goes to the tray, in the look that is chosen.

import { blob, json, onTokenWanted, takeTokenFromAddress } from "./api.js";
import { Compare } from "./compare.js";
import { gather, tell } from "./gather.js";
import { Jobs } from "./jobs.js";
import { Looks } from "./looks.js";
import { duration } from "./text.js";
import { Tray } from "./tray.js";

const byId = (id) => document.getElementById(id);

function askToken() {
  return new Promise((resolve) => {
    byId("token").value = "";
    byId("ask").showModal();
    byId("ask").addEventListener("close", () => resolve(byId("token").value), { once: true });
  });
}

const jobs = new Jobs();
const looks = new Looks(blob, () => tray.lookChanged());
const tray = new Tray(looks, jobs, new Compare(), tell);

async function start() {
  takeTokenFromAddress();
  onTokenWanted(askToken);
  try {
    const about = await json("/v1/styles");
    looks.fill(about);
    jobs.limits = about.limits;
    byId("kept").textContent = duration(about.limits.kept_seconds);
    gather((files) => tray.add(files));
  } catch (problem) {
    tell(problem.message);
  }
}

start();
