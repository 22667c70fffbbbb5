// A zip of pictures, which are stored as they are, since they are compressed already.

const UTF8 = 0x800; // flag: names are in UTF-8
const VERSION = 20;

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

// Numbers of 2 or 4 bytes, each as [value, bytes], least significant byte first.
function packed(fields) {
  const bytes = [];
  for (const [value, size] of fields) for (let byte = 0; byte < size; byte += 1) bytes.push(Math.floor(value / 256 ** byte) & 255);
  return Uint8Array.from(bytes);
}

// No two the same: "a.png", "a (2).png".
export function numbered(names) {
  const taken = new Set();
  return names.map((name) => {
    const [, stem, suffix] = name.match(/^(.*?)(\.[^.]*)?$/s);
    let free = name;
    for (let number = 2; taken.has(free); number += 1) free = `${stem} (${number})${suffix ?? ""}`;
    taken.add(free);
    return free;
  });
}

// `files`: { name, blob }, together below 4 GB.
export async function zip(files) {
  const parts = [];
  const entries = [];
  let offset = 0;
  for (const { name, blob } of files) {
    const encoded = new TextEncoder().encode(name.replaceAll(/[/\\]/g, "_"));
    const crc = crc32(new Uint8Array(await blob.arrayBuffer()));
    const facts = [[VERSION, 2], [UTF8, 2], [0, 2], [0, 2], [0x21, 2], [crc, 4], [blob.size, 4], [blob.size, 4], [encoded.length, 2], [0, 2]];
    const head = packed([[0x04034b50, 4], ...facts]);
    entries.push(packed([[0x02014b50, 4], [VERSION, 2], ...facts, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]]), encoded);
    parts.push(head, encoded, blob);
    offset += head.length + encoded.length + blob.size;
  }
  const size = entries.reduce((sum, entry) => sum + entry.length, 0);
  const end = packed([[0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [size, 4], [offset, 4], [0, 2]]);
  return new Blob([...parts, ...entries, end], { type: "application/zip" });
}
