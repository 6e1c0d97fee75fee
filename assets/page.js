// What happens in the browser alone: film players, the "sweep" of a latent map, drawing pads, links that press the tab's button.
(() => {
  const frameOf = (film) => film.querySelector(".frame");
  const show = (film, i) => {
    const total = Number(film.dataset.frames);
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
    const total = Number(film.dataset.frames);
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
    const link = event.target.closest?.("a.permalink");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const url = new URL(link.getAttribute("href"), location.href);
      history.replaceState(null, "", url);
      navigator.clipboard?.writeText(url.href).catch(() => {});
      link.textContent = "link copied";
      setTimeout(() => (link.textContent = "link"), 1500);
    }
  });
  // A link that names settings besides the tab is meant to be seen run.
  window.playgroundOpened = () => {
    const query = new URLSearchParams(location.search);
    const tab = query.get("tab");
    query.delete("tab"); query.delete("__theme");
    if (!tab || ![...query.keys()].length) return;
    let tries = 0;
    const press = setInterval(() => {
      const button = document.getElementById(`${tab}-run`);
      if (button && button.offsetParent) { clearInterval(press); setTimeout(() => button.click(), 300); }
      else if (++tries > 50) clearInterval(press);
    }, 100);
  };
})();
