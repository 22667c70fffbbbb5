// The page without a server: the same as the server's, drawn by a worker of this browser.

import { Compare } from "./compare.js";
import { gather, tell } from "./gather.js";
import { Local } from "./local.js";
import { Looks } from "./looks.js";
import { Tray } from "./tray.js";

const RELOADED = "translate-reloaded";

const fetched = async (path) => (await fetch(path)).blob();
const local = new Local(tell);
const looks = new Looks(fetched, () => tray.lookChanged());
const tray = new Tray(looks, local, new Compare(), tell);

// Keeps the page for use offline. What the service worker answers allows threads, which begin with another load.
async function keep() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register("./service-worker.js");
  await navigator.serviceWorker.ready;
  if (crossOriginIsolated || sessionStorage.getItem(RELOADED) || !tray.empty) return;
  sessionStorage.setItem(RELOADED, "yes");
  location.reload();
}

async function start() {
  try {
    const site = await (await fetch("./styles.json")).json();
    looks.fill(site);
    local.open(site);
    gather((files) => tray.add(files));
  } catch (problem) {
    tell(`The page is incomplete: ${problem.message}`);
  }
  await keep().catch(() => {}); // it works without, while there is a network
}

start();
