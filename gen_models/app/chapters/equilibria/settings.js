// What is chosen goes into the context of the plane, at once. settings.py lays it out.
LatentLab.kinds.EquilibriaSettings ??= (() => {
  "use strict";
  const { controlOf, whenThere } = LatentLab;

  class EquilibriaSettings {
    constructor(root, { target, presets }, { props }) {
      Object.assign(this, { root, target, props });
      this.inputs = [...root.querySelectorAll("[data-key]")];
      this.chosen = { ...props.value };
      for (const input of this.inputs) {
        const { key } = input.dataset;
        input.addEventListener("input", () => {
          this.chosen[key] =
            input.type === "checkbox" ? input.checked : input.type === "range" ? +input.value : input.value;
          this.show();
          whenThere([target], () => controlOf(target).change({ context: { [key]: this.chosen[key] } }));
        });
        input.addEventListener("change", () => {
          props.value = { ...this.chosen };
          this.note(key);
        });
      }
      root.querySelectorAll(".presets button").forEach((node, i) => {
        node.addEventListener("click", () => this.choose(presets[i]));
      });
      for (const input of this.inputs) LatentLab.address.register(this.part(input), input.dataset.key);
      this.show();
      // A page that was hidden is built anew, and its plane begins where it first began.
      whenThere([target], () => controlOf(target).change({ context: this.chosen }));
    }

    // Settings and a start point that belong together.
    choose({ chosen, start }) {
      Object.assign(this.chosen, chosen);
      this.props.value = { ...this.chosen };
      this.show();
      for (const { dataset } of this.inputs) this.note(dataset.key);
      whenThere([this.target], () => controlOf(this.target).change({ context: this.chosen, value: start }));
    }

    // One setting, as an address sees it.
    part(input) {
      const { key } = input.dataset;
      const part = {
        root: this.root,
        value: undefined,
        toAddress: () => String(input.type === "checkbox" ? +this.chosen[key] : this.chosen[key]),
        restore: (text) => {
          const value = this.valueOf(input, text);
          if (value === undefined) return false;
          this.chosen[key] = value;
          this.props.value = { ...this.chosen };
          this.show();
          LatentLab.address.note(part.path, key, part.toAddress());
          whenThere([this.target], () => controlOf(this.target).change({ context: { [key]: value } }));
          return true;
        },
      };
      this.parts = { ...this.parts, [key]: part };
      return part;
    }

    // What a text stands for, or undefined if the setting has no such value.
    valueOf(input, text) {
      if (input.type === "checkbox") return { 0: false, 1: true }[text];
      if (input.type === "range") {
        const value = text.trim() === "" ? Number.NaN : +text;
        return value >= +input.min && value <= +input.max ? value : undefined;
      }
      return [...input.options].some((option) => option.value === text) ? text : undefined;
    }

    note(key) {
      const { path, toAddress } = this.parts[key];
      if (path) LatentLab.address.note(path, key, toAddress());
    }

    show() {
      const { game, penalty } = this.chosen;
      for (const input of this.inputs) {
        const { key } = input.dataset;
        const value = this.chosen[key];
        if (input.type === "checkbox") input.checked = value;
        else input.value = value;
        if (input.type === "range") {
          const digits = (input.step.split(".")[1] ?? "").length;
          input.parentElement.querySelector(".ll-value").textContent = value.toFixed(digits);
        }
        // A general game has no data and no discriminator on them: neither noise nor penalty.
        const unheard = game === "trap" && ["sigma", "penalty", "weight"].includes(key);
        input.disabled = unheard || (key === "weight" && penalty === "none");
      }
    }
  }

  return EquilibriaSettings;
})();
