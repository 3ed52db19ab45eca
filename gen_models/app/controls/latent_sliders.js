// One slider for each latent dimension. latent_sliders.py describes the settings.
LatentLab.kinds.LatentSliders ??= (() => {
  "use strict";
  const { Live, clamp, el, newId, number } = LatentLab;
  const MAX_SLIDERS = 64;

  class LatentSliders extends Live {
    build() {
      this.list = el("div", { class: "ll-sliders" });
      const reset = el("button", { type: "button", class: "ll-button ll-reset" }, "Reset");
      reset.addEventListener("click", () => {
        this.stop();
        this.take(this.first);
        this.refresh();
        this.commit();
      });
      this.first = this.props.value ?? [];
      this.control.append(this.list, el("div", { class: "ll-bar" }, reset));
    }

    settle(changed = this.settings) {
      super.settle();
      if (["labels", "lo", "hi", "step", "said"].some((name) => name in changed)) {
        this.stop();
        this.rows = this.settings.labels.map((label, i) => this.row(label, i));
        this.list.replaceChildren(...this.rows.map((row) => row.node));
        if (this.value) {
          this.take(this.value); // as many numbers as there are sliders now
          this.rememberSoon();
        }
      }
    }

    // Where Python puts the sliders, they begin anew. (Gradio sends the value after the rest, by itself.)
    takeProps() {
      const delta = super.takeProps();
      if (delta.value) this.first = delta.value;
      return delta;
    }

    // They begin anew where another control puts them, such as the code of an image.
    moved(delta, isFirst) {
      if (delta.value) this.first = delta.value;
      super.moved(delta, isFirst);
    }

    // A model with another number of sliders may be on its way: what they are too few for is taken when it is there.
    fromAddress(text) {
      const { lo, hi } = this.settings;
      const value = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
      return value.length <= MAX_SLIDERS && value.every((each) => each >= lo && each <= hi) ? value : undefined;
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
        row.button = el(
          "button",
          { type: "button", class: "ll-button ll-play", "aria-label": `Play ${label}` },
          "Play",
        );
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
      for (const i of this.rows.keys()) this.set(i, +(value[i] ?? this.rest()));
    }

    set(i, value) {
      const { lo, hi, step, said } = this.settings;
      const row = this.rows[i];
      this.value[i] = clamp(value, lo, hi);
      row.input.value = this.value[i];
      if (said.length) {
        row.output.textContent = said[Math.round(((this.value[i] - lo) / (hi - lo)) * (said.length - 1))];
        row.input.setAttribute("aria-valuetext", row.output.textContent);
      } else row.output.textContent = number(this.value[i], Math.max(0, -Math.floor(Math.log10(step))));
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

  return LatentSliders;
})();
