// Drawing a signature. Without this script the typed name is enough.
"use strict";

(() => {
  const WIDTH = 1000; // the strokes are kept in a box this wide, whatever the screen

  function read(path, scale) {
    return path
      .split("M")
      .filter(Boolean)
      .map((stroke) => ({
        points: stroke.split("L").map((point, index) => {
          const [x, y] = point.split(" ").map((value) => Number(value) * scale);
          return { x, y, pressure: 0.5, time: index * 20 };
        }),
      }));
  }

  function write(groups, scale) {
    const whole = (value) => Math.min(9999, Math.max(0, Math.round(value / scale)));
    return groups
      .filter((group) => group.points.length)
      .map((group) => "M" + group.points.map((point) => `${whole(point.x)} ${whole(point.y)}`).join("L"))
      .join("");
  }

  function start(block) {
    const field = block.closest("form").querySelector("input[name='path']");
    const canvas = block.querySelector("canvas");
    block.hidden = false;
    const pad = new SignaturePad(canvas, { minWidth: 1, maxWidth: 2.5, penColor: "#1c2430" });
    const scale = () => canvas.clientWidth / WIDTH;

    // A canvas forgets what is on it when its size changes: draw the strokes again from what is kept.
    let drawnAt = 0;
    function fit() {
      if (canvas.clientWidth === drawnAt) return;
      drawnAt = canvas.clientWidth;
      const ratio = Math.max(window.devicePixelRatio || 1, 1);
      canvas.width = canvas.clientWidth * ratio;
      canvas.height = canvas.clientHeight * ratio;
      canvas.getContext("2d").scale(ratio, ratio);
      pad.clear();
      if (field.value) pad.fromData(read(field.value, scale()));
    }

    pad.addEventListener("endStroke", () => (field.value = write(pad.toData(), scale())));
    block.querySelector("[data-signature-clear]").addEventListener("click", () => {
      pad.clear();
      field.value = "";
    });
    new ResizeObserver(fit).observe(canvas);
    fit();
  }

  document.querySelectorAll("[data-signature]").forEach(start);
})();
