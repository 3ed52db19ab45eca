// What every live control shares, and three controls. live.py describes the protocol.
(() => {
  "use strict";
  if (window.LatentLab) return;

  const NO_ANSWER = "The server did not answer. Move again to try once more.";
  const TIMEOUT_MS = 20_000;
  const RETRY_MS = 1_000;
  const RETRIES = 3;
  const UNDO_STEPS = 20;
  // pointermove waits for the next frame, on average 8 ms; pointerrawupdate does not, where the browser has it.
  const POINTER_MOVES = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";

  // ---------------------------------------------------------------------------------------------------------- helpers

  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children); // strings become text nodes: nothing a server says is ever read as HTML
    return node;
  }

  const clamp = (value, lo, hi) => Math.min(hi, Math.max(lo, value));
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const number = (value, digits = 2) => value.toFixed(digits).replace("-", "\u2212");
  const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  let ids = 0;
  const newId = () => `ll-${++ids}`;

  function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  function paint(canvas, picture) {
    canvas.latest = picture;
    if (typeof picture === "string") return paintFile(canvas, picture);
    const [width, height, channels, base64] = picture;
    if (canvas.width !== width || canvas.height !== height || !canvas.pixels) {
      canvas.width = width;
      canvas.height = height;
      canvas.classList.toggle("ll-pixels", Math.max(width, height) <= 64);
      canvas.pixels = canvas.getContext("2d").createImageData(width, height);
    }
    const from = bytesOf(base64);
    const to = canvas.pixels.data;
    for (let i = 0, j = 0; i < from.length; i += channels, j += 4) {
      to[j] = from[i];
      to[j + 1] = from[channels === 3 ? i + 1 : i];
      to[j + 2] = from[channels === 3 ? i + 2 : i];
      to[j + 3] = 255;
    }
    canvas.getContext("2d").putImageData(canvas.pixels, 0, 0);
  }

  // A file in a data: URI takes a moment to decode; meanwhile a later picture may have come.
  async function paintFile(canvas, uri) {
    const image = new Image();
    image.src = uri;
    await image.decode();
    if (canvas.latest !== uri) return;
    if (canvas.width !== image.width || canvas.height !== image.height) {
      canvas.width = image.width;
      canvas.height = image.height;
    }
    canvas.classList.toggle("ll-pixels", Math.max(image.width, image.height) <= 64);
    canvas.pixels = undefined;
    canvas.getContext("2d").drawImage(image, 0, 0);
  }

  // --------------------------------------------------------------------------------------------------------- the ground

  class Live {
    constructor(root, settings, { props, server, trigger, watch }) {
      Object.assign(this, { root, settings, props, server, trigger });
      this.stale = false; // the picture does not belong to the present value
      this.asking = false;
      this.failures = 0;
      const { value, context, ...rest } = this.takeProps(); // the value is taken below
      Object.assign(settings, rest);
      Object.assign(settings.context, context);

      this.label = el("div", { class: "ll-label", id: newId() });
      root.setAttribute("role", "group");
      root.setAttribute("aria-labelledby", this.label.id);
      this.control = el("div", { class: "ll-control" });
      this.error = el("p", { class: "ll-error", role: "status" });
      const side = this.screens();
      root.append(this.label, el("div", { class: "ll-stage" }, this.control, side));
      (side.hidden ? root : side).append(this.error); // where it shows, the control must not move under the pointer
      this.build();
      this.settle();
      this.take(props.value);

      watch(["value", ...Object.keys(settings)], () => this.change(this.takeProps()));
      this.refresh();
    }

    // What Python changed since the last look; at the first look, what an update said before this was on screen.
    takeProps() {
      const delta = {};
      for (const name of Object.keys(this.settings))
        if (this.props[name] !== undefined && !same(this.props[name], this.seen?.[name])) delta[name] = this.props[name];
      if (this.seen && !same(this.props.value, this.seen.value)) delta.value = this.props.value;
      // Props are Svelte's proxies, which structuredClone refuses.
      this.seen = JSON.parse(JSON.stringify({ ...this.seen, ...delta, value: this.props.value ?? null }));
      return delta;
    }

    // New settings, a new value, or both: from Python (an update) or from another control (a reply's "send").
    change({ value, context, ...rest }) {
      Object.assign(this.settings, rest);
      Object.assign(this.settings.context, context);
      this.settle(rest);
      if (value !== undefined && this.held === undefined) this.take(value);
      this.refresh();
    }

    screens() {
      const { screens, numbers } = this.settings;
      const figures = screens.map(([slot, caption]) => {
        const canvas = el("canvas", { "data-slot": slot, width: 28, height: 28, role: "img", "aria-label": caption });
        const text = el("span", { class: "ll-text", "data-text": slot });
        return el("figure", { class: "ll-screen" }, canvas, el("figcaption", {}, caption, text));
      });
      const facts = numbers.map(([slot, caption]) =>
        el("div", {}, el("dd", { class: "ll-number", "data-text": slot }, "\u2013"), el("dt", {}, caption)),
      );
      const side = el("div", { class: "ll-side" });
      if (figures.length) side.append(el("div", { class: "ll-screens" }, ...figures));
      if (facts.length) side.append(el("dl", { class: "ll-numbers" }, ...facts));
      side.hidden = !side.childElementCount;
      return side;
    }

    // The pump: at most one question under way, and the next one asks for the latest value.
    refresh() {
      this.stale = true;
      if (!this.asking) this.pump();
    }

    async pump() {
      this.asking = true;
      while (this.stale && this.root.isConnected) {
        this.stale = false;
        this.show(await this.ask());
      }
      this.asking = false;
    }

    async ask() {
      const question = { value: this.value, context: this.settings.context };
      try {
        return await Promise.race([this.server.answer(question), after(TIMEOUT_MS)]);
      } catch {
        return undefined;
      }
    }

    show(reply) {
      // A failed call resolves too, with undefined or with an object that is not ours: ours says "ok".
      if (typeof reply?.ok !== "boolean") reply = { ok: false, error: NO_ANSWER, again: true };
      const { ok, error, again, pictures = {}, text = {}, send = {}, ...rest } = reply;
      this.error.textContent = ok ? "" : error;
      this.root.classList.toggle("ll-failed", !ok);
      if (!ok) {
        if (again && this.failures++ < RETRIES) setTimeout(() => this.refresh(), RETRY_MS);
        return;
      }
      this.failures = 0;
      for (const [slot, picture] of Object.entries(pictures)) {
        const canvas = this.root.querySelector(`canvas[data-slot="${CSS.escape(slot)}"]`);
        if (canvas) paint(canvas, picture);
      }
      for (const [slot, words] of Object.entries(text)) {
        const node = this.root.querySelector(`[data-text="${CSS.escape(slot)}"]`);
        if (node) node.textContent = words;
      }
      Object.assign(this.settings, rest);
      this.settle(rest);
      for (const [id, delta] of Object.entries(send)) {
        const other = document.getElementById(id)?.querySelector(".ll-live")?.control;
        other?.change(delta);
        if (delta.value !== undefined) other?.rememberSoon();
      }
    }

    // Tell Gradio the value. Each write to props compiles the template again, so never during a drag.
    remember() {
      this.props.value = structuredClone(this.value); // the same array again would not count as a change
      this.seen.value = structuredClone(this.value);
    }

    rememberSoon() {
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.remember(), 200);
    }

    commit() {
      this.remember();
      this.trigger("release");
    }

    settle() {
      this.label.textContent = this.settings.label;
    }
  }

  // ------------------------------------------------------------------------------------------------------ the 2-D map

  class LatentPad extends Live {
    build() {
      this.image = el("img", { class: "ll-back", alt: "", draggable: "false" });
      this.contours = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.contours.setAttribute("class", "ll-contours");
      this.contours.setAttribute("viewBox", "0 0 100 100");
      this.contours.setAttribute("aria-hidden", "true");
      this.dot = el("b", { class: "ll-dot" });
      this.pad = el(
        "div",
        { class: "ll-pad", tabindex: 0, role: "slider", "aria-roledescription": "two-dimensional slider" },
        this.image,
        this.contours,
        this.dot,
      );
      this.across = el("div", { class: "ll-axis ll-across" });
      this.up = el("div", { class: "ll-axis ll-up" });
      this.where = el("div", { class: "ll-where", "aria-hidden": "true" }); // the pad says it in aria-valuetext
      this.control.append(el("div", { class: "ll-frame" }, this.up, this.pad, this.across), this.where);

      this.pad.addEventListener("pointerdown", (event) => {
        if (event.button || this.held !== undefined) return;
        this.held = event.pointerId;
        this.pad.setPointerCapture(event.pointerId);
        this.pad.focus({ preventScroll: true });
        event.preventDefault();
        this.follow(event);
      });
      this.pad.addEventListener(POINTER_MOVES, (event) => {
        if (event.pointerId === this.held) this.follow(event);
      });
      for (const end of ["pointerup", "pointercancel"])
        this.pad.addEventListener(end, (event) => {
          if (event.pointerId !== this.held) return;
          this.held = undefined;
          this.commit();
        });
      this.pad.addEventListener("keydown", (event) => this.key(event));
    }

    settle(changed = this.settings) {
      super.settle();
      const { lo, hi, axes, background, ellipse, label } = this.settings;
      if ("background" in changed) {
        this.image.hidden = !background;
        if (background) this.image.src = background;
      }
      const ranged = "lo" in changed || "hi" in changed;
      if (ranged || "ellipse" in changed) this.drawEllipse(ellipse);
      if (ranged && this.value) this.take(this.value);
      this.across.replaceChildren(el("span", {}, number(lo, 0)), el("span", {}, axes[0]), el("span", {}, number(hi, 0)));
      this.up.replaceChildren(el("span", {}, number(hi, 0)), el("span", {}, axes[1]), el("span", {}, number(lo, 0)));
      this.pad.setAttribute("aria-label", `${label}: arrow keys move, with Shift in bigger steps, Home to the middle`);
      this.pad.setAttribute("aria-valuemin", lo);
      this.pad.setAttribute("aria-valuemax", hi);
    }

    take(value) {
      const { lo, hi, axes } = this.settings;
      this.value = [clamp(+value[0] || 0, lo, hi), clamp(+value[1] || 0, lo, hi)];
      const [x, y] = this.value;
      this.dot.style.left = `${this.percent(x)}%`;
      this.dot.style.bottom = `${this.percent(y)}%`;
      const words = `${axes[0]} ${number(x)}, ${axes[1]} ${number(y)}`;
      this.where.textContent = words;
      this.pad.setAttribute("aria-valuenow", x.toFixed(2));
      this.pad.setAttribute("aria-valuetext", words);
    }

    percent(z) {
      return (100 * (z - this.settings.lo)) / (this.settings.hi - this.settings.lo);
    }

    follow(event) {
      const box = this.pad.getBoundingClientRect();
      const { lo, hi } = this.settings;
      const x = (event.clientX - box.left) / box.width;
      const y = (box.bottom - event.clientY) / box.height;
      this.take([lo + x * (hi - lo), lo + y * (hi - lo)]);
      this.refresh();
    }

    key(event) {
      const step = ((this.settings.hi - this.settings.lo) / 100) * (event.shiftKey ? 10 : 1);
      const [x, y] = this.value;
      const middle = (this.settings.lo + this.settings.hi) / 2;
      const to = {
        ArrowLeft: [x - step, y],
        ArrowRight: [x + step, y],
        ArrowUp: [x, y + step],
        ArrowDown: [x, y - step],
        Home: [middle, middle],
      }[event.key];
      if (!to) return;
      event.preventDefault();
      this.take(to);
      this.refresh();
      this.commit();
    }

    // Contours at one and two standard deviations; a light line on a dark one shows on any background.
    drawEllipse(ellipse) {
      this.contours.replaceChildren();
      if (!ellipse) return;
      const [mx, my, sx, sy] = ellipse;
      const scale = 100 / (this.settings.hi - this.settings.lo);
      for (const deviations of [1, 2])
        for (const kind of ["ll-under", "ll-over"]) {
          const ring = document.createElementNS("http://www.w3.org/2000/svg", "ellipse");
          ring.setAttribute("class", kind);
          ring.setAttribute("cx", this.percent(mx));
          ring.setAttribute("cy", 100 - this.percent(my));
          ring.setAttribute("rx", deviations * sx * scale);
          ring.setAttribute("ry", deviations * sy * scale);
          this.contours.append(ring);
        }
    }
  }

  // ------------------------------------------------------------------------------------------------------- the sliders

  class LatentSliders extends Live {
    build() {
      this.list = el("div", { class: "ll-sliders" });
      const reset = el("button", { type: "button", class: "ll-button ll-reset" }, "Reset");
      reset.addEventListener("click", () => {
        this.stop();
        this.take(this.value.map(() => this.rest()));
        this.refresh();
        this.commit();
      });
      this.control.append(this.list, el("div", { class: "ll-bar" }, reset));
    }

    settle(changed = this.settings) {
      super.settle();
      if (["labels", "lo", "hi", "step"].some((name) => name in changed)) {
        this.stop();
        this.rows = this.settings.labels.map((label, i) => this.row(label, i));
        this.list.replaceChildren(...this.rows.map((row) => row.node));
        if (this.value) {
          this.take(this.value); // as many numbers as there are sliders now
          this.rememberSoon();
        }
      }
    }

    row(label, i) {
      const { lo, hi, step, sweep } = this.settings;
      const id = newId();
      const input = el("input", { type: "range", id, min: lo, max: hi, step });
      const output = el("span", { class: "ll-value", "aria-hidden": "true" }); // the input says its own value
      const node = el("div", { class: "ll-slider" }, el("label", { for: id }, label), output, input);
      input.addEventListener("input", () => {
        this.held = i;
        this.stop();
        this.set(i, +input.value);
        this.refresh();
      });
      input.addEventListener("change", () => {
        this.held = undefined;
        this.commit();
      });
      input.addEventListener("dblclick", () => {
        this.set(i, this.rest());
        this.refresh();
        this.commit();
      });
      const row = { node, input, output };
      if (sweep) {
        row.button = el("button", { type: "button", class: "ll-button ll-play", "aria-label": `Play ${label}` }, "Play");
        row.button.addEventListener("click", () => (this.playing === i ? this.stop(true) : this.play(i)));
        node.append(row.button);
      }
      return row;
    }

    rest() {
      return clamp(0, this.settings.lo, this.settings.hi);
    }

    take(value) {
      this.value = this.rows.map(() => this.rest());
      this.rows.forEach((_, i) => this.set(i, +(value[i] ?? this.rest())));
    }

    set(i, value) {
      const { lo, hi, step } = this.settings;
      const row = this.rows[i];
      this.value[i] = clamp(value, lo, hi);
      row.input.value = this.value[i];
      row.output.textContent = number(this.value[i], Math.max(0, -Math.floor(Math.log10(step))));
    }

    play(i) {
      this.stop();
      this.playing = i;
      this.rows[i].button.textContent = "Pause";
      const { lo, hi } = this.settings;
      let direction = 1;
      let before = performance.now();
      const frame = (now) => {
        if (this.playing !== i || !this.root.isConnected) return;
        const moved = this.value[i] + (direction * (hi - lo) * (now - before)) / 3000;
        if (moved >= hi || moved <= lo) direction = moved >= hi ? -1 : 1;
        before = now;
        this.set(i, moved);
        this.refresh();
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    }

    stop(commit = false) {
      if (this.playing === undefined) return;
      this.rows[this.playing].button.textContent = "Play";
      this.playing = undefined;
      if (commit) this.commit();
    }
  }

  // ---------------------------------------------------------------------------------------------------------- the sheet

  class DrawPad extends Live {
    build() {
      const { side, pen, paper, examples } = this.settings;
      const size = side * Math.max(1, Math.round(448 / side));
      this.sheet = el("canvas", { class: "ll-draw", width: size, height: size, role: "img" });
      this.sheet.classList.add(paper === "white" ? "ll-white" : "ll-black");
      this.ink = this.sheet.getContext("2d");
      this.raster = el("canvas", { width: side, height: side }).getContext("2d", { willReadFrequently: true });
      this.raster.imageSmoothingQuality = "high";

      // What is on the sheet: a picture to start from and the strokes over it. States are never changed, only replaced.
      this.drawn = { base: null, strokes: [] };
      this.history = [];

      this.undoButton = this.button("Undo", () => this.undo());
      this.clearButton = this.button("Clear", () => this.replace({ base: null, strokes: [] }));
      const id = newId();
      this.pen = el("input", { type: "range", id, min: 1, max: 20, step: 0.5, value: 100 * pen });
      const bar = el("div", { class: "ll-bar" }, this.undoButton, this.clearButton, el("label", { for: id }, "Pen"), this.pen);
      this.control.append(this.sheet, bar);
      if (examples.length) this.control.append(this.examples());

      this.sheet.addEventListener("pointerdown", (event) => {
        if (event.button || this.held !== undefined) return;
        this.held = event.pointerId;
        this.sheet.setPointerCapture(event.pointerId);
        event.preventDefault();
        this.stroke = { width: (this.pen.value / 100) * size, points: [this.at(event)] };
        this.push({ base: this.drawn.base, strokes: [...this.drawn.strokes, this.stroke] });
        this.line(this.stroke, 0);
        this.refresh();
      });
      this.sheet.addEventListener(POINTER_MOVES, (event) => {
        if (event.pointerId !== this.held) return;
        const from = this.stroke.points.length - 1;
        const all = event.getCoalescedEvents?.() ?? [];
        for (const each of all.length ? all : [event]) this.stroke.points.push(this.at(each));
        this.line(this.stroke, from);
        this.refresh();
      });
      for (const end of ["pointerup", "pointercancel"])
        this.sheet.addEventListener(end, (event) => {
          if (event.pointerId !== this.held) return;
          this.held = undefined;
          this.refresh();
          this.commit();
        });
    }

    button(words, action) {
      const button = el("button", { type: "button", class: "ll-button" }, words);
      button.addEventListener("click", action);
      return button;
    }

    examples() {
      const strip = el("div", { class: "ll-examples", role: "group", "aria-label": "Examples to start from" });
      this.thumbs = this.settings.examples.map(([caption, picture], i) => {
        const canvas = el("canvas", { "aria-hidden": "true" });
        paint(canvas, picture);
        const thumb = this.button("", () => this.replace({ base: i, strokes: [] }));
        thumb.className = "ll-example";
        thumb.setAttribute("aria-label", caption);
        thumb.title = caption;
        thumb.append(canvas);
        strip.append(thumb);
        return thumb;
      });
      return strip;
    }

    settle() {
      super.settle();
      const or = this.thumbs ? ", or choose an example below" : "";
      this.sheet.setAttribute("aria-label", `${this.settings.label}: draw with mouse, finger or pen${or}`);
    }

    // The number of an untouched example, the run-length code of a drawing, or "" for an empty sheet.
    get value() {
      const { base, strokes } = this.drawn;
      if (!strokes.length && base === null) return "";
      if (!strokes.length && typeof base === "number") return base;
      const { side } = this.settings;
      this.raster.clearRect(0, 0, side, side);
      this.raster.drawImage(this.sheet, 0, 0, side, side);
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

    at(event) {
      const box = this.sheet.getBoundingClientRect();
      const scale = this.sheet.width / box.width;
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
      const chosen = this.drawn.strokes.length ? null : this.drawn.base;
      this.thumbs?.forEach((thumb, i) => thumb.setAttribute("aria-pressed", String(i === chosen)));
    }

    // Ink is opacity, so one sheet serves both papers.
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
      this.ink.clearRect(0, 0, this.sheet.width, this.sheet.height);
      if (base !== null) this.ink.drawImage(this.inked(base), 0, 0, this.sheet.width, this.sheet.height);
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

  const kinds = { LatentPad, LatentSliders, DrawPad };

  window.LatentLab = {
    kinds, // a control of one tab alone adds itself here
    Live,
    POINTER_MOVES,
    UNDO_STEPS,
    el,
    newId,
    clamp,
    mount(root, gradio) {
      const { kind, ...settings } = JSON.parse(decodeURIComponent(root.dataset.settings));
      root.classList.add(`ll-${kind.toLowerCase()}`);
      root.control = new kinds[kind](root, settings, gradio);
    },
  };
})();
