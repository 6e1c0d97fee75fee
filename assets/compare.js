// The Compare tab in the browser alone (tabs/nearest.py, tabs/wipe.py, tabs/behind.py): a chosen sample beside its nearest training sample, two sheets
// of samples under one slider, and what stands behind the table's numbers.
(() => {
  const GAP = 2; // between the tiles of a sheet, as tabs/pictures.py leaves it

  // a tile of a sheet as a picture of its own
  const tile = async (source, k, across, side) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    canvas.getContext("2d").drawImage(image, -(k % across) * (side + GAP), -Math.floor(k / across) * (side + GAP));
    canvas.className = "pixels";
    canvas.setAttribute("aria-hidden", "true");
    return canvas;
  };
  const choose = async (box, k) => {
    const { across, side, nearest } = box.dataset, told = JSON.parse(box.dataset.told), sheet = box.querySelector("img");
    k = Math.max(0, Math.min(told.length - 1, k));
    box.dataset.chosen = k;
    const step = Number(side) + GAP, ring = box.querySelector(".ring"), wide = sheet.naturalWidth; // a box is square
    ring.hidden = false;
    ring.style.cssText = `left:${(100 * (k % across) * step) / wide}%;top:${(100 * Math.floor(k / across) * step) / wide}%;width:${(100 * side) / wide}%;height:${(100 * side) / wide}%`;
    const pair = await Promise.all([tile(sheet.src, k, Number(across), Number(side)), tile(nearest, k, Number(across), Number(side))]);
    if (box.dataset.chosen !== String(k)) return; // another one was chosen meanwhile
    const panel = box.closest(".family").querySelector(".nearest");
    panel.querySelector(".pair").replaceChildren(...pair);
    panel.querySelector(".told").textContent = told[k];
  };
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".box[data-nearest]");
    if (!box) return;
    const at = box.querySelector("img").getBoundingClientRect(), { across } = box.dataset;
    const rows = Math.ceil(JSON.parse(box.dataset.told).length / across);
    const column = Math.floor(((event.clientX - at.left) / at.width) * across), row = Math.floor(((event.clientY - at.top) / at.height) * rows);
    if (column >= 0 && row >= 0 && column < across && row < rows) choose(box, row * Number(across) + column);
  });
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest?.(".box[data-nearest]");
    const step = box && { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -box.dataset.across, ArrowDown: Number(box.dataset.across), Enter: 0 }[event.key];
    if (!box || step === undefined) return;
    event.preventDefault();
    const now = box.dataset.chosen === undefined ? null : Number(box.dataset.chosen);
    choose(box, now === null ? 0 : now + step);
  });

  const lay = (wipe) => {
    const stage = wipe.querySelector(".stage");
    for (const side of ["left", "right"]) {
      const name = wipe.querySelector(`select.${side}`).value;
      const from = wipe.closest("[role=tabpanel]")?.querySelector(`.family.${name} .box img`);
      const image = stage.querySelector(`img.${side}`);
      if (from && image.src !== from.src) image.src = from.src;
    }
    stage.style.setProperty("--cut", `${wipe.querySelector("input").value}%`);
  };
  document.addEventListener("input", (event) => { const wipe = event.target.closest?.(".wipe"); if (wipe) lay(wipe); });
  document.addEventListener("toggle", (event) => { if (event.target.matches?.(".wipe[open]")) lay(event.target); }, true);
  document.addEventListener("load", (event) => {
    if (event.target.matches?.(".family .box img")) document.querySelectorAll(".wipe[open]").forEach(lay);
  }, true);

  // a number of the table (tabs/behind.py): the row below tells how those of its row were taken
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".behind-open");
    if (!button) return;
    const cell = button.closest("td"), row = button.closest("tr"), behind = row.nextElementSibling;
    if (!behind?.classList.contains("behind")) return;
    const opens = behind.hidden || !cell.classList.contains("pressed"), place = [...row.children].indexOf(cell);
    for (const place of behind.querySelectorAll(".behind-place:empty")) {
      const shown = row.closest(".compare-table").querySelector(`.behind-samples [data-card="${CSS.escape(place.dataset.card)}"]`);
      place.append(...[...(shown?.childNodes ?? [])].map((node) => node.cloneNode(true)));
    }
    behind.hidden = !opens;
    for (const each of row.querySelectorAll(".behind-open")) each.setAttribute("aria-expanded", String(opens && each === button));
    [row, behind].forEach((each) => [...each.children].forEach((one, k) => one.classList.toggle("pressed", opens && k === place)));
  });
})();
