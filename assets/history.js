// What was drawn on this visit (tabs/history.py): thumbnails that bring their settings back, all of them as one ZIP, and settings out of a dropped PNG.
// Everything stays in this browser; the server is only sent the link that a picture carries, and checks it as it checks any link.
(() => {
  const MOST = 24, FILE_BYTES = 20e6, CHUNK_BYTES = 16384, LINK_CHARACTERS = 4000;
  const CRC = Uint32Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1; return n; });
  const crc32 = (bytes) => { let c = ~0; for (const byte of bytes) c = CRC[(c ^ byte) & 255] ^ (c >>> 8); return ~c >>> 0; };
  const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

  // the settings in a PNG's "playground" text chunk; no point of it is decoded. Throws one sentence.
  const settingsOf = (bytes) => {
    const none = new Error("This picture carries no settings: choose a PNG that was taken away from this page.");
    if (bytes.length < 20 || SIGNATURE.some((value, k) => bytes[k] !== value)) throw new Error("This is no PNG: choose one that was taken away from this page.");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 8; at + 12 <= bytes.length;) {
      const length = view.getUint32(at), name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
      if (name === "IEND" || at + 12 + length > bytes.length) break;
      if (name === "tEXt" && length <= CHUNK_BYTES) {
        const text = Array.from(bytes.subarray(at + 8, at + 8 + length), (byte) => String.fromCharCode(byte)).join("");
        if (text.startsWith("playground\0")) {
          let found = null;
          try { found = JSON.parse(text.slice(11)); } catch { throw none; }
          if (typeof found?.link !== "string" || !found.link.startsWith("?") || found.link.length > LINK_CHARACTERS) throw none;
          return found;
        }
      }
      at += 12 + length;
    }
    throw none;
  };

  // files as one ZIP, stored as they are (PNG is compressed already): local headers, central directory, end (PKWARE's APPNOTE, 4.3)
  const zip = (files) => {
    const parts = [], central = [];
    let at = 0;
    for (const { name, bytes } of files) {
      const written = new TextEncoder().encode(name), header = new DataView(new ArrayBuffer(26));
      [[0, 20], [2, 0x800], [4, 0], [6, 0], [8, 33]].forEach(([place, value]) => header.setUint16(place, value, true)); // version, UTF-8, stored, 1980-01-01
      [[10, crc32(bytes)], [14, bytes.length], [18, bytes.length]].forEach(([place, value]) => header.setUint32(place, value, true));
      header.setUint16(22, written.length, true);
      parts.push(Uint8Array.of(80, 75, 3, 4), header.buffer, written, bytes);
      const place = new DataView(new ArrayBuffer(14));
      place.setUint32(10, at, true);
      central.push(Uint8Array.of(80, 75, 1, 2, 20, 0), header.buffer, place.buffer, written);
      at += 30 + written.length + bytes.length;
    }
    const size = central.reduce((sum, part) => sum + part.byteLength, 0), end = new DataView(new ArrayBuffer(18));
    [[4, files.length], [6, files.length]].forEach(([place, value]) => end.setUint16(place, value, true));
    [[8, size], [12, at]].forEach(([place, value]) => end.setUint32(place, value, true));
    return new Blob([...parts, ...central, Uint8Array.of(80, 75, 5, 6), end.buffer], { type: "application/zip" });
  };

  window.playgroundHistory = (element, recall) => {
    const strip = element.querySelector(".visit-strip"), said = element.querySelector(".visit-said"), bar = element.querySelector(".visit-bar");
    const kept = [];
    const seen = new Set();
    const tell = (text) => { said.textContent = text; };
    const bring = (settings) => { recall({ link: settings.link }); tell(`The settings of ${settings.model ?? "this picture"}, seed ${settings.seed ?? "?"}, are back: press the button to draw it again.`); };
    const shelf = window.playgroundShelf(element.querySelector(".shelf"), tell, () => show());
    const gone = (run) => { if (shelf.has(run)) shelf.toggle(run); URL.revokeObjectURL(run.url); };
    const show = () => {
      strip.replaceChildren(...kept.map((run) => {
        const { settings, url } = run;
        const button = document.createElement("button"), image = document.createElement("img");
        button.type = "button";
        button.className = "visit-item";
        image.src = url;
        image.alt = `${settings.model}, seed ${settings.seed}: bring its settings back`;
        button.title = Object.entries(settings).filter(([name]) => !["link", "commit", "bytes"].includes(name)).map(([name, value]) => `${name} ${value}`).join(" · ").slice(0, 400);
        const words = document.createElement("span");
        words.textContent = `seed ${settings.seed}`;
        button.append(image, words);
        button.addEventListener("click", () => bring(settings));
        const cell = document.createElement("div"), pin = document.createElement("button");
        cell.className = "visit-cell";
        pin.type = "button";
        pin.className = "chip visit-pin";
        pin.setAttribute("aria-pressed", String(shelf.has(run)));
        pin.setAttribute("aria-label", `Pin ${settings.model}, seed ${settings.seed}, to compare`);
        pin.textContent = shelf.has(run) ? "pinned" : "pin";
        pin.addEventListener("click", () => shelf.toggle(run));
        cell.append(button, pin);
        return cell;
      }));
      bar.hidden = !kept.length;
    };
    const collect = () => {
      for (const link of document.querySelectorAll("a.take[download$='.png'][href^='data:image/png']")) {
        if (!link.closest(".takes")?.parentElement.querySelector(".badge.live")) continue;
        const data = link.getAttribute("href"); // not .href, which would parse all of it each time
        const key = data.length + data.slice(-120) + link.download;
        if (seen.has(key)) continue;
        seen.add(key);
        const bytes = Uint8Array.from(atob(data.split(",", 2)[1]), (character) => character.charCodeAt(0));
        let settings;
        try { settings = settingsOf(bytes); } catch { continue; }
        const same = kept.findIndex((each) => each.settings.link === settings.link); // drawn again: once is enough
        if (same >= 0) gone(kept.splice(same, 1)[0]);
        kept.unshift({ settings, bytes, name: link.download, url: URL.createObjectURL(new Blob([bytes], { type: "image/png" })) });
        window.playgroundInStep(settings.link);
        while (kept.length > MOST) gone(kept.pop());
        show();
      }
    };
    // a picture that the browser made itself, with settings as the server's pictures carry them: a text chunk after the header
    window.playgroundKeep = (bytes, settings, name) => {
      const text = Uint8Array.from(`playground\0${JSON.stringify(settings).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}`, (c) => c.charCodeAt(0));
      const chunk = new Uint8Array(12 + text.length), view = new DataView(chunk.buffer);
      view.setUint32(0, text.length);
      chunk.set([116, 69, 88, 116], 4);
      chunk.set(text, 8);
      view.setUint32(8 + text.length, crc32(chunk.subarray(4, 8 + text.length)));
      const whole = new Uint8Array([...bytes.subarray(0, 33), ...chunk, ...bytes.subarray(33)]);
      kept.unshift({ settings, bytes: whole, name, url: URL.createObjectURL(new Blob([whole], { type: "image/png" })) });
      while (kept.length > MOST) gone(kept.pop());
      if (!shelf.has(kept[0])) shelf.toggle(kept[0]);
      show();
    };
    let waiting = null;
    new MutationObserver(() => { waiting ??= setTimeout(() => { waiting = null; collect(); }, 400); })
      .observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["href"] });
    const read = async (file) => {
      if (!file) return;
      try {
        if (file.size > FILE_BYTES) throw new Error(`This file has ${Math.ceil(file.size / 1e6)} MB; a picture from this page has 20 at most.`);
        bring(settingsOf(new Uint8Array(await file.arrayBuffer())));
      } catch (error) { tell(error.message); }
    };
    const chooser = element.querySelector("input[type=file]");
    chooser.addEventListener("change", () => { read(chooser.files[0]); chooser.value = ""; });
    const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && !event.target.closest?.(".pad, input[type=file]");
    document.addEventListener("dragover", (event) => { if (holds(event)) event.preventDefault(); });
    document.addEventListener("drop", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      element.scrollIntoView({ block: "nearest" });
      read(event.dataTransfer.files[0]);
    });
    element.querySelector(".visit-all").addEventListener("click", () => {
      const names = new Map();
      const files = [...kept].reverse().map(({ name, bytes }) => {
        const count = (names.get(name) ?? 0) + 1;
        names.set(name, count);
        return { name: count > 1 ? name.replace(/\.png$/, `-${count}.png`) : name, bytes };
      });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(zip(files));
      link.download = "playground.zip";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    });
    element.querySelector(".visit-clear").addEventListener("click", () => { for (const run of kept.splice(0)) gone(run); show(); tell(""); });
  };
})();
