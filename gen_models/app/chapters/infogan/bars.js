// Probabilities as bars: {"names": of the rows, "shares": of each, "given": the number of the row that is set}.
LatentLab.kinds.Bars ??= (() => {
  "use strict";
  const { controlOf, el } = LatentLab;

  class Bars {
    constructor(root, { source }) {
      this.body = root.querySelector("tbody");
      this.rows = [];
      controlOf(source)?.refresh();
    }

    change({ names, shares, given = -1 }) {
      if (names.length !== this.rows.length) {
        this.rows = names.map(() => this.row());
        this.body.replaceChildren(...this.rows.map(({ node }) => node));
      }
      this.rows.forEach((row, i) => {
        row.name.textContent = names[i];
        row.set.hidden = i !== given;
        row.bar.style.width = `${100 * shares[i]}%`;
        row.share.textContent = `${(100 * shares[i]).toFixed(1)} %`;
      });
    }

    row() {
      const name = el("span");
      const set = el("i", { hidden: "" }, " · set");
      const bar = el("b");
      const share = el("td", { class: "share" });
      const head = el("th", { scope: "row" }, name, set);
      const node = el("tr", {}, head, el("td", { class: "track", "aria-hidden": "true" }, bar), share);
      return { node, name, set, bar, share };
    }
  }

  return Bars;
})();
