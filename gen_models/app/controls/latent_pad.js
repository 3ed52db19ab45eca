// A map of two latent dimensions with a dot to drag. latent_pad.py describes the settings.
LatentLab.kinds.LatentPad ??= (() => {
  "use strict";
  const { Live, POINTER_MOVES, clamp, el, number, svg } = LatentLab;

  const LEAST = 2.5; // of the inner ring's smaller radius, in hundredths of the map's width
  const ENLARGED = [1, 2, 3, 5, 10, 20];
  const CORNERS = 72; // of a ring

  // Φ(z), the distribution function of N(0, 1): 1/2 + φ(z) (z + z³/3 + z⁵/(3·5) + ...), as Marsaglia (2004) sums it.
  function normalCdf(z) {
    const x = clamp(z, -8, 8); // beyond, it is 0 or 1 to the last digit
    let [sum, term] = [x, x];
    for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  }

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
      this.drawn = el("div", { class: "ll-drawn" });
      const under = el("div", { class: "ll-under-map" }, this.where, this.rings);
      this.control.append(el("div", { class: "ll-frame" }, this.up, this.pad, this.across, this.drawn), under);

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
      const { lo, hi, background, ellipse, label } = this.settings;
      if ("background" in changed) {
        this.image.hidden = !background;
        if (background) this.image.src = background;
      }
      const ranged = "lo" in changed || "hi" in changed;
      if (ranged || "ellipse" in changed) this.drawEllipse(ellipse);
      if (ranged && this.value) this.take(this.value);
      this.drawAxes();
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

    // The ends and the name of each axis; between quantiles, all whole numbers but the ends, at their places.
    drawAxes() {
      const { lo, hi, axes, quantiles } = this.settings;
      const word = (words) => el("span", {}, words);
      const at = (z, words) => el("span", { style: `--at: ${this.percent(z)}%` }, words);
      [this.across, this.up].forEach((axis, i) => {
        axis.classList.toggle("ll-ticks", quantiles);
        let marks = [word(number(lo, 0)), word(axes[i]), word(number(hi, 0))];
        if (quantiles) {
          marks = [at(0.45, axes[i])];
          for (let z = Math.floor(lo) + 1; z < hi; z++) marks.push(at(z, number(z, 0)));
        } else if (axis === this.up) marks.reverse();
        axis.replaceChildren(...marks);
      });
    }

    // Where z is from lo to hi, in hundredths: evenly, or by how much of N(0, 1) lies between lo and z.
    percent(z) {
      const { lo, hi, quantiles } = this.settings;
      const place = quantiles ? normalCdf : (x) => x;
      return (100 * (place(z) - place(lo))) / (place(hi) - place(lo));
    }

    // The inverse: which z is so many hundredths from lo to hi.
    at(percent) {
      let { lo, hi, quantiles } = this.settings;
      if (!quantiles) return lo + (percent / 100) * (hi - lo);
      for (let i = 0; i < 50; i++) {
        const middle = (lo + hi) / 2;
        if (this.percent(middle) < percent) lo = middle;
        else hi = middle;
      }
      return (lo + hi) / 2;
    }

    follow(event) {
      const box = this.pad.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width;
      const y = (box.bottom - event.clientY) / box.height;
      this.take([this.at(100 * x), this.at(100 * y)]);
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
    // enlarged, which is said above the map.
    drawEllipse(ellipse) {
      this.contours.replaceChildren();
      this.rings.textContent = this.drawn.textContent = "";
      if (!ellipse) return;
      const [mx, my, sx, sy] = ellipse;
      const radius = (mean, sigma) => (this.percent(mean + sigma) - this.percent(mean - sigma)) / 2;
      const least = Math.min(radius(mx, sx), radius(my, sy));
      const times = ENLARGED.find((n) => n * least >= LEAST) ?? ENLARGED.at(-1);
      const [cx, cy] = [this.percent(mx), this.percent(my)];
      for (const deviations of [1, 2]) {
        const points = [];
        for (let i = 0; i < CORNERS; i++) {
          const angle = (2 * Math.PI * i) / CORNERS;
          const x = this.percent(mx + deviations * sx * Math.cos(angle));
          const y = this.percent(my + deviations * sy * Math.sin(angle));
          points.push(`${(cx + times * (x - cx)).toFixed(2)},${(100 - cy - times * (y - cy)).toFixed(2)}`);
        }
        for (const kind of ["ll-under", "ll-over"])
          this.contours.append(svg("polygon", { class: kind, points: points.join(" ") }));
      }
      this.rings.textContent = `Rings: 1 and 2 \u03c3 = (${number(sx)}, ${number(sy)})`;
      if (times > 1) this.drawn.textContent = `Rings drawn ${times} times as large`;
    }
  }

  return LatentPad;
})();
