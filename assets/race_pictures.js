// Small pictures in the race: a wall of what a family draws now, its inner life below; and the sheet on which a visitor draws digits of one's own.
(() => {
  const COLUMNS = 6, ROWS = 6, SHELF = 2, CELL = 85, GAP = 5, CHANGES = 30; // CHANGES: how many can be undone
  const scratch = document.createElement("canvas");

  // pictures (bytes, one after the other) into cells of a row-by-row wall; share: how far from those of a to those of b
  const wall = (pen, a, b, share, side, count, columns, cell, left, top) => {
    const each = side * side, ground = new ImageData(side * columns, side * Math.ceil(count / columns));
    for (let n = 0; n < count; n++) {
      const x0 = (n % columns) * side, y0 = Math.floor(n / columns) * side;
      for (let k = 0; k < each; k++) {
        const light = a[n * each + k] + share * (b[n * each + k] - a[n * each + k]);
        const at = 4 * ((y0 + Math.floor(k / side)) * ground.width + x0 + (k % side));
        ground.data[at] = ground.data[at + 1] = ground.data[at + 2] = light;
        ground.data[at + 3] = 255;
      }
    }
    scratch.width = ground.width; scratch.height = ground.height;
    scratch.getContext("2d").putImageData(ground, 0, 0);
    pen.imageSmoothingEnabled = false;
    for (let n = 0; n < count; n++) {
      const column = n % columns, row = Math.floor(n / columns);
      pen.drawImage(scratch, column * side, row * side, side, side, left + column * cell, top + row * cell, cell - GAP, cell - GAP);
    }
  };

  window.playgroundRacePictures = {
    // a family's sheet: frames a and b around the moment; inside: whether its inner life is shown below
    paint(pen, a, b, share, side, inside, own, bytes) {
      for (const frame of [a, b]) {
        frame.data ||= bytes(frame.pictures);
        if (frame.inside.shelf) frame.inside.shelf.data ||= bytes(frame.inside.shelf.bytes);
      }
      const margin = (pen.canvas.width - COLUMNS * CELL + GAP) / 2, shelf = inside && a.inside.shelf && b.inside.shelf;
      const rows = shelf ? ROWS - SHELF : ROWS;
      wall(pen, a.data, b.data, share, side, rows * COLUMNS, COLUMNS, CELL, margin, 0);
      if (!shelf) return;
      pen.fillStyle = own;
      pen.fillRect(margin, rows * CELL, pen.canvas.width - 2 * margin, 3);
      wall(pen, a.inside.shelf.data, b.inside.shelf.data, share, side, SHELF * COLUMNS, COLUMNS, CELL, margin, rows * CELL + 3 + GAP);
    },
    // as many real ones as fit side by side
    reals(canvas, data, side) {
      const pen = canvas.getContext("2d"), cell = canvas.height + GAP, count = Math.min(data.length / (side * side), Math.floor((canvas.width + GAP) / cell));
      pen.clearRect(0, 0, canvas.width, canvas.height);
      wall(pen, data, data, 0, side, count, count, cell, 0, 0);
    },
  };

  window.playgroundOwnDigits = (root) => {
    const canvas = root.querySelector("canvas"), said = root.querySelector(".own-added");
    if (!canvas || canvas.dataset.ready) return;
    canvas.dataset.ready = "1";
    const pen = canvas.getContext("2d"), side = Number(canvas.dataset.side), most = Number(canvas.dataset.most);
    let drawn = false, kept = [];
    const field = () => document.querySelector("#race-drawings textarea, #race-drawings input");
    const clear = () => { pen.clearRect(0, 0, canvas.width, canvas.height); drawn = false; };
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width * canvas.width, (event.clientY - box.top) / box.height * canvas.height];
    };
    const write = () => {
      const area = field();
      area.value = kept.join(" ");
      area.dispatchEvent(new Event("input", { bubbles: true }));
      said.dataset.count = kept.length;
    };
    window.playgroundPen(canvas, {
      begin: (event) => {
        drawn = true;
        Object.assign(pen, { lineWidth: 24, lineCap: "round", lineJoin: "round", strokeStyle: getComputedStyle(canvas).color });
        pen.beginPath(); pen.moveTo(...place(event)); pen.lineTo(...place(event)); pen.stroke();
      },
      move: (event) => { pen.lineTo(...place(event)); pen.stroke(); },
    });
    // what stood on the sheet and beside it before each change, so that it can be undone
    const before = [], undo = root.querySelector(".own-undo");
    const remember = () => {
      before.push({ ink: pen.getImageData(0, 0, canvas.width, canvas.height), drawn, kept: [...kept], shown: [...said.querySelectorAll("canvas")] });
      if (before.length > CHANGES) before.shift();
      undo.disabled = false;
    };
    undo.addEventListener("click", () => {
      const last = before.pop();
      undo.disabled = !before.length;
      if (!last) return;
      pen.putImageData(last.ink, 0, 0);
      ({ drawn, kept } = last);
      said.replaceChildren(...last.shown);
      write();
    });
    root.querySelector(".own-clear").addEventListener("click", () => { if (drawn) remember(); clear(); });
    root.querySelector(".own-none").addEventListener("click", () => { if (kept.length) remember(); kept = []; said.replaceChildren(); write(); });
    root.querySelector(".own-add").addEventListener("click", () => {
      if (!drawn || kept.length >= most) {
        const note = Object.assign(document.createElement("span"), { textContent: drawn ? `At most ${most}.` : "Draw something first." });
        said.querySelector("span")?.remove();
        said.append(note);
        return;
      }
      said.querySelector("span")?.remove();
      remember();
      const small = Object.assign(document.createElement("canvas"), { width: side, height: side }), ground = small.getContext("2d");
      ground.imageSmoothingQuality = "high";
      ground.drawImage(canvas, 0, 0, side, side);
      const ink = ground.getImageData(0, 0, side, side).data;
      kept.push(btoa(String.fromCharCode(...Uint8Array.from({ length: side * side }, (_, k) => ink[4 * k + 3]))));
      said.append(small);
      clear();
      write();
    });
  };
})();
