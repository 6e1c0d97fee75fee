// What was drawn on this visit (tabs/history.py): thumbnails that bring their settings back, all of them as one ZIP, and settings out of a dropped PNG.
// Everything stays in this browser; the server is only sent the link that a picture carries, and checks it as it checks any link.
(() => {
  const FILE_BYTES = 20e6;
  const { read, write, missing, title, crc32 } = window.playgroundSettings;

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
    const kept = []; // newest first
    const seen = new Set();
    const tell = (text) => { said.textContent = text; };
    const visits = window.playgroundVisits(tell);
    const bring = (settings) => {
      const name = title(settings), without = missing(settings.link);
      recall({ link: settings.link });
      tell(`The settings of ${name}${name.includes(",") ? "," : ""} are back${without.length ? `, but for ${without.join(", ")}, which no link can hold: without it, the button draws something else.` : ": press the button to draw it again."}`);
    };
    const shelf = window.playgroundShelf(element.querySelector(".shelf"), tell, () => show());
    const gone = (run) => { if (shelf.has(run)) shelf.toggle(run); URL.revokeObjectURL(run.url); };
    const seal = (run) => { run.url = URL.createObjectURL(new Blob([run.bytes], { type: "image/png" })); return run; };
    // one more at the front; what is beyond the limits goes
    const add = (settings, bytes, name) => {
      const run = seal({ settings, bytes, name, at: Date.now() });
      kept.unshift(run);
      visits.keep(run);
      for (const old of kept.splice(Math.max(1, visits.within(kept)))) gone(old);
      return run;
    };
    const show = () => {
      strip.replaceChildren(...kept.map((run) => {
        const { settings, url } = run;
        const button = document.createElement("button"), image = document.createElement("img");
        button.type = "button";
        button.className = "visit-item";
        image.src = url;
        image.alt = `${title(settings)}: bring its settings back`;
        button.title = Object.entries(settings).filter(([name]) => !["link", "commit", "bytes"].includes(name)).map(([name, value]) => `${name} ${value}`).join(" · ").slice(0, 400);
        const words = document.createElement("span");
        words.textContent = settings.seed === undefined ? settings.model ?? "" : `seed ${settings.seed}`;
        button.append(image, words);
        button.addEventListener("click", () => bring(settings));
        const cell = document.createElement("div"), pin = document.createElement("button");
        cell.className = "visit-cell";
        pin.type = "button";
        pin.className = "chip visit-pin";
        pin.setAttribute("aria-pressed", String(shelf.has(run)));
        pin.setAttribute("aria-label", `Pin ${title(settings)}, to compare`);
        pin.textContent = shelf.has(run) ? "pinned" : "pin";
        pin.addEventListener("click", () => shelf.toggle(run));
        cell.append(button, pin);
        return cell;
      }));
      bar.hidden = !kept.length;
    };
    const collect = async () => {
      for (const link of document.querySelectorAll("a.take[download$='.png'][href^='data:image/png']")) {
        if (!link.closest(".takes")?.parentElement.querySelector(".badge.live")) continue;
        const data = link.getAttribute("href"), name = link.download; // not .href, which would parse all of it each time
        const key = data.length + data.slice(-120) + name;
        if (seen.has(key)) continue;
        seen.add(key);
        const bytes = Uint8Array.from(atob(data.split(",", 2)[1]), (character) => character.charCodeAt(0));
        let settings;
        try { settings = await read(bytes); } catch { continue; }
        const same = kept.findIndex((each) => each.settings.link === settings.link); // drawn again: once is enough
        if (same >= 0) { const [old] = kept.splice(same, 1); visits.drop(old); gone(old); }
        add(settings, bytes, name);
        if (link.closest("[role=tabpanel]")?.id === `tab-${new URLSearchParams(settings.link).get("tab")}`) window.playgroundInStep(settings.link);
        show();
      }
    };
    // a picture that the browser made itself
    window.playgroundKeep = (bytes, settings, name) => {
      const run = add(settings, write(bytes, settings), name);
      if (!shelf.has(run)) shelf.toggle(run);
      show();
    };
    visits.all().then((runs) => {
      const links = new Set(kept.map((run) => run.settings.link));
      kept.push(...(runs ?? []).filter((run) => typeof run.settings?.link === "string" && !links.has(run.settings.link)).map(seal));
      show();
    });
    let waiting = null;
    new MutationObserver(() => { waiting ??= setTimeout(() => { waiting = null; collect(); }, 50); })
      .observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["href"] });
    const open = async (file) => {
      if (!file) return;
      try {
        if (file.size > FILE_BYTES) throw new Error(`This file has ${Math.ceil(file.size / 1e6)} MB; a picture from this page has 20 at most.`);
        bring(await read(new Uint8Array(await file.arrayBuffer())));
      } catch (error) { tell(error.message); }
    };
    const chooser = element.querySelector("input[type=file]");
    chooser.addEventListener("change", () => { open(chooser.files[0]); chooser.value = ""; });
    const holds = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && !event.target.closest?.(".pad, input[type=file]");
    document.addEventListener("dragover", (event) => { if (holds(event)) event.preventDefault(); });
    document.addEventListener("drop", (event) => {
      if (!holds(event)) return;
      event.preventDefault();
      element.scrollIntoView({ block: "nearest" });
      open(event.dataTransfer.files[0]);
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
    element.querySelector(".visit-clear").addEventListener("click", () => { for (const run of kept.splice(0)) gone(run); show(); tell(""); visits.clear(); });
  };
})();
