// Runs the page's modules without a browser, in a stand-in for the part of its interfaces that they use, against a real
// server: `node stand_in_browser.mjs SERVER FOLDER_OF_THE_PAGE PHOTO TOKEN`. Prints what the page shows, as JSON.

import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [server, folder, photo, token] = process.argv.slice(2);
const EMPTY = new Set(["meta", "link", "img", "input", "path", "circle"]); // elements without an end tag

class Element extends EventTarget {
  children = [];
  attributes = {};
  dataset = {};
  className = "";
  hidden = false;
  value = "";
  textContent = "";
  style = { setProperty() {} };

  constructor(tag) {
    super();
    this.tag = tag;
  }
  append(...added) {
    for (const child of added) {
      if (child.tag === "fragment") this.append(...child.children);
      else {
        child.parent = this;
        this.children.push(child);
      }
    }
  }
  replaceChildren(...children) {
    this.children = [];
    this.append(...children);
    if (this.tag === "select") this.value = children[0]?.value ?? "";
  }
  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this);
  }
  setAttribute(name, value) {
    this.attributes[name] = value;
    if (name === "class") this.className = value;
    else if (name === "hidden") this.hidden = true;
    else if (["value", "src", "type"].includes(name)) this[name] = value;
  }
  cloneNode() {
    const copy = new Element(this.tag);
    for (const [name, value] of Object.entries(this.attributes)) copy.setAttribute(name, value);
    copy.textContent = this.textContent;
    copy.append(...this.children.map((child) => child.cloneNode()));
    return copy;
  }
  get all() {
    return this.children.flatMap((child) => [child, ...child.all]);
  }
  // Selectors of the forms a, .b and a[c]:checked are all that the page uses.
  querySelectorAll(selector) {
    const [, tag, name, checked] = selector.match(/^(\w*)(?:\.([\w-]+))?(?:\[[^\]]*\])?(:checked)?$/);
    const fits = (each) =>
      (!tag || each.tag === tag) && (!name || each.className.split(" ").includes(name)) && (!checked || each.checked);
    return this.all.filter(fits);
  }
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }
  get firstElementChild() {
    return this.children[0];
  }
  get classList() {
    return { toggle() {} };
  }
  contains(other) {
    return other === this || this.all.includes(other);
  }
  focus() {
    document.activeElement = this;
  }
  click() {
    this.dispatchEvent(new Event("click"));
  }
  showModal() {
    this.open = true;
  }
  close() {
    this.open = false;
    this.dispatchEvent(new Event("close"));
  }
  getContext() {
    return { clearRect() {}, drawImage() {}, fillRect() {} };
  }
}

function parse(html) {
  const byId = {};
  const open = [new Element("root")];
  for (const [, end, tag, attributes, closed, text] of html.matchAll(/<(\/?)(\w+)([^>]*?)(\/?)>|([^<]+)/g)) {
    if (text !== undefined) open.at(-1).textContent += text.trim();
    else if (end) open.pop();
    else {
      const element = new Element(tag);
      for (const [, name, value] of attributes.matchAll(/([\w-]+)(?:="([^"]*)")?/g)) element.setAttribute(name, value ?? "");
      byId[element.attributes.id] = element;
      open.at(-1).append(element);
      if (!closed && !EMPTY.has(tag)) open.push(element);
    }
  }
  for (const template of open[0].all.filter((element) => element.tag === "template")) {
    template.content = new Element("fragment");
    template.content.append(...template.children);
  }
  return byId;
}

const on = parse(fs.readFileSync(`${folder}/index.html`, "utf8"));
const page = new EventTarget();
const stored = {};
const request = fetch;

class Request {
  upload = {};
  headers = {};
  open(method, path) {
    Object.assign(this, { method, path });
  }
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }
  getResponseHeader(name) {
    return this.answer.headers.get(name);
  }
  abort() {
    this.onabort();
  }
  async send(body) {
    this.answer = await request(server + this.path, { method: this.method, body, headers: this.headers });
    this.status = this.answer.status;
    this.responseText = await this.answer.text();
    this.upload.onprogress({ lengthComputable: true, loaded: 1, total: 1 });
    this.onload();
  }
}

Object.assign(globalThis, {
  document: { getElementById: (id) => on[id], createElement: (tag) => new Element(tag) },
  sessionStorage: { getItem: (name) => stored[name] ?? null, setItem: (name, value) => (stored[name] = value) },
  location: { hash: "", pathname: "/" },
  history: { replaceState() {} },
  addEventListener: page.addEventListener.bind(page),
  fetch: (path, options) => request(server + path, options),
  XMLHttpRequest: Request,
  Option: function (text, value) {
    return Object.assign(new Element("option"), { textContent: text, value });
  },
});

async function until(isTrue) {
  for (let tries = 0; !isTrue(); tries += 1) {
    if (tries > 600) throw new Error(`it never became true: ${isTrue}; ${on.count.textContent} ${on.notice.textContent}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const shown = () =>
  on.tiles.children.map((tile) => ({
    state: tile.querySelector(".state").textContent,
    style: tile.querySelector(".badge").textContent,
    buttons: tile.querySelector(".buttons").children.map((button) => button.textContent),
  }));
const dropped = (...files) => Object.assign(new Event("drop"), { dataTransfer: { types: ["Files"], files } });
const idle = () => until(() => on.cancel.hidden);

await import(pathToFileURL(`${folder}/app.js`));
await until(() => on.ask.open);
on.token.value = token;
on.ask.close();
await until(() => on.cards.children.length && on.cards.children.every((card) => card.querySelector("img").src));

const picture = new File([fs.readFileSync(photo)], "photo.jpg", { type: "image/jpeg" });
page.dispatchEvent(dropped(picture, picture, new File(["%PDF-1.4"], "<b>.pdf")));
await until(() => !on.tray.hidden);
await idle();
const first = { count: on.count.textContent, tiles: shown(), zip: !on.zip.hidden, again: !on.again.hidden };

on.cards.children.forEach((card, index) => (card.querySelector("input").checked = index === 1));
on.strength.value = 50;
on.look.dispatchEvent(new Event("input"));
const offered = on.again.hidden ? null : on.again.textContent;
on.again.click();
await until(() => !on.cancel.hidden);
await idle();
const second = { count: on.count.textContent, tiles: shown() };

on.tiles.children[0].querySelector(".buttons").children[0].click();
on["lens-toggle"].click();
on.lens.dispatchEvent(Object.assign(new Event("keydown"), { key: "ArrowLeft" }));
const compared = { title: on["compare-title"].textContent, open: on.compare.open, lens: on.lens.style.left };
on["compare-close"].click();

page.dispatchEvent(Object.assign(new Event("paste"), { clipboardData: { files: [picture] } }));
on.cancel.click();
await idle();
const cancelled = on.count.textContent;
on.clear.click();
const cleared = on.tray.hidden;

const authorised = { headers: { Authorization: `Bearer ${token}` } };
let metrics = "";
while (!metrics.includes("translate_jobs 0.0")) metrics = await (await request(`${server}/metrics`, authorised)).text();
console.log(JSON.stringify({ first, offered, second, compared, cancelled, cleared, notice: on.notice.textContent }));
process.exit();
