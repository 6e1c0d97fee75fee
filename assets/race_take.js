// What a race gives to take away and to teach with, in the browser alone: a moment for the run shelf, an animated WebP, and a guess before the reveal.
(() => {
  const MOMENTS = 28, STILL = 8, DURATION = 120; // of a film: how many, the last one this often, milliseconds each

  // the parts of a WebP file that hold the picture itself
  const picture = (bytes) => {
    const parts = [], view = new DataView(bytes.buffer);
    for (let at = 12; at + 8 <= bytes.length;) {
      const name = String.fromCharCode(...bytes.subarray(at, at + 4)), size = view.getUint32(at + 4, true), end = at + 8 + size + (size & 1);
      if (["VP8 ", "VP8L", "ALPH"].includes(name)) parts.push(bytes.subarray(at, end));
      at = end;
    }
    return parts;
  };
  const three = (value) => [value & 255, (value >> 8) & 255, (value >> 16) & 255];
  const chunk = (name, ...parts) => {
    const size = parts.reduce((sum, part) => sum + part.length, 0), head = new Uint8Array(8);
    head.set([...name].map((c) => c.charCodeAt(0)));
    new DataView(head.buffer).setUint32(4, size, true);
    return [head, ...parts, ...(size & 1 ? [Uint8Array.of(0)] : [])];
  };
  // frames as one animated WebP (RFC 9649): the extended header, the loop, and every frame whole, not blended
  const animated = (frames, width, height, settings) => {
    const body = [
      ...chunk("VP8X", Uint8Array.of(6, 0, 0, 0, ...three(width - 1), ...three(height - 1))),
      ...chunk("ANIM", Uint8Array.of(0, 0, 0, 0, 0, 0)),
      ...frames.flatMap(({ bytes, wait }) => chunk("ANMF", Uint8Array.of(0, 0, 0, 0, 0, 0, ...three(width - 1), ...three(height - 1), ...three(wait), 2), ...picture(bytes))),
      ...chunk("XMP ", window.playgroundSettings.xmp(settings)),
    ];
    return new Blob(chunk("RIFF", Uint8Array.of(87, 69, 66, 80), ...body), { type: "image/webp" });
  };
  const blob = (canvas, kind, quality) => new Promise((done) => canvas.toBlob(done, kind, quality));

  window.playgroundTakeRace = (stage, race) => {
    const said = stage.querySelector(".race-said"), film = stage.querySelector(".race-webp");
    film.addEventListener("click", async () => {
      film.disabled = true;
      const frames = [];
      let size = null;
      for (let k = 0; k < MOMENTS; k++) {
        race.at(k / (MOMENTS - 1));
        const canvas = race.compose(0.5), shot = await blob(canvas, "image/webp", 0.8);
        if (shot?.type !== "image/webp") { said.textContent = "This browser cannot write WebP: take the PNG, or another browser."; frames.length = 0; break; }
        size = canvas;
        frames.push({ bytes: new Uint8Array(await shot.arrayBuffer()), wait: k === MOMENTS - 1 ? STILL * DURATION : DURATION });
      }
      race.back();
      film.disabled = false;
      if (frames.length) { said.textContent = ""; race.save(animated(frames, size.width, size.height, race.settings()), `${race.name()}.webp`); }
    });
    stage.querySelector(".race-pin").addEventListener("click", async () => {
      const shot = await blob(race.compose(0.5), "image/png");
      window.playgroundKeep?.(new Uint8Array(await shot.arrayBuffer()), race.settings(), `${race.name()}.png`);
      said.textContent = "Kept below, under “This visit”, side by side with what else is pinned.";
    });

    const quiz = stage.querySelector(".race-quiz"), answer = quiz.querySelector(".answer");
    stage.querySelector(".race-hide").addEventListener("change", (event) => {
      stage.classList.toggle("guessing", event.target.checked);
      quiz.hidden = !event.target.checked;
      answer.textContent = "";
    });
    stage.querySelector(".race-lecture").addEventListener("change", (event) => stage.classList.toggle("lecture", event.target.checked));
    quiz.querySelector("button").addEventListener("click", () => {
      const order = Object.entries(race.last()).filter(([, { metrics }]) => Number.isFinite(metrics.sliced)).sort(([, a], [, b]) => a.metrics.sliced - b.metrics.sliced);
      if (order.length < 2) { answer.textContent = "Start the race first."; return; }
      const title = (name) => quiz.querySelector(`select.near option[value="${name}"]`).textContent;
      const words = [["near", "nearest", order[0]], ["far", "farthest", order.at(-1)]].map(([kind, word, [name, { metrics }]]) => {
        const guess = quiz.querySelector(`select.${kind}`).value;
        return `${guess === name ? "✓" : "✗"} ${word}: ${title(name)} (${metrics.sliced.toFixed(3)})${guess === name ? "" : `, not ${title(guess)}`}`;
      });
      answer.textContent = `${words.join(" · ")}. In order: ${order.map(([name]) => title(name)).join(", ")}.`;
      stage.classList.remove("guessing");
      stage.querySelector(".race-hide").checked = false;
    });
  };
})();
