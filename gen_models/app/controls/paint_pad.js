// A canvas painted pixel by pixel at the model's own size, so that what is sent is what is seen.
// paint_pad.py describes the settings; LatentLab.Live asks for the images.
LatentLab.kinds.PaintPad ??= (() => {
  "use strict";
  const { Live, POINTER_MOVES, UNDO_STEPS, button, clamp, el, exampleButton, markPressed, moves, newId } = LatentLab;
  const REST_MS = 150; // so long without a change, and the other z are asked for too
  const KEYS = "1234567890-=";
  const SLOPE = 48; // what one stroke of "raise" adds in its middle
  const SEA = 255;
  const SEEDS = 1_000; // among which a button draws one; an address may have any below MAX_SEED
  const MAX_SEED = 2 ** 31;
  const seeds = new Map(); // id of the element -> seed: a page that was hidden is built anew

  const hex = (colour) => `#${colour.map((v) => v.toString(16).padStart(2, "0")).join("")}`;
  const rgb = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  const smooth = (t) => t * t * (3 - 2 * t);

  // How much a brush of radius r covers at distance d from its middle line.
  const profiles = {
    hard: (d, r) => (d <= Math.max(r, 0.71) ? 1 : 0),
    soft: (d, r) => clamp(r + 0.5 - d, 0, 1),
    hill: (d, r) => smooth(clamp(1 - d / (r + 1), 0, 1)),
    slope: (d, r) => smooth(clamp((r - d) / (0.3 * r + 1) + 0.5, 0, 1)),
  };

  // Height and water as a map would show them; the model gets red and green.
  const TINTS = [
    [0, [120, 168, 98]],
    [60, [186, 196, 120]],
    [130, [196, 156, 104]],
    [200, [150, 116, 96]],
    [255, [250, 250, 250]],
  ];
  const LAND = Array.from({ length: 256 }, (_, height) => {
    const i = Math.max(
      1,
      TINTS.findIndex(([at]) => at >= height),
    );
    const [[low, from], [high, to]] = [TINTS[i - 1], TINTS[i]];
    return from.map((v, k) => v + ((to[k] - v) * (height - low)) / (high - low));
  });
  const WATER = [52, 104, 168];
  const tint = (height, water) => LAND[height].map((v, k) => Math.round(v + ((WATER[k] - v) * water) / 255));

  class PaintPad extends Live {
    build() {
      this.all = false;
      this.takes = 0;
      this.raw = el("canvas").getContext("2d", { willReadFrequently: true });
      this.canvas = el("canvas", { class: "ll-draw paint-canvas", tabindex: 0, role: "application" });
      this.view = this.canvas.getContext("2d");
      this.brush = el("b", { class: "paint-brush", "aria-hidden": "true", hidden: "" });
      this.frame = el("div", { class: "paint-frame" }, this.canvas, this.brush);
      this.caption = el("span", { "aria-hidden": "true" });
      this.where = el("span", { role: "status" }); // filled by keys: a mouse sees where it is
      this.palette = el("div", { class: "paint-palette", role: "group", "aria-label": "What the brush paints" });
      this.tools = el("div", { class: "paint-tools" });
      const under = el("div", { class: "ll-where paint-where" }, this.caption, this.where);
      const board = el("div", { class: "paint-board" }, this.palette, el("div", {}, this.frame, under));
      this.control.append(board, this.tools);
      this.control.addEventListener("keydown", (event) => {
        if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
          event.preventDefault();
          this.undo();
        }
      });
      this.listen();
      this.holdSeed();
    }

    // The seed of z has a name of its own in the address.
    holdSeed() {
      const { id } = this.root.parentElement.closest("[id]");
      const { context, seedAddress } = this.settings;
      context.seed = seeds.get(id) ?? context.seed;
      const change = (seed) => {
        seeds.set(id, seed);
        context.seed = seed;
        if (this.state) this.refresh(true);
      };
      const control = {
        root: this.root,
        get value() {
          return context.seed;
        },
        toAddress: String,
        restore(text) {
          if (!/^\d{1,10}$/.test(text) || +text >= MAX_SEED) return false;
          change(+text);
          LatentLab.address.note(this.path, seedAddress, text);
          return true;
        },
      };
      this.newZ = () => {
        change((context.seed + 1 + Math.floor(Math.random() * (SEEDS - 1))) % SEEDS); // another than this one
        if (control.path) LatentLab.address.note(control.path, seedAddress, String(context.seed));
      };
      if (seedAddress) LatentLab.address.register(control, seedAddress);
    }

    listen() {
      this.canvas.addEventListener("pointerdown", (event) => {
        if (event.button || this.held !== undefined || this.loading) return;
        this.held = event.pointerId;
        this.canvas.setPointerCapture(event.pointerId);
        this.canvas.focus({ preventScroll: true });
        event.preventDefault();
        this.follow(event);
        this.begin();
        if (this.filling) this.fill();
        else this.stroke(this.at, this.at);
        this.changed();
      });
      this.canvas.addEventListener(POINTER_MOVES, (event) => {
        if (this.held !== undefined && event.pointerId !== this.held) return;
        for (const each of moves(event)) {
          const from = this.at;
          this.follow(each);
          if (this.held !== undefined && !this.filling) this.stroke(from, this.at);
        }
        if (this.held !== undefined) this.changed();
      });
      this.canvas.addEventListener("pointerleave", () => {
        if (document.activeElement !== this.canvas) this.brush.hidden = true;
      });
      this.canvas.addEventListener("pointerup", (event) => {
        if (event.pointerId !== this.held) return;
        this.held = undefined;
        this.commit();
      });
      // The browser has made something else of it, such as a gesture: nothing was meant to be painted.
      this.canvas.addEventListener("pointercancel", (event) => {
        if (event.pointerId !== this.held) return;
        this.held = undefined;
        this.undo();
      });
      this.canvas.addEventListener("focus", () => this.showBrush());
      this.canvas.addEventListener("blur", () => (this.brush.hidden = true));
      this.canvas.addEventListener("keydown", (event) => this.key(event));
    }

    // ---------------------------------------------------------------------------------------------------- the tools

    settle(changed = this.settings) {
      super.settle();
      this.caption.textContent = this.settings.label;
      if (!("paper" in changed)) return;
      const { name, side, kind, inks, first, examples, example } = this.settings.paper;
      this.settings.context.model = name;
      for (const canvas of [this.raw.canvas, this.canvas]) canvas.width = canvas.height = side;
      this.canvas.classList.toggle("ll-pixels", side <= 256);
      this.canvas.setAttribute(
        "aria-label",
        `${this.settings.label}: paint with mouse, finger or pen. Arrow keys move the brush, space paints, Shift with an ` +
          `arrow key paints a line, [ and ] change its size, digits choose what it paints, Control Z takes back`,
      );
      this.filling = false;
      this.history = [];
      this.drawn = false;
      this.drawings = examples.map((uri) => this.decode(uri));
      this.at = [side / 2, side / 2];
      this.tools.replaceChildren(...this.toolbars(kind, inks, examples));
      this.choose(first);
      if (!this.state) return;
      this.take(example ?? "");
      this.note(true);
      if (this.path) LatentLab.address.again(this.path, this.settings.address);
    }

    toolbars(kind, inks, examples) {
      const { side } = this.settings.paper;
      this.thumbs = undefined;
      this.inks = inks.map((ink) => ({ ...ink }));
      this.swatches = this.inks.map((ink, i) => this.swatch(ink, i));
      this.palette.replaceChildren(...this.swatches);
      if (kind === "colours") this.palette.append(this.ownColour());
      const rows = [];

      this.size = el("input", { type: "range", min: 1, max: Math.round(side / 4), step: 1 });
      this.size.value = Math.max(1, Math.round({ lines: side / 42, terrain: side / 6 }[kind] ?? side / 16));
      this.size.addEventListener("input", () => this.showBrush());
      const bar = el("div", { class: "ll-bar" }, ...this.slider("Brush", this.size));
      if (kind === "terrain") {
        this.height = el("input", { type: "range", min: 1, max: 255, step: 1, value: 90 });
        this.height.addEventListener("input", () => {
          this.choose(this.inks.findIndex((ink) => ink.does === "land"));
        });
        bar.append(...this.slider("Height", this.height));
      }
      if (kind === "labels" || kind === "colours") {
        this.fillButton = button("Fill", () => this.setFilling(!this.filling));
        this.fillButton.setAttribute("aria-pressed", "false");
        this.fillButton.title = "Fill an area of one colour instead of painting";
        bar.append(this.fillButton);
      }
      this.undoButton = button("Undo", () => this.undo());
      bar.append(
        this.undoButton,
        button("Clear", () => this.replace("")),
        button("New z", () => this.newZ()),
      );
      rows.push(bar);
      if (examples.length) rows.push(this.strip(examples));
      const saves = el(
        "div",
        { class: "ll-bar" },
        button("Save drawing", () => this.save(this.raw.canvas, "drawing")),
        button("Save image", () => this.save(this.find("canvas[data-slot=z0]"), "image")),
      );
      rows.push(el("details", {}, el("summary", {}, "Save"), saves));
      return rows;
    }

    slider(words, input) {
      input.id = newId();
      return [el("span", { class: "paint-slider" }, el("label", { for: input.id }, words), input)];
    }

    swatch(ink, i) {
      const chip = el("i", { "aria-hidden": "true" });
      const swatch = el(
        "button",
        { type: "button", class: "paint-ink", title: `${ink.name} (key ${KEYS[i] ?? "none"})` },
        chip,
        ink.name,
      );
      this.dye(chip, ink);
      swatch.addEventListener("click", () => this.choose(i));
      return swatch;
    }

    dye(chip, { colour, does }) {
      chip.textContent = { raise: "\u25b2", lower: "\u25bc" }[does] ?? "";
      if (chip.textContent) return;
      const shown = this.settings.paper.kind === "terrain" ? tint(colour[0], colour[1]) : colour;
      chip.style.background = hex(shown);
    }

    ownColour() {
      const input = el("input", {
        type: "color",
        "aria-label": "A colour of your own",
        title: "A colour of your own",
        value: "#808080",
      });
      input.addEventListener("input", () => {
        this.ink = { name: input.value, colour: rgb(input.value), does: "colour" };
        markPressed(this.swatches);
      });
      return input;
    }

    strip(examples) {
      const strip = el("div", { class: "ll-examples", role: "group", "aria-label": "Examples to start from" });
      const { side } = this.settings.paper;
      this.thumbs = examples.map((_, i) => {
        const canvas = el("canvas", { width: side, height: side, "aria-hidden": "true" });
        this.drawings[i].then((pixels) => this.paint(canvas.getContext("2d"), pixels));
        return exampleButton(`Test example ${i + 1}`, canvas, () => this.replace(i));
      });
      strip.append(...this.thumbs);
      return strip;
    }

    choose(i) {
      this.ink = this.inks[i];
      if (this.ink.does === "land") {
        this.ink.colour = [+this.height.value, 0, 0];
        this.dye(this.swatches[i].firstElementChild, this.ink);
      }
      markPressed(this.swatches, i);
      this.where.textContent = "";
    }

    setFilling(on) {
      this.filling = on;
      this.fillButton.setAttribute("aria-pressed", String(on));
      this.showBrush();
    }

    save(canvas, what) {
      const link = el("a", {
        href: canvas.toDataURL("image/png"),
        download: `${this.settings.paper.name}-${what}.png`,
      });
      link.click();
    }

    // ------------------------------------------------------------------------------------------------- what is drawn

    // An example by its number from 1; nothing is "0", and a drawing has no place in an address.
    toAddress(value) {
      if (value === "") return "0";
      return typeof value === "number" ? String(value + 1) : undefined;
    }

    fromAddress(text) {
      const value = /^\d{1,4}$/.test(text) ? +text : -1;
      if (value < 0 || value > this.settings.paper.examples.length) return undefined;
      return value ? value - 1 : "";
    }

    // {pixels: RGBA of the raw colours, example: its number, "" for an empty canvas, or null}. The pixels of a state change
    // only during a stroke; `this.before` is the state that the stroke began with, `this.mask` how much it covers.
    get value() {
      if (this.loading) return this.coming;
      const { example } = this.state;
      if (example !== null) return example;
      this.raw.putImageData(this.state.pixels, 0, 0);
      return this.raw.canvas.toDataURL("image/png");
    }

    async decode(uri) {
      const { side } = this.settings.paper;
      const image = new Image();
      image.src = uri;
      await image.decode();
      const canvas = el("canvas", { width: side, height: side });
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, side, side);
    }

    empty() {
      const { side, blank } = this.settings.paper;
      const pixels = new ImageData(side, side);
      for (let i = 0; i < pixels.data.length; i += 4) pixels.data.set([...blank, 255], i);
      return pixels;
    }

    // The number of an example, a PNG, or "". Decoding takes a moment; until then nothing is asked.
    async take(value) {
      const take = ++this.takes;
      this.loading = true;
      this.coming = value ?? "";
      this.state ??= { pixels: this.empty(), example: "" };
      let pixels = this.empty();
      if (typeof value === "number") pixels = await this.drawings[value];
      else if (value) pixels = await this.decode(value);
      if (take !== this.takes) return;
      this.loading = false;
      if (this.drawn) this.push();
      this.drawn = true;
      const { data, width, height } = pixels;
      const example = value && typeof value === "string" ? null : (value ?? "");
      this.state = { pixels: new ImageData(data.slice(), width, height), example };
      this.render();
      this.refresh();
    }

    async replace(value) {
      await this.take(value);
      this.commit();
    }

    push() {
      const { pixels, example } = this.state;
      if (pixels.width === this.settings.paper.side)
        this.history = [...this.history, { pixels: new ImageData(pixels.data.slice(), pixels.width), example }].slice(
          -UNDO_STEPS,
        );
    }

    undo() {
      if (!this.history.length || this.held !== undefined) return;
      this.state = this.history.pop();
      this.render();
      this.refresh();
      this.commit();
    }

    begin() {
      this.push();
      this.before = this.history[this.history.length - 1].pixels.data;
      this.mask = new Float32Array(this.before.length / 4);
      this.state.example = null;
    }

    changed() {
      this.render();
      this.refresh();
    }

    // Paint between two points, [x, y] in pixels. A stroke covers no pixel twice: it is the start, and the mask over it.
    stroke([x0, y0], [x1, y1]) {
      const { side, kind } = this.settings.paper;
      const { does } = this.ink;
      const r = this.size.value / 2;
      const edge = { land: "slope", raise: "hill", lower: "hill" }[does] ?? (kind === "lines" ? "soft" : "hard");
      const covers = profiles[edge];
      const [dx, dy] = [x1 - x0, y1 - y0];
      const length2 = dx * dx + dy * dy || 1;
      const low = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - r - 2));
      const high = (a, b) => Math.min(side - 1, Math.ceil(Math.max(a, b) + r + 2));
      for (let y = low(y0, y1); y <= high(y0, y1); y++)
        for (let x = low(x0, x1); x <= high(x0, x1); x++) {
          const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
          const t = clamp((px * dx + py * dy) / length2, 0, 1);
          const cover = covers(Math.hypot(px - t * dx, py - t * dy), r);
          const i = y * side + x;
          if (cover <= this.mask[i]) continue;
          this.mask[i] = cover;
          this.dab(4 * i, cover);
        }
    }

    dab(i, cover) {
      const { data } = this.state.pixels;
      const { does, colour } = this.ink;
      if (does === "colour") {
        for (let k = 0; k < 3; k++)
          data[i + k] = Math.round(this.before[i + k] + (colour[k] - this.before[i + k]) * cover);
        return;
      }
      // What is lower than land is sea.
      const start = this.before[i];
      const step = does === "land" ? (colour[0] - start) * cover : SLOPE * cover * (does === "raise" ? 1 : -1);
      const height = clamp(Math.round(start + step), 0, 255);
      data[i] = height;
      data[i + 1] = height === 0 ? SEA : height === start ? this.before[i + 1] : 0;
      data[i + 2] = 0;
    }

    // Everything of about one colour that hangs together with the pixel under the brush.
    fill() {
      const { side, kind } = this.settings.paper;
      const { data } = this.state.pixels;
      const [x, y] = this.at.map((v) => clamp(Math.floor(v), 0, side - 1));
      const start = 4 * (y * side + x);
      const near = kind === "labels" ? 0 : 16;
      const like = (i) => [0, 1, 2].every((k) => Math.abs(this.before[4 * i + k] - this.before[start + k]) <= near);
      const seen = new Uint8Array(side * side);
      const todo = [start / 4];
      seen[start / 4] = 1;
      while (todo.length) {
        const i = todo.pop();
        data.set(this.ink.colour, 4 * i);
        const column = i % side;
        for (const j of [column ? i - 1 : -1, column < side - 1 ? i + 1 : -1, i - side, i + side])
          if (j >= 0 && j < side * side && !seen[j] && like(j)) {
            seen[j] = 1;
            todo.push(j);
          }
      }
    }

    render() {
      this.paint(this.view, this.state.pixels);
      this.undoButton.disabled = !this.history.length;
      markPressed(this.thumbs ?? [], this.state.example);
    }

    paint(context, pixels) {
      if (this.settings.paper.kind !== "terrain") return context.putImageData(pixels, 0, 0);
      const shown = new ImageData(pixels.width, pixels.height);
      for (let i = 0; i < shown.data.length; i += 4) {
        const [r, g, b] = tint(pixels.data[i], pixels.data[i + 1]);
        shown.data[i] = r;
        shown.data[i + 1] = g;
        shown.data[i + 2] = b;
        shown.data[i + 3] = 255;
      }
      context.putImageData(shown, 0, 0);
    }

    // ------------------------------------------------------------------------------------------------------ the brush

    follow(event) {
      const box = this.canvas.getBoundingClientRect();
      const scale = this.settings.paper.side / box.width;
      this.at = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
      this.showBrush();
    }

    showBrush() {
      const { side } = this.settings.paper;
      const size = this.filling ? 1 : +this.size.value;
      this.brush.hidden = false;
      this.brush.style.width = this.brush.style.height = `${(100 * size) / side}%`;
      this.brush.style.left = `${(100 * this.at[0]) / side}%`;
      this.brush.style.top = `${(100 * this.at[1]) / side}%`;
    }

    say() {
      const [x, y] = this.at.map(Math.floor);
      this.where.textContent = `${this.ink.name}, column ${x + 1}, row ${y + 1}`;
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || this.loading || this.held !== undefined) return;
      const { side } = this.settings.paper;
      const step = Math.max(1, Math.round(this.size.value / 2));
      const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[
        event.key
      ];
      const number = KEYS.indexOf(event.key);
      if (move) {
        const from = this.at;
        this.at = from.map((v, k) => clamp(v + move[k], 0.5, side - 0.5));
        if (event.shiftKey && !this.filling) this.apply(from);
      } else if (event.key === " " || event.key === "Enter") this.apply(this.at);
      else if (event.key === "[" || event.key === "]")
        this.size.value = +this.size.value + (event.key === "]" ? 1 : -1) * step;
      else if (number >= 0 && number < this.inks.length) this.choose(number);
      else return;
      event.preventDefault();
      this.showBrush();
      this.say();
    }

    apply(from) {
      this.begin();
      if (this.filling) this.fill();
      else this.stroke(from, this.at);
      this.changed();
      this.rememberSoon();
    }

    // ---------------------------------------------------------------------------------------------------- the images

    // While something changes, only the first z is asked for; when it rests, all.
    refresh(all = false) {
      this.is("painting", true); // until all that is shown belongs to what is on the canvas
      if (this.loading) return;
      clearTimeout(this.resting);
      this.all = all;
      super.refresh();
    }

    async ask() {
      const { all } = this;
      this.settings.context.all = all;
      const reply = await super.ask();
      if (all && !this.stale) this.is("painting", false);
      if (!all && !this.stale) this.resting = setTimeout(() => this.refresh(true), REST_MS);
      return reply;
    }
  }

  return PaintPad;
})();
