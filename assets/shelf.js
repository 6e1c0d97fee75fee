// Runs of this visit side by side (tabs/history.py): pictures and settings of up to six, what differs marked, as CSV or one PNG to take away.
// In this browser alone: what is pinned is what the pictures themselves carry.
(() => {
  const MOST = 6, SIDE = 256, LINE = 18, MARGIN = 8;
  const HIDDEN = ["link", "rows", "runs"], RESULTS = ["seconds", "nfe"]; // what came out of a run is no setting of it
  const words = (value) => (value === undefined ? "" : Array.isArray(value) ? value.join(", ") : typeof value === "object" ? JSON.stringify(value) : String(value));
  const cell = (text) => (/[",\n]/.test(text) || /^[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `"${text.replace(/^(?=[=+\-@])/, "'").replace(/"/g, '""')}"` : text);
  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  // by name the values of all runs, settings first: [name, values, whether they differ]; what no run has is left out
  const compared = (runs) => {
    const names = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))].filter((name) => !HIDDEN.includes(name));
    const first = names.filter((name) => !RESULTS.includes(name)), last = names.filter((name) => RESULTS.includes(name));
    return [...first, ...last].map((name) => {
      const values = runs.map(({ settings }) => words(settings[name]));
      return [name, values, !RESULTS.includes(name) && new Set(values).size > 1];
    });
  };

  // one picture of all pictures, each above its name and the settings that differ
  const sheet = async (runs) => {
    const pictures = await Promise.all(runs.map(({ bytes }) => createImageBitmap(new Blob([bytes], { type: "image/png" }))));
    const told = compared(runs).filter(([name, , differs]) => differs || name === "model");
    const canvas = document.createElement("canvas"), wide = SIDE + 2 * MARGIN;
    canvas.width = wide * runs.length;
    canvas.height = wide + LINE * told.length + MARGIN;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.font = "13px system-ui, sans-serif";
    pictures.forEach((picture, k) => {
      const scale = Math.min(SIDE / picture.width, SIDE / picture.height);
      pen.imageSmoothingEnabled = scale < 1;
      pen.drawImage(picture, k * wide + MARGIN, MARGIN, picture.width * scale, picture.height * scale);
      pen.fillStyle = "#1e293b";
      told.forEach(([name, values], row) => pen.fillText(`${name} ${values[k]}`, k * wide + MARGIN, wide + LINE * (row + 0.7), SIDE));
    });
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  };

  window.playgroundShelf = (element, tell, changed) => {
    const table = element.querySelector(".shelf-table"), pinned = [];
    const drop = (run) => { pinned.splice(pinned.indexOf(run), 1); show(); changed(); };
    const show = () => {
      element.hidden = !pinned.length;
      const make = (kind, text, scope) => { const made = document.createElement(kind); if (text !== undefined) made.textContent = text; if (scope) made.scope = scope; return made; };
      const head = document.createElement("tr"), body = document.createElement("tbody"), top = document.createElement("thead");
      head.append(make("td"), ...pinned.map((run) => {
        const column = make("th", undefined, "col"), image = document.createElement("img"), button = make("button", "Unpin");
        image.src = run.url;
        image.alt = `${words(run.settings.model)}, seed ${words(run.settings.seed)}`;
        button.type = "button";
        button.className = "goto";
        button.setAttribute("aria-label", `Unpin ${image.alt}`);
        button.addEventListener("click", () => drop(run));
        column.append(image, button);
        return column;
      }));
      top.append(head);
      for (const [name, values, differs] of compared(pinned)) {
        const row = document.createElement("tr");
        row.classList.toggle("differs", differs);
        row.append(make("th", differs ? `${name} ≠` : name, "row"), ...values.map((value) => make("td", value || "–")));
        body.append(row);
      }
      table.replaceChildren(top, body);
    };
    element.querySelector(".shelf-csv").addEventListener("click", () => {
      const rows = [["setting", ...pinned.map((_, k) => `run ${k + 1}`), "differs"], ...compared(pinned).map(([name, values, differs]) => [name, ...values, differs ? "yes" : "no"])];
      save(new Blob([rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n"], { type: "text/csv" }), "playground-runs.csv");
    });
    element.querySelector(".shelf-png").addEventListener("click", async () => {
      const bytes = new Uint8Array(await (await sheet(pinned)).arrayBuffer()), [{ settings }] = pinned, rest = pinned.length > 1 ? ["the other runs"] : [];
      const query = new URLSearchParams(settings.link);
      if (rest.length) query.set("missing", [...window.playgroundSettings.missing(settings.link), ...rest].join(","));
      const told = { ...settings, runs: pinned.map((run) => run.settings.link), link: `?${query}` };
      save(new Blob([window.playgroundSettings.write(bytes, told)], { type: "image/png" }), "playground-runs.png");
    });
    element.querySelector(".shelf-clear").addEventListener("click", () => { pinned.splice(0); show(); changed(); });
    return {
      has: (run) => pinned.includes(run),
      toggle: (run) => {
        if (pinned.includes(run)) return drop(run);
        if (pinned.length >= MOST) return tell(`Six runs stand side by side at most: unpin one first.`);
        pinned.push(run);
        show();
        changed();
      },
    };
  };
})();
