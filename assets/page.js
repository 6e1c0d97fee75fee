// What happens in the browser alone: film players, the "sweep" of a latent map, drawing pads, links that press the tab's button.
(() => {
  const frameOf = (film) => film.querySelector(".frame");
  const totalOf = (film) => Number(film.dataset.frames ?? film.querySelectorAll(":scope > .moment").length);
  const show = (film, i) => {
    const total = totalOf(film);
    const moments = [...film.querySelectorAll(":scope > .moment")];
    if (moments.length) {  // a film whose moments came one by one: the chosen one is shown
      film.classList.add("scrubbed");
      moments.forEach((moment, k) => moment.classList.toggle("shown", k === Math.min(i, moments.length - 1)));
      film.querySelector(".film-scrub").value = i;
      return;
    }
    const captions = JSON.parse(film.dataset.captions);
    frameOf(film).style.backgroundPosition = `0 ${total > 1 ? (100 * i) / (total - 1) : 0}%`;
    film.querySelector(".film-scrub").value = i;
    film.querySelector(".film-caption").textContent = captions[i] ?? "";
  };
  const stop = (film) => {
    clearInterval(film.playing);
    film.playing = null;
    const button = film.querySelector(".film-play");
    if (button) { button.textContent = "▶"; button.setAttribute("aria-label", "Play"); }
  };
  const play = (film) => {
    const total = totalOf(film);
    const scrub = film.querySelector(".film-scrub");
    let i = Number(scrub.value) >= total - 1 ? 0 : Number(scrub.value);
    const button = film.querySelector(".film-play");
    button.textContent = "⏸";
    button.setAttribute("aria-label", "Pause");
    show(film, i);
    film.playing = setInterval(() => {
      if (!film.isConnected || i >= total - 1) return stop(film);
      show(film, ++i);
    }, Math.max(60, Math.min(400, 3000 / total)));
  };
  document.addEventListener("input", (event) => {
    const film = event.target.closest?.(".film");
    if (film && event.target.matches(".film-scrub")) { stop(film); show(film, Number(event.target.value)); }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".film-play");
    if (button) { const film = button.closest(".film"); film.playing ? stop(film) : play(film); return; }
    const stopper = event.target.closest?.("button.stop");
    if (stopper) setTimeout(() => {  // the step in work has come back by then, and no other follows
      for (const badge of stopper.closest("[role=tabpanel]")?.querySelectorAll(".badge.running") ?? []) {
        badge.classList.replace("running", "stopped");
        badge.textContent = `stopped at ${badge.textContent}`;
        badge.parentElement.querySelector("progress")?.remove();
      }
    }, 800);
    const link = event.target.closest?.("a.permalink");
    if (link && !event.ctrlKey && !event.metaKey) { event.preventDefault(); hand(link); }
  });
  // A link is copied where the browser lets a page copy; where not, the link says so and the address is selected in the panel below.
  const copied = async (text) => {
    if (!navigator.clipboard?.writeText) return false; // plain http
    try { await navigator.clipboard.writeText(text); return true; } catch { return false; }
  };
  const hand = async (link) => {
    const query = link.getAttribute("href"), { address, direct } = window.playgroundAddress(query);
    window.playgroundInStep(query);
    const is = await Promise.race([copied(address), new Promise((done) => setTimeout(done, 3000, false))]); // one that asks first may never answer
    window.playgroundShared?.({ address, direct, copied: is });
    link.textContent = is ? "link copied, QR code below" : "not copied: the browser refused; select it below";
    setTimeout(() => (link.textContent = "link"), is ? 1500 : 5000);
  };
  // On a Space the page is a frame of huggingface.co, whose own address is the one to share, and is told what is shown.
  const space = () => (window.parent !== window && document.querySelector(".share-asks")?.dataset.space) || "";
  window.playgroundAddress = (query) => {
    const direct = new URL(query, location.origin + location.pathname).href;
    return { direct, address: space() ? `https://huggingface.co/spaces/${space()}${query}` : direct };
  };
  window.playgroundInStep = (query) => {
    history.replaceState({ drawn: true }, "", new URL(query, location.origin + location.pathname)); // a reload brings the settings back, and draws nothing unasked
    if (space()) window.parent.postMessage({ queryString: query.slice(1) }, "https://huggingface.co");
  };
  window.playgroundShare = (element, ask) => {
    let wanted = null; // the address that is to be selected once the panel shows it
    const select = () => {
      const field = document.querySelector("#share .share input[data-copied=no]");
      if (!wanted || field?.value !== wanted) return;
      wanted = null;
      field.focus();
      field.select();
    };
    new MutationObserver(select).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-copied", "value"] });
    window.playgroundShared = (what) => { wanted = what.copied ? null : what.address; ask(what); select(); };
  };
  // Stop leaves what was drawn so far; what was under way or waiting says so.
  window.playgroundStopped = (tab) => {
    for (const badge of document.querySelectorAll(`#${tab} .badge.running, #${tab} .badge.waiting`)) { badge.className = "badge recorded"; badge.textContent = "stopped"; }
    for (const bar of document.querySelectorAll(`#${tab} progress, #${tab} .hint`)) bar.remove();
  };
  // A link that names settings besides the tab is meant to be seen run.
  window.playgroundOpened = () => {
    window.playgroundIsOpen = true;
    const query = new URLSearchParams(location.search);
    const tab = query.get("tab");
    const named = `${tab}-${query.get("play") ?? "run"}`;  // a tab with two runs names the one that is meant
    query.delete("tab"); query.delete("__theme");
    if (!tab || ![...query.keys()].length || query.get("missing") || history.state?.drawn) return; // what is missing is to be given first
    let tries = 0;
    const press = setInterval(() => {
      const button = document.getElementById(named);
      if (button && button.offsetParent) { clearInterval(press); setTimeout(() => button.click(), 300); }
      else if (++tries > 50) clearInterval(press);
    }, 100);
  };
})();

// Planes of codes (tabs/plane.py): the picture under the pointer comes from a sprite that is already here. Planes side by side move together.
(() => {
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const clamp = (value, most) => Math.max(0, Math.min(most, value));
  const point = (plane, column, row) => {
    const last = Number(plane.dataset.count) - 1;
    const limit = Number(plane.dataset.limit);
    plane.dataset.column = column = clamp(column, last);
    plane.dataset.row = row = clamp(row, last);
    const away = [-limit + (2 * limit * column) / last, limit - (2 * limit * row) / last]; // from the middle of the board
    const z = [Number(plane.dataset.x) + away[0], Number(plane.dataset.y) + away[1]];
    const cursor = plane.querySelector(".plane-cursor");
    cursor.style.left = `${50 + (50 * away[0]) / plane.dataset.reach}%`;
    cursor.style.top = `${50 - (50 * away[1]) / plane.dataset.reach}%`;
    plane.querySelector(".plane-digit").style.backgroundPosition = `${(100 * column) / last}% ${(100 * row) / last}%`;
    plane.querySelector(".plane-where").textContent = `z = (${z.map((v) => (Math.abs(v) < 0.05 ? "0.0" : v.toFixed(1))).join(", ")})`;
  };
  // the same place on the planes beside it
  const together = (plane, column, row) => {
    point(plane, column, row);
    for (const other of plane.closest(".planes")?.querySelectorAll(".plane") ?? []) {
      const ratio = (Number(other.dataset.count) - 1) / (Number(plane.dataset.count) - 1);
      if (other !== plane) point(other, Math.round(ratio * plane.dataset.column), Math.round(ratio * plane.dataset.row));
    }
  };
  // the place of the sprite's picture nearest to what lies that far from the middle of the board
  const nearest = (plane, x, y) => {
    const limit = Number(plane.dataset.limit);
    const steps = (Number(plane.dataset.count) - 1) / (2 * limit);
    together(plane, Math.round(steps * (x + limit)), Math.round(steps * (limit - y)));
  };
  const follow = (event) => {
    const board = event.target.closest?.(".plane[data-count] .plane-board");
    if (!board) return;
    const box = board.getBoundingClientRect();
    const plane = board.closest(".plane");
    const reach = Number(plane.dataset.reach);
    nearest(plane, reach * ((2 * (event.clientX - box.left)) / box.width - 1), reach * (1 - (2 * (event.clientY - box.top)) / box.height));
  };
  document.addEventListener("pointermove", follow);
  document.addEventListener("pointerdown", follow);
  document.addEventListener("keydown", (event) => {
    const board = event.target.closest?.(".plane[data-count] .plane-board");
    if (!board || !(event.key in STEPS)) return;
    event.preventDefault();
    const plane = board.closest(".plane");
    const middle = (Number(plane.dataset.count) - 1) / 2;
    const [dx, dy] = STEPS[event.key];
    together(plane, Number(plane.dataset.column ?? middle) + dx, Number(plane.dataset.row ?? middle) + dy);
  });
  document.addEventListener("click", (event) => {
    const chip = event.target.closest?.(":is(.plane, .planes) .plane-legend .chip");
    if (chip) {
      const plane = chip.closest(".plane, .planes");
      const only = plane.dataset.only === chip.dataset.class ? "" : chip.dataset.class;
      plane.dataset.only = only;
      for (const other of plane.querySelectorAll(".chip")) other.setAttribute("aria-pressed", String(other.dataset.class === only));
      for (const group of plane.querySelectorAll(".plane-points > g")) group.style.display = only === "" || group.classList.contains(`class-${only}`) ? "" : "none";
    }
    const inside = event.target.closest?.("a.totab");  // a link to another tab of this page
    const button = inside && !event.ctrlKey && !event.metaKey && !event.shiftKey && document.getElementById(`tab-${inside.dataset.tab}-button`);
    if (button) {
      event.preventDefault();
      button.click();
      window.scrollTo({ top: 0 });
      button.focus({ preventScroll: true });
    }
    const there = event.target.closest?.(".plane-goto");  // a button that shows where a drawing fell: data-plane, data-x, data-y
    const plane = there && document.querySelector(`#${there.dataset.plane} .plane[data-count]`);
    if (plane) {
      nearest(plane, there.dataset.x - plane.dataset.x, there.dataset.y - plane.dataset.y);
      plane.scrollIntoView({ block: "center" });
      plane.querySelector(".plane-board").focus({ preventScroll: true });
    }
  });
})();

// Drawing pads (tabs/drawing.py): white ink on black, sent as a PNG when the pen has rested a moment.
window.playgroundPad = (element, send) => {
  const REST = 350; // milliseconds: time enough to begin the next stroke of a 4 or a 7
  const STEP = 7; // points that an arrow key moves the pen
  const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
  const canvas = element.querySelector(".pad canvas");
  const pen = element.querySelector(".pad-pen");
  const width = element.querySelector(".pad-width");
  const ink = canvas.getContext("2d");
  const colour = element.querySelector(".pad-colour"); // of a pad in colour
  const file = element.querySelector(".pad-file input"), note = element.querySelector(".pad-note");
  let last = null; // where the pen was last
  let key = [canvas.width / 2, canvas.height / 2]; // where the keyboard's pen is
  let down = false; // whether it is down
  let waiting = null;
  const rest = () => { clearTimeout(waiting); waiting = setTimeout(() => send(canvas.toDataURL("image/png")), REST); };
  const clear = () => { clearTimeout(waiting); ink.fillStyle = colour ? "#e8e2d8" : "#000"; ink.fillRect(0, 0, canvas.width, canvas.height); down = false; mark(); };
  const stroke = (from, to) => {
    clearTimeout(waiting);
    ink.strokeStyle = colour ? colour.value : "#fff"; ink.lineCap = ink.lineJoin = "round"; ink.lineWidth = Number(width.value);
    ink.beginPath(); ink.moveTo(...from); ink.lineTo(...to); ink.stroke();
  };
  const mark = () => {
    pen.style.left = `${(100 * key[0]) / canvas.width}%`;
    pen.style.top = `${(100 * key[1]) / canvas.height}%`;
    pen.classList.toggle("down", down);
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };
  window.playgroundPen(canvas, {
    begin: (event) => { pen.classList.remove("keyboard"); last = place(event); stroke(last, last); },
    move: (event) => { const next = place(event); stroke(last, next); last = next; },
    end: rest,
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === " ") { down = !down; if (down) stroke(key, key); rest(); }
    else if (event.key in ARROWS) {
      const next = key.map((value, axis) => Math.max(0, Math.min(canvas.width, value + ARROWS[event.key][axis])));
      if (down) { stroke(key, next); rest(); }
      key = next;
    } else return;
    event.preventDefault();
    pen.classList.add("keyboard");
    mark();
  });
  file?.addEventListener("change", async () => {
    if (!file.files.length) return;
    try {
      const picture = await createImageBitmap(file.files[0]);
      const side = Math.min(picture.width, picture.height);
      clear();
      ink.imageSmoothingQuality = "high";
      ink.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
      picture.close();
      note.textContent = "Its middle square was made small in this browser; nothing larger is sent.";
      rest();
    } catch { note.textContent = "This file is no picture that the browser can read: choose a PNG, JPEG or WebP."; }
    file.value = "";
  });
  const over = element.querySelector(".pad").classList.contains("over");
  element.querySelector(".pad-clear").addEventListener("click", () => { clear(); if (over) rest(); });
  clear();
};

// A face under its words (tabs/inside_views.py): the word that is pressed is shown large, at every step.
document.addEventListener("click", (event) => {
  const word = event.target.closest?.(".look-word");
  const looked = word?.closest(".looked");
  if (!looked) return;
  looked.style.setProperty("--word", word.dataset.k);
  for (const other of looked.querySelectorAll(".look-word")) other.setAttribute("aria-pressed", String(other.dataset.k === word.dataset.k));
});

// Texts under the microscope (tabs/microscope.py): a chosen token shows what stood to choose from; another choice goes to the server.
// Gradio changes the nodes of an old value into those of the new one, so nothing is remembered of a node but what its data said.
window.playgroundTold = (node) => {
  if (node.toldBy !== node.dataset.told) { node.toldBy = node.dataset.told; node.told = JSON.parse(node.toldBy); }
  return node.told;
};
// where an arrow key leads from token k: one on or back, or to the nearest one in the line below or above
window.playgroundArrow = (tokens, k, key) => {
  const last = tokens.length - 1;
  const to = { ArrowRight: k + 1, ArrowLeft: k - 1, Home: 0, End: last }[key];
  if (to !== undefined) return Math.max(0, Math.min(last, to));
  const way = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!way) return null;
  const box = (j) => tokens[j].getClientRects()[0];
  const from = box(k);
  let best = k, top = null;
  for (let j = k + way; from && j >= 0 && j <= last; j += way) {
    const at = box(j);
    if (!at || Math.abs(at.top - from.top) < from.height / 2) continue;
    top ??= at.top;
    if (Math.abs(at.top - top) > from.height / 2) break;
    if (best === k || Math.abs(at.left - from.left) < Math.abs(box(best).left - from.left)) best = j;
  }
  return best;
};
(() => {
  const SCALE = 10000;
  const told = window.playgroundTold;
  const visible = (piece) => piece === "" ? "·part of a character·" : piece === " " ? "␣ space" : piece === "\n" ? "↵ new line" : piece.replaceAll("\n", "↵").replace(/^ /, "␣").replaceAll("\t", "⇥");
  const make = (tag, kind, text) => { const node = document.createElement(tag); if (kind) node.className = kind; if (text !== undefined) node.textContent = text; return node; };
  const percent = (value) => { const p = (100 * value) / SCALE; return p >= 10 ? `${p.toFixed(0)} %` : p >= 0.1 ? `${p.toFixed(1)} %` : p >= 0.01 ? `${p.toFixed(2)} %` : "< 0.01 %"; };
  const bar = (value, kind) => { const cell = make("span", `scope-bar ${kind}`); const inner = make("i"); inner.style.width = `${(100 * value) / SCALE}%`; cell.append(inner, make("b", "", percent(value))); return cell; };
  const tokensOf = (text) => [...text.querySelectorAll(".tok")];
  const natsOf = (data, k) => data.nats ? data.nats[k] : data.steps[k] ? -Math.log(Math.max(data.steps[k][5], 1e-6) / SCALE) : null;
  const spoken = (data, k) => { const nats = natsOf(data, k); return nats === null ? "given" : `probability ${percent(SCALE * Math.exp(-nats))}, ${nats.toFixed(2)} nats`; };

  const choices = (data, k) => {
    const [ids, before, after, , rank, p] = data.steps[k];
    const names = make("div", "scope-row scope-names");
    names.append(make("span", "", "token"), make("span", "", "by the model"), make("span", "", "to draw from"));
    const rows = ids.map((id, i) => {
      const row = make("div", "scope-row"), pick = make("button", "scope-pick", visible(data.names[id]));
      pick.type = "button";
      pick.dataset.id = id;
      if (id === data.ids[k]) { row.classList.add("own"); pick.append(make("small", "", " chosen")); pick.setAttribute("aria-pressed", "true"); }
      else pick.title = "Choose this one and go on from here";
      if (id === data.was?.[k]) pick.append(make("small", "", " drawn"));
      if (after[i] === 0) row.classList.add("cut");
      row.append(pick, bar(before[i], "before"), after[i] === 0 ? make("span", "scope-bar cutoff", "cut off") : bar(after[i], "after"));
      return row;
    });
    if (!ids.includes(data.ids[k])) {
      const row = make("div", "scope-row own"), own = make("span", "scope-pick", visible(data.pieces[k]));
      own.append(make("small", "", " chosen"));
      row.append(own, bar(p, "before"), make("span", "scope-bar cutoff", `rank ${rank.toLocaleString("en")}`));
      rows.push(row);
    }
    return [names, ...rows];
  };
  const select = (scope, text, k) => {
    const tokens = tokensOf(text);
    if (!tokens.length) return;
    k = Math.max(0, Math.min(tokens.length - 1, k));
    scope.querySelectorAll(".tok.chosen").forEach((each) => each.classList.remove("chosen"));
    tokens[k].classList.add("chosen");
    text.dataset.at = k;
    const data = told(text);
    const head = make("h4", "", `Token ${k + 1} of ${tokens.length}: `), note = make("p", "note");
    head.append(make("q", "", visible(data.pieces[k])));
    scope.querySelector(".scope-told").replaceChildren(head, note);
    const list = scope.querySelector(".scope-choices");
    list.replaceChildren();
    if (data.nats) { note.textContent = `The model gave it ${percent(SCALE * Math.exp(-data.nats[k]))}: ${data.nats[k].toFixed(2)} nats of surprise.`; return; }
    if (!data.steps[k]) { note.textContent = "Given, not chosen by the model: it stands before the place from which this text was gone on with."; return; }
    const [, , , kept, rank, p] = data.steps[k];
    note.textContent = (data.was && k in data.was ? "You chose it. " : "") + `The model gave it ${percent(p)}, rank ${rank.toLocaleString("en")}: ${natsOf(data, k).toFixed(2)} nats of surprise. ` +
      (kept === 1 ? "After the filters only one token was left to choose." : `After temperature, top-k and top-p ${kept.toLocaleString("en")} tokens were left to choose from.`);
    list.append(...choices(data, k));
  };

  // a conversation goes on: what was asked and what the first text answers join what was said, and the prompt is free for a reply
  window.playgroundReply = (tab, kept) => {
    const scope = document.querySelector(`#${tab}-out .scope[data-asked]`), text = scope?.querySelector(".scope-text[data-told]");
    document.querySelector(`#tab-${tab} textarea`)?.focus();
    if (!text) return kept;
    const asked = JSON.parse(scope.dataset.asked), answer = told(text).pieces.join("").trim();
    const said = JSON.stringify([...(asked.said ?? []), asked.prompt, answer]);
    return said === kept[0] ? kept : [said, ""]; // a second press changes nothing
  };

  window.playgroundScope = (element, send) => {
    let asking = null; // the choice that was sent, and what the page held when it was
    // a text that was gone on with, among those beside it, with what is known of the tokens before the place
    const join = (scope) => {
      const text = scope.querySelector(".scope-text"), head = text.previousElementSibling;
      head.textContent = asking.name + head.textContent.replace(/^[^·]*?(?=\s·|$)/, "");
      for (const other of asking.others) (other.row < asking.row ? head : scope.querySelector(".scope-panel")).before(...other.nodes.map((node) => node.cloneNode(true)));
      if (!text.dataset.told) return;
      const data = structuredClone(told(text)), old = asking.data, k = asking.at;
      if (old.ids.slice(0, k).some((id, i) => id !== data.ids[i])) return;
      const place = old.steps[k][0].indexOf(data.ids[k]);
      data.steps.splice(0, k, ...old.steps.slice(0, k));
      data.steps[k] = [...old.steps[k].slice(0, 4), place + 1, old.steps[k][1][place]];
      data.names = { ...old.names, ...data.names };
      const first = old.was?.[k] ?? old.ids[k];
      data.was = Object.fromEntries([...Object.entries(old.was ?? {}), [k, first]].filter(([at, id]) => at < k || (Number(at) === k && id !== data.ids[k])));
      text.dataset.told = JSON.stringify(data);
      scope.dataset.asked = asking.asked;
      tokensOf(text).forEach((token, i) => { if (i < k) token.className = asking.kinds[i]; });
      if (!(k in data.was)) tokensOf(text)[k].classList.remove("changed");
      select(scope, text, k);
      if (document.activeElement === document.body || element.contains(document.activeElement)) text.focus({ preventScroll: true });
    };
    const settle = () => {
      const scope = element.querySelector(".scope");
      if (!scope || scope.dataset.settled) return;
      scope.dataset.settled = "yes"; // gone with the next value
      if (asking && scope.dataset.row === String(asking.row)) join(scope);
      else {
        asking = null;
        const text = scope.querySelector(".scope-text[data-told]");
        if (!text) return;
        const data = told(text), nats = data.pieces.slice(0, 150).map((_, k) => natsOf(data, k) ?? -1);
        select(scope, text, scope.dataset.at ? Number(scope.dataset.at) : nats.indexOf(Math.max(...nats)));
      }
    };
    new MutationObserver(settle).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-settled"] });
    settle();
    element.addEventListener("click", (event) => {
      const scope = event.target.closest(".scope");
      const token = event.target.closest(".scope-text[data-told] .tok");
      if (token) { const text = token.closest(".scope-text"); text.focus({ preventScroll: true }); select(scope, text, Number(token.dataset.k)); return; }
      const pick = event.target.closest("button.scope-pick");
      const chosen = scope?.querySelector(".tok.chosen");
      if (!pick || !chosen || pick.getAttribute("aria-pressed") === "true") return;
      const text = chosen.closest(".scope-text"), data = told(text), at = Number(chosen.dataset.k), row = Number(text.dataset.row);
      const others = [...scope.querySelectorAll(".scope-text")].filter((each) => each !== text)
        .map((each) => ({ row: Number(each.dataset.row), nodes: [each.previousElementSibling, each].map((node) => node.cloneNode(true)) }));
      const kinds = tokensOf(text).map((each) => each.className.replace(/ ?chosen/, ""));
      asking = { row, at, data, others, kinds, asked: scope.dataset.asked, name: text.previousElementSibling.textContent.split(" · ")[0] };
      scope.querySelector(".scope-told .note").textContent = "Going on from here …";
      pick.setAttribute("aria-busy", "true");
      send({ asked: JSON.parse(asking.asked), row, continued: [...data.ids.slice(0, at), Number(pick.dataset.id)] });
    });
    element.addEventListener("keydown", (event) => {
      const text = event.target.closest(".scope-text[data-told]");
      if (!text || event.ctrlKey || event.metaKey || event.altKey) return;
      const tokens = tokensOf(text), at = text.dataset.at;
      const to = tokens.length ? window.playgroundArrow(tokens, Number(at ?? 0), event.key) : null;
      if (to === null) return;
      event.preventDefault();
      select(text.closest(".scope"), text, at === undefined ? 0 : to);
      tokens[at === undefined ? 0 : to].scrollIntoView({ block: "nearest" });
    });
    element.addEventListener("pointerover", (event) => {
      const token = event.target.closest?.(".scope-text[data-told] .tok");
      if (token) token.title = spoken(told(token.closest(".scope-text")), Number(token.dataset.k));
    });
  };
})();

// Where the heads of a transformer look (tabs/heads.py): a head, large, with the tokens on both sides; a token, and what that looks at.
(() => {
  const LEAST = 11, MOST = 15, WIDEST = 84; // CSS pixels of a cell, and of a token's name
  window.playgroundHeads = (element) => {
    const read = (box) => {
      const data = window.playgroundTold(box);
      data.bytes ??= Uint8Array.from(atob(data.weights), (c) => c.charCodeAt(0));
      data.head ??= 0;
      data.at ??= data.pieces.length - 1;
      return data;
    };
    const name = (piece) => piece === " " ? "␣" : piece.replaceAll("\n", "↵").replace(/^ /, "␣");
    const weight = (data, from, to) => { const t = data.pieces.length; return data.bytes[(data.head * t + from) * t + to] / 255; };
    const most = (data) => { // where the token looks most
      const row = Array.from({ length: data.at + 1 }, (_, k) => weight(data, data.at, k));
      return [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, 3).filter((k) => row[k] > 0.01);
    };
    const small = (box, data) => { // every head on its button, a point for each weight
      const t = data.pieces.length, colour = document.createElement("canvas").getContext("2d");
      colour.fillStyle = getComputedStyle(box).getPropertyValue("--accent").trim();
      colour.fillRect(0, 0, 1, 1);
      const [red, green, blue] = colour.getImageData(0, 0, 1, 1).data;
      box.querySelectorAll(".head canvas").forEach((canvas, head) => {
        canvas.width = canvas.height = t;
        const points = new ImageData(t, t);
        for (let k = 0; k < t * t; k++) points.data.set([red, green, blue, 255 * Math.sqrt(data.bytes[head * t * t + k] / 255)], 4 * k);
        canvas.getContext("2d").putImageData(points, 0, 0);
      });
    };
    const paint = (box, data) => { // the chosen head on its canvas
      const canvas = box.querySelector(".heads-map"), ink = canvas.getContext("2d"), t = data.pieces.length, sharp = window.devicePixelRatio || 1;
      const style = getComputedStyle(box), accent = style.getPropertyValue("--accent").trim(), line = style.getPropertyValue("--line").trim();
      const wide = canvas.parentElement.clientWidth, font = `${wide < 14 * t ? 10 : 12}px ui-monospace, SFMono-Regular, Menlo, monospace`;
      ink.font = font;
      const edge = Math.min(WIDEST, 10 + Math.ceil(Math.max(...data.pieces.map((piece) => ink.measureText(name(piece)).width))));
      const cell = Math.max(LEAST, Math.min(MOST, Math.floor((wide - edge - 4) / t))), side = edge + cell * t + 2;
      data.edge = edge; data.cell = cell;
      canvas.width = canvas.height = Math.round(side * sharp);
      canvas.style.width = canvas.style.height = `${side}px`;
      ink.setTransform(sharp, 0, 0, sharp, 0, 0);
      ink.font = font;
      ink.textBaseline = "middle";
      data.pieces.forEach((piece, k) => {
        const on = edge + cell * (k + 0.5);
        ink.fillStyle = k === data.at || k === data.to ? accent : style.color;
        ink.textAlign = "right";
        ink.fillText(name(piece), edge - 5, on, edge - 6);
        ink.save();
        ink.translate(on, edge - 5);
        if (edge > 24) ink.rotate(-Math.PI / 2); // words lie on their side
        ink.textAlign = edge > 24 ? "left" : "center";
        ink.fillText(name(piece), 0, edge > 24 ? 0 : -6, edge - 6);
        ink.restore();
        for (let to = 0; to <= k; to++) {
          ink.globalAlpha = 1;
          ink.strokeStyle = line;
          ink.lineWidth = 0.5;
          ink.strokeRect(edge + cell * to, edge + cell * k, cell, cell);
          ink.globalAlpha = Math.sqrt(weight(data, k, to));
          ink.fillStyle = accent;
          ink.fillRect(edge + cell * to, edge + cell * k, cell, cell);
        }
        ink.globalAlpha = 1;
      });
      ink.strokeStyle = style.color;
      ink.lineWidth = 1.5;
      ink.strokeRect(edge, edge + cell * data.at, cell * (data.at + 1), cell);
      ink.strokeRect(edge + cell * data.to, edge + cell * data.at, cell, cell);
    };
    const draw = (box) => {
      const data = read(box);
      data.at = Math.max(0, Math.min(data.pieces.length - 1, data.at));
      const top = most(data);
      data.to = Math.max(0, Math.min(data.at, data.to ?? top[0] ?? 0));
      box.querySelectorAll(".head").forEach((each) => each.setAttribute("aria-pressed", String(Number(each.dataset.head) === data.head)));
      box.querySelectorAll(".scope-text .tok").forEach((each, k) => {
        each.style.background = k <= data.at ? `rgba(79, 70, 229, ${(Math.sqrt(weight(data, data.at, k)) * 0.75).toFixed(2)})` : "";
        each.classList.toggle("chosen", k === data.at);
      });
      const said = (k) => `“${name(data.pieces[k])}” (${k === data.at ? "itself" : `${data.at - k} back`}, ${Math.round(100 * weight(data, data.at, k))} %)`;
      const where = `Layer ${Math.floor(data.head / data.count) + 1}, head ${(data.head % data.count) + 1}: token ${data.at + 1}, “${name(data.pieces[data.at])}”, takes most from `;
      box.querySelector(".heads-note").textContent = where + top.map(said).join(", ") + (top.includes(data.to) ? "." : `; from ${said(data.to)}.`);
      paint(box, data);
    };
    const refresh = () => {
      const box = element.querySelector(".heads");
      if (box && !box.dataset.drawn) { box.dataset.drawn = "yes"; sized.disconnect(); sized.observe(box); small(box, read(box)); draw(box); }
    };
    // data-drawn goes with the next value, and so does all that was drawn, even where the data is the same
    const sized = new ResizeObserver(([entry]) => { if (entry.target.isConnected) paint(entry.target, read(entry.target)); });
    new MutationObserver(refresh).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-drawn"] });
    refresh();
    element.addEventListener("click", (event) => {
      const box = event.target.closest(".heads"), head = event.target.closest(".head"), token = event.target.closest(".scope-text .tok");
      if (!box || (!head && !token)) return;
      const data = read(box);
      if (head) data.head = Number(head.dataset.head);
      if (token) { data.at = Number(token.dataset.k); token.closest(".scope-text").focus({ preventScroll: true }); }
      data.to = undefined;
      draw(box);
    });
    const follow = (event) => {
      const canvas = event.target.closest?.(".heads-map");
      if (!canvas) return;
      const box = canvas.closest(".heads"), data = read(box), at = canvas.getBoundingClientRect();
      const to = Math.floor((event.clientX - at.left - data.edge) / data.cell), from = Math.floor((event.clientY - at.top - data.edge) / data.cell);
      if (from < 0 || to < 0 || from >= data.pieces.length || to > from || (from === data.at && to === data.to)) return;
      data.at = from; data.to = to;
      draw(box);
    };
    element.addEventListener("pointermove", follow);
    element.addEventListener("pointerdown", follow);
    element.addEventListener("keydown", (event) => {
      const box = event.target.closest(".heads"), data = box && read(box);
      const text = event.target.closest(".heads .scope-text");
      if (text) {
        const to = window.playgroundArrow([...text.querySelectorAll(".tok")], data.at, event.key);
        if (to === null) return;
        data.at = to; data.to = undefined;
      } else if (event.target.closest(".heads-map")) {
        const move = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
        if (!move) return;
        data.at += move[0]; data.to += move[1];
      } else return;
      event.preventDefault();
      draw(box);
    });
  };
})();

// The state of a recurrent network over a text (tabs/states.py): a unit shades the text, a character shows where the strip is.
(() => {
  window.playgroundState = (element) => {
    const state = { unit: 0, at: null };
    const read = (box) => { const data = window.playgroundTold(box); if (typeof data.values === "string") data.values = Int8Array.from(atob(data.values), (c) => (c.charCodeAt(0) << 24) >> 24); return data; };
    const draw = (box) => {
      const { units, values } = read(box);
      const tokens = [...box.querySelectorAll(".scope-text .tok")];
      const unit = Math.min(state.unit, units.length - 1);
      box.querySelectorAll(".chip").forEach((each) => each.setAttribute("aria-pressed", String(Number(each.dataset.unit) === unit)));
      const value = (k) => values[k * units.length + unit] / 127;
      tokens.forEach((each, k) => {
        const v = value(k);
        each.style.background = v > 0 ? `rgba(234, 120, 10, ${(0.6 * v).toFixed(2)})` : `rgba(40, 120, 240, ${(-0.6 * v).toFixed(2)})`;
        each.title = v.toFixed(2);
        each.classList.toggle("chosen", k === state.at);
      });
      const cursor = box.querySelector(".state-cursor");
      cursor.style.display = state.at === null ? "none" : "block";
      if (state.at !== null) cursor.style.left = `${(100 * (state.at + 0.5)) / tokens.length}%`;
      const where = state.at === null ? "" : ` After character ${state.at + 1}, ${JSON.stringify(tokens[state.at].textContent)}, it stands at ${value(state.at).toFixed(2)}.`;
      box.querySelector(".state-note").removeAttribute("data-bare");
      box.querySelector(".state-note").textContent = `The text shaded by unit ${units[unit]}, orange above 0, blue below.${where}`;
    };
    const refresh = () => { const box = element.querySelector(".state"); if (box && (box.drawnBy !== box.dataset.told || box.querySelector(".state-note").hasAttribute("data-bare"))) { box.drawnBy = box.dataset.told; state.at = null; state.unit = 0; draw(box); } };
    new MutationObserver(refresh).observe(element, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-told", "data-bare"] });
    refresh();
    element.addEventListener("click", (event) => {
      const box = event.target.closest(".state");
      const chip = event.target.closest(".chip");
      const token = event.target.closest(".scope-text .tok");
      if (!box || (!chip && !token)) return;
      if (chip) state.unit = Number(chip.dataset.unit);
      if (token) state.at = Number(token.dataset.k);
      draw(box);
    });
    element.addEventListener("pointermove", (event) => {
      const token = event.target.closest?.(".state .scope-text .tok");
      if (token && Number(token.dataset.k) !== state.at) { state.at = Number(token.dataset.k); draw(token.closest(".state")); }
    });
    element.addEventListener("keydown", (event) => {
      const text = event.target.closest(".state .scope-text");
      const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 10, ArrowUp: -10 }[event.key];
      if (!text || !move) return;
      event.preventDefault();
      state.at = Math.max(0, Math.min(text.querySelectorAll(".tok").length - 1, state.at === null ? 0 : state.at + move));
      draw(text.closest(".state"));
    });
  };
})();
