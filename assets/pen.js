// The pen of every canvas to draw on: the first pointer draws until it is lifted; a second finger or the palm beside it draws nothing.
// begin(event), which may refuse by giving false; move(event) for every place on the way; end() once.
window.playgroundPen = (canvas, { begin, move, end }) => {
  let pen = null; // the id of the pointer that draws
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button || pen !== null) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId); // throws where the pointer is gone already: then nothing has begun
    if (begin(event) !== false) pen = event.pointerId;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pen) return;
    const parts = event.getCoalescedEvents?.() ?? [];
    for (const part of parts.length ? parts : [event]) move(part);
  });
  // a capture that is lost ends the stroke as well: else no pointer would draw any more
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, (event) => {
    if (event.pointerId !== pen) return;
    pen = null;
    end?.();
  });
};
