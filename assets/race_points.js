// The sheet of points of one's own. It shows the points that the server read from the field beside it; a stroke adds to them, and every change
// can be undone. No number is read here: the field's text goes to the server as it is.
(() => {
  const SPRAY = 3, WIDE = 0.12, KEPT = 30; // points at each place of a stroke, how far around it they lie, how many changes can be undone

  // a file's text: by its byte-order mark, else UTF-8, else the western code page that spreadsheets use
  const decoded = (bytes) => {
    const begins = (...mark) => mark.every((value, k) => bytes[k] === value), read = (name, fatal) => new TextDecoder(name, { fatal }).decode(bytes, { stream: true });
    if (begins(0xff, 0xfe)) return read("utf-16le", false);
    if (begins(0xfe, 0xff)) return read("utf-16be", false);
    try { return read("utf-8", true); } catch { return read("windows-1252", false); }
  };
  window.playgroundDecoded = decoded;

  window.playgroundOwnPoints = (root) => {
    const canvas = root.querySelector("canvas"), said = root.querySelector(".own-said"), clear = root.querySelector(".own-clear"), undo = root.querySelector(".own-undo");
    if (!canvas || canvas.dataset.ready) return;
    canvas.dataset.ready = "1";
    const longest = Number(canvas.dataset.longest), most = Number(canvas.dataset.most), plane = Number(canvas.dataset.plane), filled = Number(canvas.dataset.filled) * plane;
    const field = () => document.querySelector("#race-own textarea");
    const whole = () => ({ middle: [0, 0], reach: [filled, filled] }); // the view of an empty sheet: its own coordinates
    // points: as the server read them; fresh: drawn since; ours: the text that this sheet wrote last, with the view it was drawn in
    let points = [], fresh = [], view = whole(), isDrawing = false, isOpen = false, ours = null, scaling = null;
    const before = [];

    const across = (px, k) => (px - view.middle[k]) / view.reach[k] * filled; // onto the plane, and back
    const back = (at, k) => view.middle[k] + at / filled * view.reach[k];
    const paint = () => {
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.fillStyle = getComputedStyle(canvas).color;
      for (const [px, py] of [...points, ...fresh]) pen.fillRect((across(px, 0) / plane + 1) / 2 * canvas.width - 1.5, (1 - across(py, 1) / plane) / 2 * canvas.height - 1.5, 3, 3);
    };
    const fill = (text) => {
      const area = field();
      if (!area) return;
      area.value = text;
      area.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const remember = () => {
      before.push({ text: field()?.value ?? "", view: ours?.text === field()?.value ? ours.view : null });
      if (before.length > KEPT) before.shift();
      undo.disabled = false;
    };
    const put = (text, own) => { // own: the view to keep, where this sheet knows it
      ours = own ? { text, view: own } : null;
      if (text === (field()?.value ?? "")) return;
      fill(text);
    };
    const isRead = () => { const value = field()?.value ?? ""; return told().chars === value.length || !value; };
    const told = () => { const found = document.querySelector("#race-read .own-read"); return found ? JSON.parse(found.dataset.read) : { chars: 0, points: [] }; };
    const digits = (value) => (Number.isInteger(value) && Math.abs(value) < 1e21 ? value.toFixed(1) : String(value)); // 1.0 cannot be a column's name
    const written = ([px, py]) => `${digits(px)}, ${digits(py)}`;
    const write = () => {
      if (!fresh.length || isDrawing || !isRead()) return; // else when the server has read what is there
      remember();
      points = [...points, ...fresh];
      fresh = [];
      put(points.map(written).join("\n"), view);
    };
    const receive = () => {
      const now = told(), value = field()?.value ?? "";
      if (now.chars !== value.length) return; // of a text that is no longer there
      isOpen = Boolean(now.open);
      const keeps = ours?.text === value && (scaling === null || scaling === now.scaling);
      points = now.points ?? [];
      if (isOpen) fresh = [];
      if (keeps) view = ours.view;
      else {
        const drawn = fresh.map(([px, py]) => [across(px, 0), across(py, 1)]); // stays where it was drawn
        view = now.middle ? { middle: now.middle, reach: now.reach } : whole();
        fresh = drawn.map(([px, py]) => [back(px, 0), back(py, 1)]);
      }
      if (ours) ours.view = view;
      scaling = now.scaling ?? scaling;
      paint();
      write();
    };

    // a file is decoded here and put into the field. Of one that is too long, whole lines are kept.
    const chooser = root.querySelector("input[type=file]");
    chooser.addEventListener("change", async () => {
      const file = chooser.files[0];
      chooser.value = "";
      if (!file) return;
      let text = decoded(new Uint8Array(await file.slice(0, 2 * longest).arrayBuffer()));
      const cut = text.length > longest || file.size > 2 * longest;
      if (cut) text = text.slice(0, longest).replace(/[^\r\n]*$/, "");
      if (text.includes("\0")) { said.textContent = `${file.name} is no text: choose a CSV file of two columns of numbers.`; return; }
      said.textContent = `${file.name}${cut ? `: what lies beyond the first ${longest.toLocaleString("en")} characters was left out` : ""}`;
      remember();
      fresh = [];
      put(text);
    });

    const spray = (event) => {
      const box = canvas.getBoundingClientRect();
      for (let k = 0; k < SPRAY; k++) {
        if (points.length + fresh.length >= most) { said.textContent = `No more than ${most.toLocaleString("en")} points.`; break; }
        const turn = 2 * Math.PI * Math.random(), far = WIDE * Math.sqrt(Math.random());
        const at = [((event.clientX - box.left) / box.width * 2 - 1) * plane + far * Math.cos(turn), (1 - (event.clientY - box.top) / box.height * 2) * plane + far * Math.sin(turn)];
        fresh.push(at.map((value, axis) => { // to a thousandth of the sheet
          const places = Math.max(0, Math.min(100, 3 - Math.floor(Math.log10(view.reach[axis]))));
          return Number(back(value, axis).toFixed(places));
        }));
      }
      paint();
    };
    window.playgroundPen(canvas, {
      begin: (event) => {
        if (isOpen && isRead()) { said.textContent = "Answer the question below first, or press Clear: until then nobody knows where these points lie."; return false; }
        isDrawing = true;
        spray(event);
        return true;
      },
      move: spray,
      end: () => { isDrawing = false; write(); },
    });
    clear.addEventListener("click", () => {
      if (!field()?.value) return;
      remember();
      points = []; fresh = []; view = whole(); isOpen = false; said.textContent = "";
      paint();
      put("");
    });
    undo.addEventListener("click", () => {
      const last = before.pop();
      undo.disabled = !before.length;
      if (!last) return;
      fresh = []; said.textContent = "";
      put(last.text, last.view);
    });

    const follow = () => { // what the server read stands below the sheet, and may be mounted after it
      const read = document.getElementById("race-read");
      if (!read) return void (canvas.isConnected && requestAnimationFrame(follow));
      new MutationObserver(receive).observe(read, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-read"] });
      receive();
    };
    follow();
    window.playgroundOwnPointsState = () => ({ points: points.length, fresh: fresh.length, view, undo: before.length, plane: [...points, ...fresh].map(([px, py]) => [across(px, 0), across(py, 1)]) });
  };
})();
