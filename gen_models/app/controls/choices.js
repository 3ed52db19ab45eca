// Choices: one of a few numbers, one of a few images, or several images. choices.py describes the settings.
(() => {
  "use strict";
  const { controlOf, el, exampleButton, kinds, markPressed, whenThere } = LatentLab;

  // The value is the index of what is chosen; it goes into the context of the live controls `targets`.
  class Choice {
    constructor(root, settings, { props, trigger, watch }) {
      Object.assign(this, { root, settings, props, trigger });
      this.build();
      this.show(props.value);
      // A page that was hidden is built anew, and its live controls begin where they first began.
      if (props.value !== settings.first) this.send(props.value);
      this.atRest = this.toAddress(settings.first);
      if (settings.address) LatentLab.address.register(this, settings.address);
      // Python has chosen; or Gradio, while it builds the page, took back what the address said.
      watch("value", () => {
        this.show(props.value);
        this.note(props.value);
        if (this.path) LatentLab.address.again(this.path, settings.address);
      });
    }

    // The chosen one as an address writes it: a number itself, an image by its number from 1.
    toAddress(i) {
      return String(this.settings.values[i]);
    }

    // Choose what an address says; false if there is no such thing.
    restore(text) {
      const i = this.settings.values.findIndex((_, j) => this.toAddress(j) === text);
      if (i < 0) return false;
      this.choose(i);
      this.props.value = i;
      this.note(i);
      this.trigger("select");
      return true;
    }

    note(i) {
      if (this.path) LatentLab.address.note(this.path, this.settings.address, this.toAddress(i));
    }

    get value() {
      return this.props.value;
    }

    choose(i) {
      this.show(i);
      this.send(i);
    }

    // A target may come on the screen after this control: it then gets what was chosen last.
    send(i) {
      const { key, targets, values } = this.settings;
      this.sent = i;
      for (const id of targets)
        whenThere([id], () => {
          if (this.sent === i) controlOf(id).change({ context: { [key]: values[i] } });
        });
    }
  }

  class Steps extends Choice {
    build() {
      this.input = this.root.querySelector("input");
      this.output = this.root.querySelector(".ll-value");
      this.input.addEventListener("input", () => this.choose(+this.input.value));
      this.input.addEventListener("change", () => {
        this.props.value = +this.input.value;
        this.note(this.props.value);
      });
    }

    show(i) {
      const { unit, values } = this.settings;
      this.input.value = i;
      this.output.textContent = `${values[i]} ${unit}`;
      this.input.setAttribute("aria-valuetext", this.output.textContent);
    }
  }

  class Thumbnails extends Choice {
    build() {
      this.buttons = [...this.root.querySelectorAll("button")];
      this.buttons.forEach((button, i) => {
        button.addEventListener("click", () => {
          this.choose(i);
          this.props.value = i;
          this.note(i);
          this.trigger("select");
        });
      });
    }

    toAddress(i) {
      return String(i + 1);
    }

    show(i) {
      markPressed(this.buttons, i);
    }
  }

  // The value is the list of what is chosen, in that order.
  class Strip {
    constructor(root, settings, { props, trigger, watch }) {
      Object.assign(this, { root, settings, props, trigger });
      this.group = root.querySelector("[role=group]");
      this.status = root.querySelector("[role=status]");
      this.swaps = settings.most > 1 && settings.fewest === settings.most;
      this.next = settings.most - 1; // of a full strip that swaps: the place that the next choice takes
      this.chosen = [...props.value];
      this.draw();
      watch("images", () => this.draw());
      watch("value", () => {
        this.chosen = [...props.value];
        this.mark();
        this.note();
        if (this.path) LatentLab.address.again(this.path, this.settings.address);
      });
      if (settings.address) LatentLab.address.register(this, settings.address);
    }

    get value() {
      return this.chosen;
    }

    // Numbers from 1, in the order they were chosen; undefined where something else than an image of the strip is shown.
    toAddress(chosen) {
      return chosen.length < this.settings.fewest ? undefined : chosen.map((i) => i + 1).join(",");
    }

    restore(text) {
      const { fewest, most } = this.settings;
      const chosen = text === "" ? [] : text.split(",").map((part) => (/^\d{1,4}$/.test(part) ? part - 1 : -1));
      const isFit =
        chosen.every((i) => i >= 0 && i < this.props.images.length) && new Set(chosen).size === chosen.length;
      if (!isFit || chosen.length < fewest || chosen.length > most) return false;
      this.tell(chosen);
      return true;
    }

    note() {
      if (!this.path) return;
      const text = this.toAddress(this.chosen);
      this.root.toggleAttribute("data-personal", text === undefined);
      LatentLab.address.note(this.path, this.settings.address, text);
    }

    tell(chosen) {
      this.chosen = chosen;
      this.mark();
      this.props.value = [...chosen];
      this.note();
      this.trigger("release");
    }

    draw() {
      const images = this.props.images.map((src, i) => {
        const style = "display: block; width: 100%; margin: 0; border-radius: 3px";
        const image = el("img", { class: "ll-pixels", alt: "", loading: "lazy", src, style });
        const button = exampleButton("", image, () => this.press(i));
        const place = el("span", { style: "display: block; font-size: 0.85rem; line-height: 1.3" });
        place.hidden = this.settings.most === 1;
        button.append(place);
        return button;
      });
      this.group.replaceChildren(...images);
      this.mark();
    }

    mark() {
      const { most, noun } = this.settings;
      this.status.textContent = "";
      [...this.group.children].forEach((button, i) => {
        const place = most > 1 ? this.chosen.indexOf(i) + 1 : 0;
        const gives = this.swaps && place === this.next + 1;
        button.setAttribute("aria-pressed", String(this.chosen.includes(i)));
        const said = gives ? `number ${place}, gives its place to the next choice` : `number ${place}`;
        button.setAttribute("aria-label", `${noun} ${i + 1}${place ? `, ${said}` : ""}`);
        button.lastElementChild.textContent = gives ? `\u21c4 ${place}` : place || "";
      });
    }

    press(i) {
      const { fewest, most, noun } = this.settings;
      const place = this.chosen.indexOf(i);
      if (most === 1) this.tell([i]);
      else if (this.swaps && place >= 0) {
        this.next = place;
        this.mark();
      } else if (place < 0 && this.chosen.length < most) this.tell([...this.chosen, i]);
      else if (this.swaps) this.tell(this.chosen.map((j, at) => (at === this.next ? i : j)));
      else if (place < 0) {
        const [oldest, ...rest] = this.chosen;
        this.tell([...rest, i]);
        this.status.textContent = `${most} at most: ${noun.toLowerCase()} ${oldest + 1}, the oldest, made room.`;
      } else if (this.chosen.length > fewest) this.tell(this.chosen.filter((j) => j !== i));
      else this.status.textContent = `${fewest} at least: choose another one first.`;
    }
  }

  Object.assign(kinds, { Steps, Thumbnails, Strip });
})();
