// The race: records the looks that the server sends, and plays them: at any moment, each family's points between its two nearest looks.
(() => {
  const SECONDS = 6;  // of one play at speed 1
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

  window.playgroundRace = (root) => {
    const stage = root.querySelector(".race");
    if (!stage || stage.dataset.ready) return;
    stage.dataset.ready = "1";
    const unit = Number(stage.dataset.unit), reach = Number(stage.dataset.reach) * 1.12;
    const at = stage.querySelector(".race-at"), play = stage.querySelector(".race-play"), when = stage.querySelector(".race-when");
    const speed = stage.querySelector(".race-speed"), realBox = stage.querySelector(".race-real"), insideBox = stage.querySelector(".race-inside");
    const sheets = Object.fromEntries([...stage.querySelectorAll(".racer")].map((figure) => [figure.dataset.family, {
      figure, canvas: figure.querySelector("canvas"), loss: figure.querySelector("canvas.loss"), measure: figure.querySelector("canvas.measure"),
      clock: figure.querySelector(".clock"), numbers: figure.querySelector(".racer-numbers"), frames: [] }]));
    const reals = stage.querySelector(".race-reals"), pictures = window.playgroundRacePictures;
    let key = null, side = 0, real = [], usual = 0, floor = {}, moment = 1, playing = false, live = false, last = 0, drawn = "", told = {};

    const receive = (text) => {
      try { told = JSON.parse(text); } catch { return; }
      if (told.key !== key || (told.live && !told.frames.length)) {
        key = told.key;
        for (const sheet of Object.values(sheets)) sheet.frames = [];
      }
      for (const [name, sheet] of Object.entries(sheets)) sheet.figure.hidden = !told.families.includes(name);
      side = told.side;
      stage.classList.toggle("pictures", side > 0);
      if (told.real !== undefined) {
        usual = told.line;
        real = side ? bytes(told.real) : told.real;
        if (side) pictures.reals(reals, real, side);
      }
      floor = told.floor; live = told.live && !told.done;
      for (const frame of told.frames) {
        const frames = sheets[frame.family].frames;
        if (!frames.length || frame.step > frames.at(-1).step || (frame.step === 0 && frames.at(-1).step !== 0)) frames.push(frame);
      }
      if (told.live) { playing = false; moment = 1; at.value = 1000; }
      drawn = "";
    };

    const known = () => Math.max(0, ...Object.values(sheets).map((sheet) => sheet.frames.at(-1)?.part ?? 0));

    // the two looks around a part of the budget, and how far between them it lies
    const around = (frames, part) => {
      let k = frames.findIndex((frame) => frame.part >= part);
      if (k < 0) k = frames.length - 1;
      const b = frames[k], a = frames[Math.max(0, k - 1)];
      return [a, b, b.part > a.part ? Math.min(1, Math.max(0, (part - a.part) / (b.part - a.part))) : 1];
    };

    const colour = (figure, name) => getComputedStyle(figure).getPropertyValue(name).trim() || "#888";

    const paint = (sheet, part) => {
      const { canvas, figure } = sheet, pen = canvas.getContext("2d"), wide = canvas.width;
      const x = (v) => (v / unit + reach) / (2 * reach) * wide, y = (v) => (reach - v / unit) / (2 * reach) * wide;
      pen.clearRect(0, 0, wide, wide);
      const own = colour(figure, "--own"), quiet = colour(figure, "--quiet");
      if (realBox.checked && !side) {
        pen.fillStyle = quiet; pen.globalAlpha = 0.45;
        for (let i = 0; i < real.length; i += 2) pen.fillRect(x(real[i]) - 2, y(real[i + 1]) - 2, 4, 4);
        pen.globalAlpha = 1;
      }
      if (!sheet.frames.length) return;
      const [a, b, share] = around(sheet.frames, part);
      if (side) pictures.paint(pen, a, b, share, side, insideBox.checked, own, bytes);
      else {
        if (insideBox.checked) inner(pen, share < 0.5 ? a.inside : b.inside, x, y, own);
        dots(pen, a, b, share, x, y, own);
      }
      losses(sheet, part, own, quiet);
      distances(sheet, part, own, quiet);
      const shown = share < 0.5 ? a : b, m = shown.metrics;
      sheet.clock.textContent = `step ${shown.step.toLocaleString("en")}`;
      const against = Number(shown.done ? floor.sliced : usual).toFixed(3);
      if (side) sheet.numbers.textContent = `${m.covered} of ${floor.covered} kinds · ${"yours" in m ? `${Math.round(100 * m.yours)} % yours · ` : ""}distance ${m.sliced.toFixed(3)} (real ${against})`;
      else sheet.numbers.textContent = "covered" in m
        ? `${m.covered} of ${floor.covered} modes · ${Math.round(100 * m.on_mode)} % on one · distance ${m.sliced.toFixed(2)}`
        : `distance ${m.sliced.toFixed(3)} (real ${against})`;
    };

    const dots = (pen, a, b, share, x, y, own) => {
      pen.fillStyle = own; pen.globalAlpha = 0.85;
      const n = Math.min(a.points.length, b.points.length);
      for (let i = 0; i < n; i += 2) {
        pen.beginPath();
        pen.arc(x(a.points[i] + share * (b.points[i] - a.points[i])), y(a.points[i + 1] + share * (b.points[i + 1] - a.points[i + 1])), 3.4, 0, 7);
        pen.fill();
      }
      pen.globalAlpha = 1;
    };

    const line = (pen, points) => {
      pen.beginPath();
      points.forEach(([px, py], k) => (k ? pen.lineTo(px, py) : pen.moveTo(px, py)));
      pen.stroke();
    };

    const inner = (pen, inside, x, y, own) => {
      const edge = (2 * unit * Number(stage.dataset.reach));
      for (const name of ["landscape", "density"]) {
        if (!inside[name]) continue;
        const count = inside[name].side, shades = bytes_of(inside[name]);
        const wide = name === "density" ? 1.1 : 1, from = -edge / 2 * wide, cell = edge * wide / count;
        pen.fillStyle = own;
        for (let row = 0; row < count; row++) for (let column = 0; column < count; column++) {
          const shade = shades[row * count + column] / 255;
          if (shade < 0.02) continue;
          pen.globalAlpha = (name === "density" ? 0.75 : 0.3) * shade;
          const left = x(from + column * cell), top = y(-from - row * cell);
          pen.fillRect(left, top, x(from + (column + 1) * cell) - left + 0.6, y(-from - (row + 1) * cell) - top + 0.6);
        }
      }
      pen.strokeStyle = own; pen.lineWidth = 1.4; pen.globalAlpha = 0.45;
      const grid = inside.grid;
      if (grid) {
        const count = grid.shape[0], point = (i, j) => [x(grid.at[2 * (i * count + j)]), y(grid.at[2 * (i * count + j) + 1])];
        for (let i = 0; i < count; i++) {
          line(pen, Array.from({ length: count }, (_, j) => point(i, j)));
          line(pen, Array.from({ length: count }, (_, j) => point(j, i)));
        }
      }
      if (inside.curve) {
        pen.lineWidth = 4; pen.globalAlpha = 0.6;
        line(pen, Array.from({ length: inside.curve.shape[0] }, (_, i) => [x(inside.curve.at[2 * i]), y(inside.curve.at[2 * i + 1])]));
      }
      if (inside.ways) {
        const [moments, n] = inside.ways.shape;
        pen.lineWidth = 1.2; pen.globalAlpha = 0.4;
        for (let i = 0; i < n; i++) line(pen, Array.from({ length: moments }, (_, k) => [x(inside.ways.at[2 * (k * n + i)]), y(inside.ways.at[2 * (k * n + i) + 1])]));
      }
      if (inside.field) {
        const count = inside.field.shape[0], cell = edge / count;
        let longest = 1;
        for (let i = 0; i < inside.field.at.length; i += 2) longest = Math.max(longest, Math.hypot(inside.field.at[i], inside.field.at[i + 1]));
        pen.lineWidth = 1.6; pen.globalAlpha = 0.5;
        for (let row = 0; row < count; row++) for (let column = 0; column < count; column++) {
          const k = 2 * (row * count + column), px = -edge / 2 + (column + 0.5) * cell, py = edge / 2 - (row + 0.5) * cell;
          const dx = inside.field.at[k] / longest * cell, dy = inside.field.at[k + 1] / longest * cell;
          line(pen, [[x(px), y(py)], [x(px + dx), y(py + dy)]]);
          pen.fillStyle = own; pen.fillRect(x(px) - 1.5, y(py) - 1.5, 3, 3);
        }
      }
      pen.globalAlpha = 1;
    };

    const bytes_of = (found) => (found.data ||= bytes(found.bytes));

    const losses = (sheet, part, own, quiet) => {
      const canvas = sheet.loss, pen = canvas.getContext("2d"), frames = sheet.frames.filter((frame) => Object.keys(frame.losses).length);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      if (frames.length < 2) return;
      const names = Object.keys(frames[0].losses), values = frames.flatMap((frame) => names.map((name) => frame.losses[name]));
      const low = Math.min(...values), high = Math.max(...values), tall = canvas.height - 22;
      names.forEach((name, k) => {
        pen.strokeStyle = k ? quiet : own; pen.lineWidth = 2; pen.setLineDash(k ? [5, 4] : []);
        line(pen, frames.map((frame) => [frame.part * canvas.width, 4 + tall * (1 - (frame.losses[name] - low) / (high - low || 1))]));
      });
      pen.setLineDash([]); pen.fillStyle = quiet; pen.font = "15px sans-serif";
      pen.fillText(names.join(", "), 2, canvas.height - 3);
      pen.fillRect(part * canvas.width - 1, 0, 2, tall + 4);
    };

    // how far what was drawn is from what is real, over the budget, on a log scale; dashed: real against real, as many as at a look
    const distances = (sheet, part, own, quiet) => {
      const canvas = sheet.measure, pen = canvas.getContext("2d"), frames = sheet.frames.filter((frame) => frame.metrics.sliced > 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      if (frames.length < 2 || !(usual > 0)) return;
      const values = frames.map((frame) => Math.log(frame.metrics.sliced)), least = Math.log(usual);
      const low = Math.min(least, ...values), high = Math.max(...values), tall = canvas.height - 22;
      const y = (value) => 4 + tall * (1 - (value - low) / (high - low || 1));
      pen.lineWidth = 2; pen.strokeStyle = quiet; pen.setLineDash([5, 4]);
      line(pen, [[0, y(least)], [canvas.width, y(least)]]);
      pen.setLineDash([]); pen.strokeStyle = own;
      line(pen, frames.map((frame, k) => [frame.part * canvas.width, y(values[k])]));
      pen.fillStyle = quiet; pen.font = "15px sans-serif";
      pen.fillText("distance (log); dashed: real", 2, canvas.height - 3);
      pen.fillRect(part * canvas.width - 1, 0, 2, tall + 4);
    };

    const frame = (now) => {
      if (!stage.isConnected) return;
      if (playing) {
        moment = Math.min(1, moment + (now - last) / 1000 / SECONDS * Number(speed.value));
        at.value = Math.round(1000 * moment);
        if (moment >= 1) stopPlaying();
      }
      last = now;
      const part = live && moment === 1 ? known() : moment * known();
      const state = `${key}|${part}|${realBox.checked}|${insideBox.checked}|${document.body.className}|${Object.values(sheets).map((sheet) => sheet.frames.length)}`;
      if (state !== drawn && stage.offsetParent) {
        drawn = state;
        reals.hidden = !side || !realBox.checked;
        for (const sheet of Object.values(sheets)) paint(sheet, live && moment === 1 ? sheet.frames.at(-1)?.part ?? 0 : part);
        when.textContent = live && moment === 1 ? "live" : `${Math.round(100 * part)} % of the budget`;
      }
      requestAnimationFrame(frame);
    };

    const stopPlaying = () => { playing = false; play.textContent = "▶"; play.setAttribute("aria-label", "Play"); };
    play.addEventListener("click", () => {
      if (playing) return stopPlaying();
      if (moment >= 1) moment = 0;
      playing = true; play.textContent = "⏸"; play.setAttribute("aria-label", "Pause");
    });
    at.addEventListener("input", () => { stopPlaying(); moment = Number(at.value) / 1000; });

    const save = (blob, name) => {
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    };
    // all sheets that are in sight as one picture, on the page's own ground
    const compose = (scale = 1) => {
      const seen = Object.values(sheets).filter((sheet) => !sheet.figure.hidden), wide = Math.min(3, seen.length), side = 520, head = 44;
      const canvas = Object.assign(document.createElement("canvas"), {
        width: Math.round(scale * (wide * (side + 12) + 12)), height: Math.round(scale * (Math.ceil(seen.length / wide) * (side + head + 12) + 40)) });
      const pen = canvas.getContext("2d");
      pen.fillStyle = getComputedStyle(document.body).backgroundColor; pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.scale(scale, scale);
      pen.font = "22px sans-serif";
      seen.forEach((sheet, k) => {
        const left = 12 + (k % wide) * (side + 12), top = 8 + Math.floor(k / wide) * (side + head + 12);
        pen.fillStyle = colour(sheet.figure, "--own");
        pen.fillText(`${sheet.figure.querySelector("b").textContent.trim()} · ${sheet.clock.textContent}`, left, top + 28);
        pen.drawImage(sheet.canvas, left, top + head);
      });
      pen.fillStyle = colour(stage, "--quiet"); pen.font = "16px sans-serif";
      pen.fillText(`Generative Playground · ${key}`, 12, canvas.height / scale - 14);
      return canvas;
    };
    const race = {
      compose, save,
      name: () => `race-${key}`,
      // what a picture of the race holds
      settings: () => ({
        model: "race", ...told?.about,
        ...Object.fromEntries(Object.entries(race.last()).map(([name, frame]) => [`${name}: distance`, frame.metrics.sliced])), link: told?.link ?? "?tab=race" }),
      at: (share) => { for (const sheet of Object.values(sheets)) paint(sheet, share * known()); },
      back: () => { drawn = ""; },
      last: () => Object.fromEntries(Object.entries(sheets).filter(([, sheet]) => !sheet.figure.hidden && sheet.frames.length).map(([name, sheet]) => [name, sheet.frames.at(-1)])),
    };
    window.playgroundTakeRace(stage, race);
    stage.querySelector(".race-png").addEventListener("click", () => compose().toBlob(async (blob) =>
      save(new Blob([window.playgroundSettings.write(new Uint8Array(await blob.arrayBuffer()), race.settings())], { type: "image/png" }), `race-${key}.png`)));
    stage.querySelector(".race-csv").addEventListener("click", () => {
      const rows = [side ? `family,step,seconds,${Array.from({ length: side * side }, (_, k) => `p${k}`)}` : "family,step,seconds,x,y"];
      for (const [name, sheet] of Object.entries(sheets)) {
        for (const frame of sheet.frames) if (side) {
          const data = (frame.data ||= bytes(frame.pictures));
          for (let i = 0; i < data.length; i += side * side) rows.push(`${name},${frame.step},${frame.seconds},${data.slice(i, i + side * side)}`);
        } else for (let i = 0; i < frame.points.length; i += 2) rows.push(`${name},${frame.step},${frame.seconds},${frame.points[i] / unit},${frame.points[i + 1] / unit}`);
      }
      save(new Blob([rows.join("\n") + "\n"], { type: "text/csv" }), `race-${key}.csv`);
    });

    const sent = document.getElementById("race-sent");
    const look = () => { const found = sent?.querySelector(".race-sent"); if (found) receive(found.dataset.sent); };
    if (sent) new MutationObserver(look).observe(sent, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-sent"] });
    look();
    window.playgroundRaceState = () => ({ key, live, playing, moment, frames: Object.fromEntries(Object.entries(sheets).map(([name, sheet]) => [name, sheet.frames.length])) });
    requestAnimationFrame(frame);
  };
})();
