// A box to write in, which also takes a held-out document by its number. box.py describes the value and the reply.
LatentLab.DocumentBox ??= (() => {
  "use strict";
  const { Live, button, el } = LatentLab;
  const TYPING_MS = 60;

  return class extends Live {
    build() {
      const { label, most } = this.settings;
      const hint = "Type or paste a text in English\u2026";
      this.box = el("textarea", {
        rows: 4,
        maxlength: most,
        spellcheck: "false",
        "aria-label": label,
        placeholder: hint,
      });
      this.box.addEventListener("input", () => this.typed());
      this.box.addEventListener("change", () => this.commit());
      this.read = el("p", { class: "dp-read" });
      this.about = el("p", { class: "dp-about", "aria-live": "polite" });
      this.bar = el("div", { class: "ll-bar" });
      for (const [name, text] of this.settings.examples)
        this.bar.append(
          button(name, () => {
            this.box.value = text;
            this.go(text);
          }),
        );
      this.control.append(this.box, this.bar, this.about, this.read);
    }

    typed() {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => {
        this.take(this.box.value);
        this.note();
        this.refresh();
      }, TYPING_MS);
    }

    // Go to a value as a visitor does, and keep it.
    go(value) {
      this.take(value);
      this.refresh();
      this.commit();
    }

    take(value) {
      this.value = value ?? "";
      if (typeof value === "string" && this.box.value !== value) this.box.value = value;
    }

    // A document by its number from 1; a text has no place in an address.
    toAddress(value) {
      return typeof value === "number" ? String(value + 1) : undefined;
    }

    fromAddress(text) {
      return /^[1-9]\d{0,5}$/.test(text) && +text <= this.settings.count ? +text - 1 : undefined;
    }

    // What is known of a text or a document, in words.
    tell({ title, own, read = [], rest = 0 }) {
      this.about.replaceChildren(el("b", {}, title ?? ""));
      if (own) this.about.append(el("span", { class: "dp-dim" }, ` Its own words: ${own.join(", ")}`));
      const words = read.map(([word, known]) => (known ? el("span", {}, `${word} `) : el("s", {}, `${word} `)));
      this.read.replaceChildren(...words, rest ? `and ${rest.toLocaleString("en")} more` : "");
      this.read.hidden = !read.length;
    }
  };
})();
