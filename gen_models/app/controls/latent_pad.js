// A map of two latent dimensions with a dot to drag. latent_pad.py describes the settings.
LatentLab.kinds.LatentPad ??= (() => {
  "use strict";
  const { Live, POINTER_MOVES, clamp, el, number, svg } = LatentLab;

  const LEAST = 2.5; // of the inner ring's smaller radius, in hundredths of the map's width
  const ENLARGED = [1, 2, 3, 5, 10, 20];

  class LatentPad extends Live {
    build() {
      this.image = el("img", { class: "ll-back", alt: "", draggable: "false" });
      this.contours = svg("svg", { class: "ll-contours", viewBox: "0 0 100 100", "aria-hidden": "true" });
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
      this.rings = el("div");
      const under = el("div", { class: "ll-under-map" }, this.where, this.rings);
      this.control.append(el("div", { class: "ll-frame" }, this.up, this.pad, this.across), under);

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
      this.across.replaceChildren(
        el("span", {}, number(lo, 0)),
        el("span", {}, axes[0]),
        el("span", {}, number(hi, 0)),
      );
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

    // Contours at one and two standard deviations; a light line on a dark one shows on any background. Small ones are
    // enlarged, which is said under the map.
    drawEllipse(ellipse) {
      this.contours.replaceChildren();
      this.rings.textContent = "";
      if (!ellipse) return;
      const [mx, my, sx, sy] = ellipse;
      const scale = 100 / (this.settings.hi - this.settings.lo);
      const times = ENLARGED.find((n) => n * scale * Math.min(sx, sy) >= LEAST) ?? ENLARGED.at(-1);
      for (const deviations of [1, 2])
        for (const kind of ["ll-under", "ll-over"]) {
          const place = { cx: this.percent(mx), cy: 100 - this.percent(my) };
          const [rx, ry] = [sx, sy].map((s) => times * deviations * s * scale);
          this.contours.append(svg("ellipse", { class: kind, ...place, rx, ry }));
        }
      const shown = times === 1 ? "" : `, drawn ${times} times as large`;
      this.rings.textContent = `Rings: 1 and 2 \u03c3 = (${number(sx)}, ${number(sy)})${shown}`;
    }
  }

  return LatentPad;
})();
