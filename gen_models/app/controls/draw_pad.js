// A canvas to draw digits on. draw_pad.py describes the settings.
LatentLab.kinds.DrawPad ??= (() => {
  "use strict";
  const {
    Live,
    POINTER_MOVES,
    UNDO_STEPS,
    button,
    bytesOf,
    el,
    exampleButton,
    markPressed,
    moves,
    newId,
    paint,
    same,
  } = LatentLab;

  class DrawPad extends Live {
    build() {
      const { side, pen, paper, examples } = this.settings;
      const size = side * Math.max(1, Math.round(448 / side));
      this.canvas = el("canvas", { class: "ll-draw", width: size, height: size, role: "img" });
      this.canvas.classList.add(paper === "white" ? "ll-white" : "ll-black");
      this.ink = this.canvas.getContext("2d");
      this.raster = el("canvas", { width: side, height: side }).getContext("2d", { willReadFrequently: true });
      this.raster.imageSmoothingQuality = "high";

      // What is on the canvas: an image to start from and the strokes over it. States are never changed, only replaced.
      this.drawn = { base: null, strokes: [] };
      this.history = [];

      this.undoButton = button("Undo", () => this.undo());
      this.clearButton = button("Clear", () => this.replace({ base: null, strokes: [] }));
      const id = newId();
      this.pen = el("input", { type: "range", id, min: 1, max: 20, step: 0.5, value: 100 * pen });
      const bar = el(
        "div",
        { class: "ll-bar" },
        this.undoButton,
        this.clearButton,
        el("label", { for: id }, "Pen"),
        this.pen,
      );
      this.control.append(this.canvas, bar);
      if (examples.length) this.control.append(this.examples());

      this.canvas.addEventListener("pointerdown", (event) => {
        if (event.button || this.held !== undefined) return;
        this.held = event.pointerId;
        this.canvas.setPointerCapture(event.pointerId);
        event.preventDefault();
        this.stroke = { width: (this.pen.value / 100) * size, points: [this.at(event)] };
        this.push({ base: this.drawn.base, strokes: [...this.drawn.strokes, this.stroke] });
        this.line(this.stroke, 0);
        this.refresh();
      });
      this.canvas.addEventListener(POINTER_MOVES, (event) => {
        if (event.pointerId !== this.held) return;
        const from = this.stroke.points.length - 1;
        for (const each of moves(event)) this.stroke.points.push(this.at(each));
        this.line(this.stroke, from);
        this.refresh();
      });
      for (const end of ["pointerup", "pointercancel"])
        this.canvas.addEventListener(end, (event) => {
          if (event.pointerId !== this.held) return;
          this.held = undefined;
          this.refresh();
          this.commit();
        });
    }

    examples() {
      const strip = el("div", { class: "ll-examples", role: "group", "aria-label": "Examples to start from" });
      this.thumbs = this.settings.examples.map(([caption, image], i) => {
        const canvas = el("canvas", { "aria-hidden": "true" });
        paint(canvas, image);
        const thumb = exampleButton(caption, canvas, () => this.replace({ base: i, strokes: [] }));
        thumb.title = caption;
        return thumb;
      });
      strip.append(...this.thumbs);
      return strip;
    }

    settle() {
      super.settle();
      const or = this.thumbs ? ", or choose an example below" : "";
      this.canvas.setAttribute("aria-label", `${this.settings.label}: draw with mouse, finger or pen${or}`);
    }

    // The number of an untouched example, the run-length code of a drawing, or "" for an empty canvas.
    get value() {
      const { base, strokes } = this.drawn;
      if (!strokes.length && base === null) return "";
      if (!strokes.length && typeof base === "number") return base;
      const { side } = this.settings;
      this.raster.clearRect(0, 0, side, side);
      this.raster.drawImage(this.canvas, 0, 0, side, side);
      const { data } = this.raster.getImageData(0, 0, side, side);
      let runs = "";
      for (let i = 3; i < data.length; ) {
        const ink = data[i];
        let length = 0;
        while (length < 255 && i < data.length && data[i] === ink) {
          length++;
          i += 4;
        }
        runs += String.fromCharCode(length, ink);
      }
      return btoa(runs);
    }

    take(value) {
      this.push({ base: value === "" || value == null ? null : value, strokes: [] });
      this.render();
    }

    // An example by its number from 1; nothing is "0", and a drawing has no place in an address.
    toAddress(value) {
      if (value === "") return "0";
      return typeof value === "number" ? String(value + 1) : undefined;
    }

    fromAddress(text) {
      const value = /^\d{1,4}$/.test(text) ? +text : -1;
      if (value < 0 || value > this.settings.examples.length) return undefined;
      return value ? value - 1 : "";
    }

    at(event) {
      const box = this.canvas.getBoundingClientRect();
      const scale = this.canvas.width / box.width;
      return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    }

    push(drawn) {
      if (!same(drawn.base, this.drawn.base) || drawn.strokes.length || this.drawn.strokes.length)
        this.history = [...this.history, this.drawn].slice(-UNDO_STEPS);
      this.drawn = drawn;
      this.mark();
    }

    replace(drawn) {
      this.push(drawn);
      this.render();
      this.answered = undefined; // the same example once more is a new question
      this.refresh();
      this.commit();
    }

    undo() {
      this.drawn = this.history.pop() ?? this.drawn;
      this.mark();
      this.render();
      this.refresh();
      this.commit();
    }

    mark() {
      this.undoButton.disabled = !this.history.length;
      markPressed(this.thumbs ?? [], this.drawn.strokes.length ? null : this.drawn.base);
    }

    // Ink is opacity, so one canvas serves both papers.
    line({ width, points }, from) {
      this.ink.lineCap = this.ink.lineJoin = "round";
      this.ink.strokeStyle = this.settings.paper === "white" ? "#000" : "#fff";
      this.ink.lineWidth = width;
      this.ink.beginPath();
      this.ink.moveTo(...points[from]);
      for (const point of points.length > from + 1 ? points.slice(from + 1) : [points[from]]) this.ink.lineTo(...point);
      this.ink.stroke();
    }

    render() {
      const { base, strokes } = this.drawn;
      this.ink.clearRect(0, 0, this.canvas.width, this.canvas.height);
      if (base !== null) this.ink.drawImage(this.inked(base), 0, 0, this.canvas.width, this.canvas.height);
      for (const stroke of strokes) this.line(stroke, 0);
    }

    inked(base) {
      let width = this.settings.side;
      let height = width;
      let grey = [];
      if (typeof base === "number") {
        const [w, h, channels, pixels] = this.settings.examples[base][1];
        [width, height, grey] = [w, h, bytesOf(pixels).filter((_, i) => i % channels === 0)];
      } else {
        const pairs = bytesOf(base);
        for (let i = 0; i < pairs.length; i += 2) for (let n = pairs[i]; n > 0; n--) grey.push(pairs[i + 1]);
      }
      const canvas = el("canvas", { width, height });
      const context = canvas.getContext("2d");
      const image = context.createImageData(width, height);
      const shade = this.settings.paper === "white" ? 0 : 255;
      for (let i = 0; i < grey.length; i++) image.data.set([shade, shade, shade, grey[i]], 4 * i);
      context.putImageData(image, 0, 0);
      return canvas;
    }
  }

  return DrawPad;
})();
