// A document as bits, and the documents whose bits differ in few. hashing.py describes the context and the reply.
LatentLab.kinds.HashSearch ??= (() => {
  "use strict";
  const { DocumentBox, el, newId } = LatentLab;
  const NUMBERS = {
    found: "other held-out posts within the radius",
    precision: "",
    recall: "",
    average: "mean average precision on test posts",
  };

  // Bits as cells; those that differ from `other` are marked.
  function strip(code, other = code) {
    const cells = [...code].map((bit, i) => {
      const classes = [bit === "1" ? "dp-one" : "dp-zero"];
      if (bit !== other[i]) classes.push("dp-differs");
      return el("i", { class: classes.join(" ") });
    });
    return el("span", { class: "dp-bits", role: "img", "aria-label": `bits ${code}` }, ...cells);
  }

  return class extends DocumentBox {
    screens() {
      const facts = Object.entries(NUMBERS).map(([slot, caption]) =>
        el(
          "div",
          {},
          el("dd", { class: "ll-number", "data-text": slot }, "\u2013"),
          el("dt", { "data-text": `${slot}-of` }, caption),
        ),
      );
      this.code = el("div", { class: "dp-code" });
      this.topics = el("div", { class: "dp-topics" });
      this.near = el("div", { class: "dp-near" });
      const side = el("div", { class: "ll-side dp-hash" }, this.code, el("dl", { class: "ll-numbers" }, ...facts));
      side.append(el("div", { class: "dp-found" }, this.topics, this.near));
      return side;
    }

    build() {
      super.build();
      const id = newId();
      this.number = el("input", { type: "number", id, min: 1, max: this.settings.count, step: 1 });
      this.number.addEventListener("change", () => {
        const document = this.fromAddress(this.number.value);
        if (document !== undefined) this.go(document);
      });
      const name = `or document, 1 to ${this.settings.count.toLocaleString("en")}`;
      this.bar.after(el("div", { class: "dp-number" }, el("label", { for: id }, name), this.number));
    }

    take(value) {
      super.take(value);
      this.number.value = typeof value === "number" ? value + 1 : "";
    }

    settle(changed = {}) {
      super.settle();
      if (changed.reply) this.tell(changed.reply);
    }

    tell(reply) {
      super.tell(reply);
      const { code = "0".repeat(this.settings.bits), topic, topics = [], near = [] } = reply;
      this.code.classList.toggle("dp-none", !reply.code);
      this.code.replaceChildren(strip(code));
      const nothing = reply.code ? "Nothing within the radius: widen it" : "";
      const most = Math.max(...topics.map(([, n]) => n));
      this.topics.replaceChildren(
        el("div", { class: "dp-title" }, topics.length ? "Topics within the radius" : nothing),
        ...topics.map(([name, n]) => {
          const bar = el("span", { class: name === topic ? "dp-bar dp-own" : "dp-bar" });
          bar.style.width = `${(100 * n) / most}%`;
          return el("p", {}, el("span", {}, name), el("span", { class: "dp-track" }, bar), el("b", {}, String(n)));
        }),
      );
      this.near.replaceChildren(
        el("div", { class: "dp-title" }, near.length ? "The nearest, and the bits that differ" : ""),
        ...near.map(([bits, distance, name, words]) =>
          el(
            "p",
            {},
            strip(bits, code),
            el("b", {}, String(distance)),
            el("span", { class: "dp-own-words" }, el("span", {}, name), el("span", { class: "dp-dim" }, ` ${words}`)),
          ),
        ),
      );
    }
  };
})();
