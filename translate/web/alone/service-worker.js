// Keeps the page's files, answers from them alone, and isolates the page, so that WebAssembly may use threads.

importScripts("./files.js"); // self.SITE: { version, files, policy }

const NAME = `translate-${SITE.version}`;

addEventListener("install", (event) => {
  const keep = async () => (await caches.open(NAME)).addAll(SITE.files.map((file) => new Request(file, { cache: "reload" })));
  event.waitUntil(keep().then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const clean = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("translate-") && name !== NAME);
    await Promise.all(old.map((name) => caches.delete(name)));
  };
  event.waitUntil(clean().then(() => clients.claim()));
});

addEventListener("fetch", (event) => event.respondWith(answer(event.request)));

async function answer(request) {
  const wanted = request.mode === "navigate" ? "./" : request.url;
  const kept = await (await caches.open(NAME)).match(wanted, { ignoreSearch: true });
  if (!kept) return Response.error(); // nothing else is asked for, and nothing leaves
  const headers = new Headers(kept.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Content-Security-Policy", SITE.policy);
  return new Response(kept.body, { status: kept.status, headers });
}
