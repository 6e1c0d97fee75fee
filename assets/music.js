// A piano roll that plays (tabs/roll.py): an organ of three partials a note, made here; nothing is fetched. One roll sounds at a time.
(() => {
  const VOLUME = 0.09, ATTACK = 0.02, RELEASE = 0.07, AHEAD = 0.08;
  let sounding = null;  // {roll, context, begun, from, frame}
  const part = (roll, name) => roll.querySelector(name);
  const seconds = (roll) => roll.dataset.moments * roll.dataset.step;
  const show = (roll, moment) => {
    const at = Math.min(moment, roll.dataset.moments);
    for (const end of ["x1", "x2"]) part(roll, ".now").setAttribute(end, at * 8);
    part(roll, ".now").classList.toggle("shown", at > 0);
    part(roll, ".roll-scrub").value = Math.floor(at);
    part(roll, ".film-caption").textContent = `${Math.round(at * roll.dataset.step)} of ${Math.round(seconds(roll))} s`;
  };
  const stop = () => {
    if (!sounding) return;
    cancelAnimationFrame(sounding.frame);
    sounding.context.close();
    part(sounding.roll, ".roll-play").textContent = "▶";
    sounding = null;
  };
  const play = (roll, from) => {
    stop();
    const context = new AudioContext(), step = Number(roll.dataset.step);
    const wave = context.createPeriodicWave(new Float32Array(5), new Float32Array([0, 1, 0.45, 0.2, 0.1]));
    const begun = context.currentTime + AHEAD;
    for (const [voice, first, moments, pitch] of JSON.parse(roll.dataset.notes)) {
      if (first + moments <= from) continue;
      const start = begun + Math.max(0, first - from) * step, end = begun + (first + moments - from) * step;
      const tone = context.createOscillator(), loudness = context.createGain(), place = context.createStereoPanner();
      tone.setPeriodicWave(wave);
      tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
      place.pan.value = [0.35, -0.15, 0.15, -0.35][voice % 4];
      loudness.gain.setValueAtTime(0, start);
      loudness.gain.linearRampToValueAtTime(VOLUME, start + ATTACK);
      loudness.gain.setValueAtTime(VOLUME, Math.max(start + ATTACK, end - RELEASE));
      loudness.gain.linearRampToValueAtTime(0, end);
      tone.connect(loudness).connect(place).connect(context.destination);
      tone.start(start);
      tone.stop(end);
    }
    part(roll, ".roll-play").textContent = "◼";
    const clock = performance.now();  // the page's own clock: a machine without a sound card keeps no audio time
    const tick = () => {
      const at = from + Math.max(0, (performance.now() - clock) / 1000 - AHEAD) / step;
      if (!roll.isConnected) return stop();
      show(roll, at);
      if (at >= roll.dataset.moments) { stop(); show(roll, 0); return; }
      sounding.frame = requestAnimationFrame(tick);
    };
    sounding = { roll, context, frame: requestAnimationFrame(tick) };
  };
  document.addEventListener("click", (event) => {
    const roll = event.target.closest?.(".roll");
    if (!roll || !roll.dataset.notes) return;
    if (event.target.closest(".roll-play")) {
      if (sounding?.roll === roll) return stop();
      play(roll, Number(part(roll, ".roll-scrub").value) % Number(roll.dataset.moments));
    } else if (event.target.closest("svg")) {
      const box = part(roll, "svg").getBoundingClientRect();
      const at = Math.floor(((event.clientX - box.left) / box.width) * roll.dataset.wide);
      if (at < roll.dataset.moments) play(roll, at);
    }
  });
  document.addEventListener("input", (event) => {
    const roll = event.target.closest?.(".roll-scrub") && event.target.closest(".roll");
    if (!roll) return;
    const at = Number(event.target.value);
    if (sounding?.roll === roll) play(roll, at % Number(roll.dataset.moments)); else show(roll, at);
  });
})();
