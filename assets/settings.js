// The settings inside a picture (playground/settings.py): read from a PNG's text chunk, plain, packed or international, from a GIF's comment or a
// WebP's XMP, and written into a PNG or a WebP that the browser made. No point of a picture is decoded.
(() => {
  const KEY = "playground", LINK_CHARACTERS = 16000, LONGEST = 65536;
  const CRC = Uint32Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
  const crc32 = (bytes) => { let c = ~0; for (const byte of bytes) c = CRC[(c ^ byte) & 255] ^ (c >>> 8); return ~c >>> 0; };
  const latin = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  const codes = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ascii = (settings) => JSON.stringify(settings).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

  // zlib's bytes unpacked; null for damaged ones, and for more than is read
  const unpacked = async (bytes) => {
    try {
      const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader(), parts = [];
      let size = 0;
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        size += value.length;
        if (size > LONGEST) { reader.cancel().catch(() => {}); return null; }
        parts.push(value);
      }
      return new Uint8Array(await new Blob(parts).arrayBuffer());
    } catch { return null; }
  };

  // the text of a PNG's chunk of our key after that key (PNG specification, 11.3.3), or null
  const chunkText = async (kind, body) => {
    if (kind === "tEXt") return latin(body);
    if (kind === "zTXt") { const plain = await unpacked(body.subarray(1)); return plain && latin(plain); }
    const language = body.indexOf(0, 2), translated = body.indexOf(0, language + 1);
    if (language < 0 || translated < 0) return null;
    const text = body.subarray(translated + 1), plain = body[0] ? await unpacked(text) : text;
    return plain && new TextDecoder().decode(plain);
  };
  async function* pngTexts(bytes) {
    const view = viewOf(bytes);
    for (let at = 8; at + 12 <= bytes.length;) {
      const length = view.getUint32(at), kind = latin(bytes.subarray(at + 4, at + 8));
      if (kind === "IEND" || at + 12 + length > bytes.length) return;
      if (["tEXt", "zTXt", "iTXt"].includes(kind) && length <= LONGEST) {
        const body = bytes.subarray(at + 8, at + 8 + length);
        if (latin(body.subarray(0, KEY.length + 1)) === `${KEY}\0`) yield await chunkText(kind, body.subarray(KEY.length + 1));
      }
      at += 12 + length;
    }
  }
  // the comments of a GIF (GIF89a, 24): blocks of up to 255 bytes, one after the other
  async function* gifTexts(bytes) {
    const table = (flags) => (flags & 128 ? 3 * 2 ** ((flags & 7) + 1) : 0);
    for (let at = 13 + table(bytes[10]); at < bytes.length && bytes[at] !== 59;) {
      const isComment = bytes[at] === 33 && bytes[at + 1] === 254;
      at += bytes[at] === 44 ? 11 + table(bytes[at + 9]) : 2;
      let text = "";
      while (bytes[at] > 0) {
        if (isComment && text.length <= LONGEST) text += latin(bytes.subarray(at + 1, at + 1 + bytes[at]));
        at += 1 + bytes[at];
      }
      at += 1;
      if (text.startsWith(`${KEY}\0`)) yield text.slice(KEY.length + 1);
    }
  }
  async function* webpTexts(bytes) {
    const view = viewOf(bytes);
    for (let at = 12; at + 8 <= bytes.length;) {
      const size = view.getUint32(at + 4, true);
      if (latin(bytes.subarray(at, at + 4)) === "XMP " && size <= 4 * LONGEST) {
        const found = /playground:settings="([^"]*)"/.exec(new TextDecoder().decode(bytes.subarray(at + 8, at + 8 + size)));
        if (found) yield found[1].replace(/&quot;/g, '"').replace(/&#x27;/g, "'").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
      }
      at += 8 + size + (size & 1);
    }
  }
  const textsOf = (bytes) => {
    if (bytes.length >= 20) {
      if (latin(bytes.subarray(0, 8)) === "\x89PNG\r\n\x1a\n") return pngTexts(bytes);
      if (/^GIF8[79]a$/.test(latin(bytes.subarray(0, 6)))) return gifTexts(bytes);
      if (/^RIFF[^]{4}WEBP$/.test(latin(bytes.subarray(0, 12)))) return webpTexts(bytes);
    }
    throw new Error("This is no PNG, GIF or WebP: choose one that was taken away from this page.");
  };

  // the settings that a picture holds. Throws one sentence.
  const read = async (bytes) => {
    for await (const text of textsOf(bytes)) {
      try {
        const found = JSON.parse(text);
        if (typeof found?.link === "string" && found.link.startsWith("?") && found.link.length <= LINK_CHARACTERS) return found;
      } catch { /* another chunk may hold them */ }
    }
    throw new Error("This picture carries no settings: choose one that was taken away from this page.");
  };

  // a PNG with the settings in a text chunk after its header
  const write = (bytes, settings) => {
    const text = codes(`${KEY}\0${ascii(settings)}`), chunk = new Uint8Array(12 + text.length), view = viewOf(chunk);
    view.setUint32(0, text.length);
    chunk.set(codes("tEXt"), 4);
    chunk.set(text, 8);
    view.setUint32(8 + text.length, crc32(chunk.subarray(4, 8 + text.length)));
    const whole = new Uint8Array(bytes.length + chunk.length);
    whole.set(bytes.subarray(0, 33));
    whole.set(chunk, 33);
    whole.set(bytes.subarray(33), 33 + chunk.length);
    return whole;
  };
  // the XMP of a WebP, as the server writes it
  const xmp = (settings) => {
    const text = ascii(settings).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
    return codes(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:playground="urn:playground" playground:settings="${text}"/></rdf:RDF></x:xmpmeta>`);
  };
  // what a link says that it cannot hold
  const missing = (link) => (new URLSearchParams(link).get("missing") ?? "").split(",").filter(Boolean);
  // a picture's name for people: model and seed, of those that it has
  const title = ({ model, seed }) => [model, seed === undefined ? "" : `seed ${seed}`].filter(Boolean).join(", ") || "this picture";

  globalThis.playgroundSettings = { read, write, xmp, missing, title, crc32 };
})();
