// Charts, sentence and table beside the plane, which sends what views.shown gives.
LatentLab.kinds.EquilibriaViews ??= (() => {
  "use strict";
  const { controlOf, el, number, whenThere } = LatentLab;
  const [WIDTH, HEIGHT, REACH] = [400, 110, 3]; // of the line of points, as in views.py
  const PLAY_MS = 7000;
  const STILLS = 10; // instead of motion, where a visitor wants none
  const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  class EquilibriaViews {
    constructor(root, { source, main }) {
      Object.assign(this, { root, main, source, walk: [] });
      this.slider = this.find(".player input");
      this.button = this.find(".play");
      this.slider.setAttribute("aria-label", "Place on the path");
      this.slider.addEventListener("input", () => {
        this.stop();
        this.show(+this.slider.value);
      });
      this.button.addEventListener("click", () => (this.playing ? this.stop() : this.play()));
      controlOf(source)?.refresh();
    }

    find(selector) {
      return this.root.querySelector(selector);
    }

    // The path from its start, in a few seconds; in stills for who asked for less motion.
    play() {
      const last = this.walk.length - 1;
      if (last < 1) return;
      this.button.textContent = "Stop";
      const still = calm();
      const began = performance.now();
      const next = (now) => {
        if (!this.root.isConnected) return;
        const share = Math.min(1, (now - began) / PLAY_MS);
        this.show(Math.round(last * (still ? Math.floor(share * STILLS) / STILLS : share)));
        if (share < 1) this.playing = requestAnimationFrame(next);
        else this.stop();
      };
      this.playing = requestAnimationFrame(next);
    }

    stop() {
      cancelAnimationFrame(this.playing);
      this.playing = undefined;
      this.button.textContent = "Play";
    }

    // One place of the path: on the plane, and as two points and the discriminator's logit on their line.
    show(i) {
      const at = this.walk[i];
      controlOf(this.source)?.mark(at);
      this.slider.value = i;
      if (!at) return;
      const [theta, psi] = at;
      const step = Math.round((i / Math.max(1, this.walk.length - 1)) * this.steps);
      this.find(".at").textContent = `step ${step}`;
      const words = `${this.played}, step ${step}: θ ${number(theta)}, ψ ${number(psi)}`;
      this.slider.setAttribute("aria-valuetext", words);
      const across = (x) => ((x + REACH) / (2 * REACH)) * WIDTH;
      const up = (y) => HEIGHT / 2 - (y / (2 * REACH)) * HEIGHT;
      this.find(".point.fake").setAttribute("cx", across(theta));
      this.find(".world .logit").setAttribute("d", `M0 ${up(-REACH * psi)}L${WIDTH} ${up(REACH * psi)}`);
      for (const [name, centre] of [
        ["real", 0],
        ["fake", theta],
      ])
        this.find(`.bell.${name}`).setAttribute("d", this.sigma ? this.bell(centre, across) : "");
      this.find(".world").setAttribute(
        "aria-label",
        `The real point is 0, the generated one ${number(theta)}, and the logit that x is generated ${number(psi)} x`,
      );
    }

    bell(centre, across) {
      const places = Array.from({ length: 41 }, (_, i) => (i - 20) / 6); // standard deviations
      const line = places.map((t) => `${across(centre + this.sigma * t)} ${HEIGHT / 2 - 45 * Math.exp((-t * t) / 2)}`);
      return `M${line.join("L")}z`;
    }

    moved(shown) {
      this.change(shown);
    }

    change({ formula, sentence, notes, rows, eigenvalues, circle, distances, steps, walk, played, sigma }) {
      Object.assign(this, { walk, played, sigma, steps });
      this.stop();
      this.slider.max = Math.max(0, walk.length - 1);
      this.find("figure:has(.world)").hidden = sigma === null;
      whenThere([this.source], () => this.show(0));
      // L_G is L with a subscript G.
      const words = formula.split(/_(.)/).map((part, i) => (i % 2 ? el("sub", {}, part) : part));
      this.find(".formula").replaceChildren(...words);
      this.find(".sentence").textContent = sentence;
      this.find(".notes").replaceChildren(...notes.map((note) => el("li", {}, note)));
      for (const [rule, cells] of Object.entries(rows)) {
        const row = this.find(`tr[data-rule=${rule}]`);
        row.hidden = !cells;
        row.querySelectorAll("td").forEach((cell, i) => {
          cell.textContent = cells?.[i] ?? "";
        });
        this.find(`.distance .${rule}`).setAttribute("d", distances[rule] ?? "");
      }
      for (const rule of ["simultaneous", "descent", "consensus"])
        this.root.querySelectorAll(`.eigen .mark.${rule}`).forEach((mark, i) => {
          const place = eigenvalues[rule]?.[i];
          mark.style.display = place ? "" : "none";
          if (place) mark.setAttribute("transform", `translate(${place})`);
        });
      const [, factor, end] = rows[this.main] ?? ["", "\u2013", "\u2013"];
      this.find(".main").textContent = factor;
      this.find(".end").textContent = end;
      const [[cx, cy], r] = circle;
      for (const [name, value] of Object.entries({ cx, cy, r })) this.find(".disc").setAttribute(name, value);
      this.find(".last").textContent = steps === 1 ? "1 step" : `${steps} steps`;
      this.find(".eigen").setAttribute("aria-label", sentence);
      const ends = Object.entries(rows)
        .filter(([, cells]) => cells)
        .map(([rule, cells]) => `${this.find(`tr[data-rule=${rule}] th`).textContent} ${cells[2]}`);
      this.find(".distance").setAttribute("aria-label", `Distance at the end: ${ends.join("; ")}`);
    }
  }

  return EquilibriaViews;
})();
