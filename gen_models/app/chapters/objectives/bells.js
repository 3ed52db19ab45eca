// The chart of the bumps and the fits, on which the bumps and a Gaussian of one's own are dragged. fits.py has the
// settings. The distance is the slider's; the Gaussian is in its context, and has a name of its own in the address.
LatentLab.kinds.Bells ??= (() => {
  "use strict";
  const { POINTER_MOVES, clamp, controlOf, el, number } = LatentLab;
  const STEP = 0.1; // of an arrow key
  const TALL = 1 / Math.sqrt(2 * Math.PI); // of N(0, 1)

  return class Bells extends LatentLab.kinds.Display {
    constructor(root, settings) {
      super(root, settings);
      this.settings = settings;
      this.chart = root.querySelector(".chart");
      this.own = [...settings.own];
      this.handles = {
        left: this.handle("left", "The left bump: arrow keys move both apart or together"),
        right: this.handle("right", "The right bump: arrow keys move both apart or together"),
        own: this.handle("own", "Your Gaussian: left and right move its mean, up and down its width"),
      };
      this.chart.append(...Object.values(this.handles));
      this.place();
      this.note();
    }

    get slider() {
      return controlOf(this.settings.source);
    }

    handle(name, label) {
      const node = el("b", { class: `bell bell-${name}`, tabindex: 0, role: "slider", "aria-label": label });
      let held;
      node.addEventListener("pointerdown", (event) => {
        if (event.button || held !== undefined) return;
        held = event.pointerId;
        node.setPointerCapture(held);
        node.focus({ preventScroll: true });
        event.preventDefault();
      });
      node.addEventListener(POINTER_MOVES, (event) => {
        if (event.pointerId === held) this.drag(name, ...this.at(event));
      });
      for (const end of ["pointerup", "pointercancel"])
        node.addEventListener(end, (event) => {
          if (event.pointerId !== held) return;
          held = undefined;
          this.settle(name);
        });
      node.addEventListener("keydown", (event) => {
        const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
        if (!move || (name !== "own" && move[1])) return;
        event.preventDefault();
        const [mu, sigma] = this.own;
        if (name === "own") this.moveOwn(mu + STEP * move[0], sigma - STEP * move[1]);
        else this.moveBumps(this.slider.value[0] + (name === "right" ? 1 : -1) * 2 * STEP * move[0]);
        this.settle(name);
      });
      return node;
    }

    // Densities are drawn so that the highest of data and fits is 1: what that is.
    get scale() {
      return Number(this.part("own").getAttribute("data-scale")) || 1;
    }

    // A place on the chart: x, and how high.
    at(event) {
      const box = this.chart.getBoundingClientRect();
      const { reach, top } = this.settings;
      return [
        reach * ((2 * (event.clientX - box.left)) / box.width - 1),
        top * ((box.bottom - event.clientY) / box.height),
      ];
    }

    drag(name, x, height) {
      if (name === "own") this.moveOwn(x, TALL / Math.max(height * this.scale, 0.01));
      else this.moveBumps(2 * (name === "right" ? x : -x));
    }

    moveBumps(distance) {
      this.slider.take([distance]); // which keeps it within its range
      this.slider.refresh();
      this.place();
    }

    moveOwn(mu, sigma) {
      const { reach, sigmas } = this.settings;
      this.own = [clamp(mu, -reach, reach), clamp(sigma, ...sigmas)].map((v) => Number(v.toFixed(2)));
      this.send();
      this.place();
    }

    send() {
      const [mu, sigma] = this.own;
      this.slider.change({ context: { mu, sigma } });
    }

    // The pointer was lifted: the address is told.
    settle(name) {
      if (name !== "own") this.slider.commit();
      else if (this.path) LatentLab.address.note(this.path, "own", this.toAddress(this.own));
    }

    place() {
      const { reach, top } = this.settings;
      const distance = this.slider?.value?.[0] ?? 0;
      const across = (x) => `${(50 * (x + reach)) / reach}%`;
      const { left, right, own } = this.handles;
      left.style.left = across(-distance / 2);
      right.style.left = across(distance / 2);
      own.style.left = across(this.own[0]);
      own.style.bottom = `${(100 * Math.min(top, TALL / this.own[1] / this.scale)) / top}%`;
      for (const node of [left, right]) {
        node.setAttribute("aria-valuenow", distance.toFixed(2));
        node.setAttribute("aria-valuetext", `distance ${number(distance)}`);
      }
      own.setAttribute("aria-valuenow", this.own[0].toFixed(2));
      own.setAttribute("aria-valuetext", `mean ${number(this.own[0])}, standard deviation ${number(this.own[1])}`);
    }

    // The slider was answered, wherever it was moved from.
    change(sent) {
      super.change(sent);
      if (this.handles) this.place();
    }

    // ------------------------------------------------------------------------------------------------- the address

    note() {
      this.atRest = this.toAddress(this.settings.own);
      LatentLab.address.register(this, "own");
    }

    get value() {
      return this.own;
    }

    toAddress(own) {
      return own.join(",");
    }

    restore(text) {
      const { reach, sigmas } = this.settings;
      const own = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
      const [mu, sigma] = own;
      if (own.length !== 2 || !(Math.abs(mu) <= reach && sigma >= sigmas[0] && sigma <= sigmas[1])) return false;
      this.own = own;
      LatentLab.whenThere([this.settings.source], () => {
        this.send();
        this.place();
      });
      LatentLab.address.note(this.path, "own", text);
      return true;
    }
  };
})();
