// What all controls share: small helpers, and the ground that live controls stand on. live.py describes the protocol.
(() => {
  "use strict";
  if (window.LatentLab) return;

  const NO_ANSWER = "The server did not answer. Move again to try once more.";
  const NOT_LOADED = "This control could not be loaded. Reload the page to try once more.";
  const TIMEOUT_MS = 20_000;
  const RETRY_MS = 1_000;
  const RETRIES = 3;
  const SLOW_MS = 200; // what takes longer shows that it works
  const UNDO_STEPS = 20;
  const NONE = "\u2013"; // instead of a number
  // pointermove waits for the next frame, on average 8 ms; pointerrawupdate does not, where the browser has it.
  const POINTER_MOVES = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";

  // ---------------------------------------------------------------------------------------------------------- helpers

  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children); // strings become text nodes: nothing a server says is ever read as HTML
    return node;
  }

  function svg(tag, attributes = {}) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  const clamp = (value, lo, hi) => Math.min(hi, Math.max(lo, value));
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const number = (value, digits = 2) => value.toFixed(digits).replace("-", "\u2212");
  const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  let ids = 0;
  const newId = () => `ll-${++ids}`;

  function button(words, action) {
    const node = el("button", { type: "button", class: "ll-button" }, words);
    node.addEventListener("click", action);
    return node;
  }

  // A button with an image on it, in a strip of examples.
  function exampleButton(name, image, action) {
    const node = button("", action);
    node.className = "ll-example";
    node.setAttribute("aria-label", name);
    node.append(image);
    return node;
  }

  // Which of a row of buttons is chosen, or none.
  function markPressed(buttons, chosen) {
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(i === chosen));
    });
  }

  // Where the pointer was since the last event: more than once where the browser says so.
  function moves(event) {
    const all = event.getCoalescedEvents?.() ?? [];
    return all.length ? all : [event];
  }

  // The control of the element `id`, if it is on the screen.
  const controlOf = (id) => document.getElementById(id)?.querySelector(".ll-live")?.control;

  // A page that was hidden is built anew, one control after the other: `action` once all of `ids` are there.
  function whenThere(ids, action, tries = 100) {
    if (ids.every(controlOf)) action();
    else if (tries) setTimeout(whenThere, 50, ids, action, tries - 1);
  }

  // `action` once `node` is on the screen, or nearly.
  function whenSeen(node, action) {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        observer.disconnect();
        action();
      },
      { rootMargin: "200px" },
    );
    observer.observe(node);
  }

  // Put `side` into the outlet `id`, in place of what the same control had there before it was built anew.
  function place(side, id, owner, tries = 100) {
    const outlet = document.querySelector(`[data-outlet="${CSS.escape(id)}"]`);
    if (!outlet) {
      if (tries) setTimeout(place, 50, side, id, owner, tries - 1);
      return;
    }
    side.dataset.owner = owner;
    for (const old of outlet.querySelectorAll(`:scope > [data-owner="${CSS.escape(owner)}"]`)) old.remove();
    outlet.append(side);
    setTimeout(tidy, 100, outlet); // one that this takes the place of may still be on its way out
  }

  // Remove what belongs to controls that are no longer on the page.
  function tidy(outlet) {
    for (const side of outlet.querySelectorAll(":scope > [data-owner]"))
      if (!document.getElementById(side.dataset.owner)) side.remove();
  }

  // The server's answer, or undefined. A failed call resolves too, with an object that is not ours: ours says "ok".
  async function ask(server, question) {
    try {
      const reply = await Promise.race([server.answer(question), after(TIMEOUT_MS)]);
      return typeof reply?.ok === "boolean" ? reply : undefined;
    } catch {
      return undefined;
    }
  }

  function bytesOf(base64) {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  function paint(canvas, image) {
    canvas.latest = image;
    if (typeof image === "string") return paintFile(canvas, image);
    const [width, height, channels, base64] = image;
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

  // A file in a data: URI takes a moment to decode; meanwhile a later image may have come.
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
      this.stale = false; // the image does not belong to the present value
      this.asking = false;
      this.failures = 0;
      this.isMoved = false; // by the visitor, or by an address
      const { value, context, ...rest } = this.takeProps(); // the value is taken below
      Object.assign(settings, rest);
      Object.assign(settings.context, context);

      this.label = el("div", { class: "ll-label", id: newId() });
      root.setAttribute("role", "group");
      root.setAttribute("aria-labelledby", this.label.id);
      this.control = el("div", { class: "ll-control" });
      this.error = el("p", { class: "ll-error", role: "status" });
      const side = this.screens();
      this.side = side;
      root.append(this.label, el("div", { class: "ll-stage" }, this.control));
      if (settings.results && !side.hidden) place(side, settings.results, root.closest(".block[id]").id);
      else root.lastElementChild.append(side);
      (side.hidden ? root : side).append(this.error); // where it shows, the control must not move under the pointer
      this.build();
      this.settle();
      this.take(props.value);
      if (settings.address) {
        this.atRest = this.toAddress(settings.first);
        LatentLab.address.register(this, settings.address);
      }

      watch(["value", ...Object.keys(settings)], () => this.change(this.takeProps()));
      if (settings.patient) whenSeen(root, () => this.refresh());
      else this.refresh();
    }

    // What Python changed since the last look; at the first look, what an update said before this was on screen.
    takeProps() {
      const delta = {};
      for (const name of Object.keys(this.settings))
        if (this.props[name] !== undefined && !same(this.props[name], this.seen?.[name]))
          delta[name] = this.props[name];
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
      if (value !== undefined && this.held === undefined) {
        this.take(value);
        this.note();
        if (this.path) LatentLab.address.again(this.path, this.settings.address);
      }
      this.refresh();
    }

    // Tell the address where the control stands; `isRest` if it was put there by another control, not by the visitor.
    note(isRest = false) {
      const text = this.toAddress(this.value);
      this.root.toggleAttribute("data-personal", text === undefined);
      if (this.path) LatentLab.address.note(this.path, this.settings.address, text, isRest);
    }

    // The value as an address writes it, or undefined for what is not to be in an address.
    toAddress(value) {
      return value.map((each) => String(+each.toFixed(4))).join(",");
    }

    // The inverse; undefined if there is no such value.
    fromAddress(text) {
      const { lo, hi } = this.settings;
      const value = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
      return value.length === this.value.length && value.every((each) => each >= lo && each <= hi) ? value : undefined;
    }

    // Go where an address says; false if there is no such place.
    restore(text) {
      const value = this.fromAddress(text);
      if (value === undefined) return false;
      this.take(value);
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.commit(), 200); // as if the visitor had gone there
      this.note();
      this.refresh();
      return true;
    }

    find(selector) {
      return this.side.querySelector(selector) ?? this.root.querySelector(selector);
    }

    // A state of the control and of its results, as a class.
    is(state, whether) {
      for (const node of [this.root, this.side]) node.classList.toggle(`ll-${state}`, whether);
    }

    // Another control has moved this one; `isFirst` if nobody asked for it: it is that one's first answer. What the
    // visitor has moved by then stays where it is, and the value is only where this control is at rest.
    moved(delta, isFirst = false) {
      const { value, ...rest } = delta;
      if (value !== undefined && isFirst && (this.isMoved || this.held !== undefined)) {
        if (this.path) LatentLab.address.rest(this.path, this.settings.address, this.toAddress(value));
        this.change(rest);
        return;
      }
      if (value !== undefined) {
        this.isMoved = false;
        this.rememberSoon();
        this.take(value);
        this.note(true);
      }
      this.change(delta);
    }

    screens() {
      const { screens, numbers } = this.settings;
      const figures = screens.map(([slot, caption]) => {
        const canvas = el("canvas", { "data-slot": slot, width: 28, height: 28, role: "img", "aria-label": caption });
        const text = el("span", { class: "ll-text", "data-text": slot });
        return el("figure", { class: "ll-screen" }, canvas, el("figcaption", {}, caption, text));
      });
      const facts = numbers.map(([slot, caption]) =>
        el("div", {}, el("dd", { class: "ll-number", "data-text": slot }, NONE), el("dt", {}, caption)),
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
        const slow = setTimeout(() => this.is("waiting", true), SLOW_MS);
        const reply = await this.ask();
        clearTimeout(slow);
        this.is("waiting", false);
        this.show(reply);
        if (reply?.ok) this.answered = this.asked;
      }
      this.asking = false;
    }

    // Where it stands, and what of that is new since the last answer: "value", and names in the context.
    ask() {
      const { value } = this;
      const { context } = this.settings;
      const was = this.answered;
      const changed = Object.keys(context).filter((name) => !same(context[name], was?.context[name]));
      if (!same(value, was?.value)) changed.push("value");
      this.asked = JSON.parse(JSON.stringify({ value, context })); // Svelte's proxies refuse structuredClone
      return ask(this.server, { value, context, changed });
    }

    show(reply = { ok: false, error: NO_ANSWER, again: true }) {
      const { ok, error, again, images = {}, text = {}, send = {}, ...rest } = reply;
      this.error.textContent = ok ? "" : error;
      this.is("failed", !ok);
      if (!ok) {
        if (again && this.failures++ < RETRIES) setTimeout(() => this.refresh(), RETRY_MS);
        else
          for (const [slot] of this.settings.numbers)
            this.find(`[data-text="${CSS.escape(slot)}"]`).textContent = text[slot] ?? NONE;
        return;
      }
      this.failures = 0;
      for (const [slot, image] of Object.entries(images)) {
        const canvas = this.find(`canvas[data-slot="${CSS.escape(slot)}"]`);
        if (canvas) paint(canvas, image);
      }
      for (const [slot, words] of Object.entries(text)) {
        const node = this.find(`[data-text="${CSS.escape(slot)}"]`);
        if (node) node.textContent = words;
      }
      Object.assign(this.settings, rest);
      this.settle(rest);
      const isFirst = this.answered === undefined && !this.isMoved;
      // On a slow machine the other may come on the screen after this answer.
      for (const [id, delta] of Object.entries(send))
        whenThere([id], () => {
          const other = controlOf(id);
          if (other.moved) other.moved(delta, isFirst);
          else other.change(delta); // a display, which has no value
        });
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
      this.isMoved = true;
      this.remember();
      this.note();
      this.trigger("release");
    }

    settle() {
      this.label.textContent = this.settings.label;
    }
  }

  const kinds = {}; // each control's own file adds its class

  function begin(root, { kind, ...settings }, gradio) {
    root.classList.add(`ll-${kind.toLowerCase()}`);
    root.control = new kinds[kind](root, settings, gradio);
  }

  // Long settings are in a file (first_load.py), so that a page is not heavy with those of tabs that nobody opens.
  async function load(root, gradio) {
    try {
      const response = await fetch(root.dataset.settingsAt);
      if (!response.ok) throw new Error(response.statusText);
      const settings = await response.json();
      if (root.isConnected) begin(root, settings, gradio);
    } catch (error) {
      console.error(error);
      root.append(el("p", { class: "ll-error", role: "status" }, NOT_LOADED));
    }
  }

  window.LatentLab = {
    kinds,
    Live,
    POINTER_MOVES,
    UNDO_STEPS,
    after,
    ask,
    button,
    bytesOf,
    clamp,
    controlOf,
    el,
    exampleButton,
    markPressed,
    moves,
    newId,
    number,
    paint,
    same,
    svg,
    whenThere,
    mount(root, gradio) {
      const { settings } = root.dataset;
      if (settings) begin(root, JSON.parse(decodeURIComponent(settings)), gradio);
      else load(root, gradio);
    },
  };
})();
