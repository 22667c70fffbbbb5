// Render faces in the manner of anime whose settings are known, several pictures of each character.
//
//     npm install three@0.164.1 puppeteer-core@24
//     node tools/known/render_characters.mjs MODEL_DIR OUT [--characters 600] [--pictures 6] [--size 128]
//         [--first-character 0] [--first-picture 0] [--chromium /usr/bin/chromium]
//
// MODEL_DIR is a clone of github.com/mmdagent-ex/uka. Of a character's pictures, number 0 is neutral, 1 smiles, and
// those from 2 on have any expression. OUT/attributes.csv lists the pictures that were asked for,
// OUT/CHARACTER_PICTURE.jpg, and their settings: hair, eyes, glasses, ears, expression, angles and so on. These follow
// from the numbers of character and picture alone (tools/known/characters/settings.mjs). Pictures that are there are
// not rendered again: the same command continues where it ended. The packages are looked for in the current folder. No
// graphics card is needed.
//
// The model is "CG-CA Uka (c) 2023-2024 by Nagoya Institute of Technology, Moonshot R&D Goal 1 Avatar Symbiotic
// Society" (CC BY 4.0), recoloured, with other hair; its README says what it is not to be used for.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { characterOf, COLUMNS, pictureOf, rowOf } from "./characters/settings.mjs";

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    characters: { type: "string", default: "600" },
    pictures: { type: "string", default: "6" },
    "first-character": { type: "string", default: "0" },
    "first-picture": { type: "string", default: "0" },
    size: { type: "string", default: "128" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
});
const [modelDir, out] = positionals;
const ORIGIN = "http://localhost/"; // of files only, see `answer`
const PAGE = fileURLToPath(new URL("characters", import.meta.url));
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".png": "image/png" };
// the processor draws, so that pictures do not depend on a graphics card
const SWIFTSHADER = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

const here = createRequire(join(process.cwd(), "package.json"));
const three = packageFile("three", "examples/jsm/loaders/MMDLoader.js");
const puppeteer = packageFile("puppeteer-core", "package.json");
const models = modelDir && existsSync(modelDir) ? readdirSync(modelDir).filter((name) => name.endsWith(".pmx")) : [];
const problems = [
  positionals.length !== 2 && "give two folders: node render_characters.mjs MODEL_DIR OUT",
  ...["characters", "pictures", "size"].map((name) =>
    !/^[1-9]\d*$/.test(given[name]) && `--${name} ${given[name]}: give a whole number above 0`),
  ...["first-character", "first-picture"].map((name) =>
    !/^\d+$/.test(given[name]) && `--${name} ${given[name]}: give a whole number`),
  !existsSync(given.chromium) && `--chromium ${given.chromium}: no such file; give the path of a Chromium`,
  !(three && puppeteer) && "packages are missing in this folder: npm install three@0.164.1 puppeteer-core@24",
  modelDir && models.length !== 1 && `MODEL_DIR ${modelDir}: lacks the one .pmx file; clone github.com/mmdagent-ex/uka`,
].filter(Boolean);
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(2);
}

const browser = await here("puppeteer-core").launch({
  executablePath: given.chromium,
  args: [...SWIFTSHADER, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])], // root has no sandbox
});
try {
  await render(await openPage(browser));
} finally {
  await browser.close();
}

/** The path of `file` in a package of the current folder; undefined where there is none. */
function packageFile(name, file) {
  const paths = here.resolve.paths(name).map((folder) => join(folder, name, file));
  return paths.find(existsSync);
}

/** The page of tools/known/characters with the model loaded. */
async function openPage(browser) {
  const page = await browser.newPage();
  const failed = new Promise((_, reject) => page.on("pageerror", reject));
  await page.setRequestInterception(true);
  page.on("request", answer);
  await page.goto(new URL("page.html", ORIGIN).href);
  const address = `/model/${models[0]}`;
  await Promise.race([failed, page.evaluate((...args) => window.openStudio(...args), address, Number(given.size))]);
  return page;
}

/** Answer the page's requests from files, so that no server is needed. */
function answer(request) {
  // the model names its textures as Windows does
  const path = decodeURIComponent(new URL(request.url()).pathname).replaceAll("\\", "/");
  const [, folder, rest] = path.match(/^\/(three|model)\/(.*)$/) ?? [null, "page", path];
  const file = join({ three: join(dirname(three), "../../.."), model: modelDir, page: PAGE }[folder], rest);
  if (!existsSync(file)) return request.respond({ status: 404 });
  return request.respond({ contentType: TYPES[extname(file)] ?? "application/octet-stream", body: readFileSync(file) });
}

/** Render what OUT lacks, and list all. */
async function render(page) {
  mkdirSync(out, { recursive: true });
  const lines = [["filename", ...COLUMNS]];
  let rendered = 0;
  for (const number of numbers("first-character", "characters")) {
    let dressed = false;
    for (const index of numbers("first-picture", "pictures")) {
      const name = `${String(number).padStart(5, "0")}_${index}.jpg`;
      lines.push([name, ...rowOf(number, index)]);
      if (existsSync(join(out, name))) continue;
      if (!dressed) await page.evaluate((character) => window.studio.dress(character), characterOf(number));
      dressed = true;
      const url = await page.evaluate((picture) => window.studio.photograph(picture), pictureOf(number, index));
      replace(join(out, name), Buffer.from(url.split(",")[1], "base64"));
      rendered++;
    }
  }
  replace(join(out, "attributes.csv"), lines.map((line) => `${line.join(",")}\n`).join(""));
  console.log(`${rendered} pictures rendered, ${lines.length - 1} listed in ${join(out, "attributes.csv")}`);
}

/** The whole numbers from that of the option `first`, as many as the option `count` says. */
function numbers(first, count) {
  return Array.from({ length: Number(given[count]) }, (_, place) => Number(given[first]) + place);
}

/** Write `file` as a whole or not at all. */
function replace(file, content) {
  writeFileSync(`${file}.part`, content);
  renameSync(`${file}.part`, file);
}
