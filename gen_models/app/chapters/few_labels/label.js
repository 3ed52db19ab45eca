// A grid of images to label: keys of the ten digits here, the grid and its numbers in the outlet. label.py describes it.
LatentLab.kinds.LabelMap ??= (() => {
  "use strict";
  const { Live, button, clamp, el } = LatentLab;
  const TILE = 28; // pixels of an image
  const MOST = 40; // labels in an address
  const TINT = 0.36;
  // By class, as in the plane of codes: the first eight after Okabe and Ito.
  const COLOURS = [
    "#e69f00",
    "#56b4e9",
    "#009e73",
    "#f0e442",
    "#3c78dc",
    "#d55e00",
    "#cc79a7",
    "#aaaaaa",
    "#9650c8",
    "#78c850",
  ];
  const ARROWS = { ArrowLeft: -1, ArrowRight: 1 };

  class LabelMap extends Live {
    // The grid stands above the numbers, in the outlet.
    screens() {
      const { columns, images } = this.settings;
      this.grid = el("canvas", {
        class: "label-grid",
        width: columns * TILE,
        height: Math.ceil(images / columns) * TILE,
        tabindex: 0,
        role: "img",
      });
      const side = super.screens();
      side.prepend(this.grid);
      return side;
    }

    build() {
      const { classes } = this.settings;
      this.chosen = null; // the image that the keys label; null: the one that is asked for
      this.sprite = new Image();
      this.sprite.addEventListener("load", () => this.draw());
      this.large = el("canvas", { class: "label-large ll-pixels", width: TILE, height: TILE, role: "img" });
      const keys = Array.from({ length: classes }, (_, digit) => button(String(digit), () => this.give(digit)));
      keys.forEach((key, digit) => {
        key.style.setProperty("--digit", COLOURS[digit]);
      });
      this.keys = el("div", { class: "label-keys", role: "group", "aria-label": "Label it" }, ...keys);
      this.many = button("Label 10 for me", () => this.replace([...this.value, ...this.settings.offered]));
      this.undoButton = button("Undo", () => this.replace(this.value.slice(0, -1)));
      this.clearButton = button("Clear", () => this.replace([]));
      const bar = el("div", { class: "ll-bar" }, this.many, this.undoButton, this.clearButton);
      this.count = el("p", { class: "label-count", role: "status" });
      this.control.append(el("div", { class: "label-ask" }, this.large, this.keys), bar, this.count);

      this.grid.addEventListener("click", (event) => {
        const box = this.grid.getBoundingClientRect();
        const { columns } = this.settings;
        const x = clamp(Math.floor(((event.clientX - box.left) / box.width) * columns), 0, columns - 1);
        const rows = this.grid.height / TILE;
        const y = clamp(Math.floor(((event.clientY - box.top) / box.height) * rows), 0, rows - 1);
        this.choose(y * columns + x);
      });
      for (const node of [this.grid, this.root]) node.addEventListener("keydown", (event) => this.key(event));
    }

    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { columns } = this.settings;
      const step = ARROWS[event.key] ?? { ArrowUp: -columns, ArrowDown: columns }[event.key];
      if (step && event.currentTarget === this.grid) this.choose((this.current ?? 0) + step);
      else if (/^\d$/.test(event.key)) this.give(+event.key);
      else return;
      event.preventDefault();
    }

    get current() {
      return this.chosen ?? this.settings.offered[0]?.[0];
    }

    choose(i) {
      if (i < 0 || i >= this.settings.images) return;
      this.chosen = i;
      this.draw();
    }

    give(digit) {
      const i = this.current;
      if (i === undefined) return;
      this.chosen = null;
      this.replace([...this.value.filter(([other]) => other !== i), [i, digit]]);
    }

    replace(pairs) {
      this.take(pairs);
      this.refresh();
      this.commit();
    }

    take(value) {
      this.value = Array.from(value ?? [], (pair) => [...pair]);
      this.askNext();
    }

    // What has a label is asked for no more, even before the answer comes.
    askNext() {
      const given = new Set(this.value.map(([i]) => i));
      this.settings.offered = this.settings.offered.filter(([i]) => !given.has(i));
      this.draw();
    }

    settle(changed = this.settings) {
      super.settle();
      if (changed.background && this.sprite) this.sprite.src = changed.background;
      if (this.value) this.askNext();
    }

    draw() {
      const { columns, taken, images } = this.settings;
      const pen = this.grid.getContext("2d");
      const ready = this.sprite.complete && this.sprite.naturalWidth > 0;
      pen.clearRect(0, 0, this.grid.width, this.grid.height);
      if (ready) pen.drawImage(this.sprite, 0, 0);
      const at = (i) => [(i % columns) * TILE, Math.floor(i / columns) * TILE];
      pen.globalAlpha = TINT;
      for (let i = 0; i < taken.length; i++) {
        pen.fillStyle = COLOURS[taken[i]];
        pen.fillRect(...at(i), TILE, TILE);
      }
      pen.globalAlpha = 1;
      pen.font = "bold 13px system-ui, sans-serif";
      pen.textBaseline = "top";
      for (const [i, digit] of this.value) {
        const [x, y] = at(i);
        pen.lineWidth = 4;
        pen.strokeStyle = COLOURS[digit];
        pen.strokeRect(x + 2, y + 2, TILE - 4, TILE - 4);
        pen.fillStyle = "#131210";
        pen.fillRect(x, y, 11, 14);
        pen.fillStyle = COLOURS[digit];
        pen.fillText(digit, x + 2, y + 1);
      }
      const now = this.current;
      if (now !== undefined) {
        const [x, y] = at(now);
        pen.lineWidth = 3;
        pen.strokeStyle = "#fff";
        pen.strokeRect(x - 1, y - 1, TILE + 2, TILE + 2);
        const large = this.large.getContext("2d");
        large.clearRect(0, 0, TILE, TILE);
        if (ready) large.drawImage(this.sprite, x, y, TILE, TILE, 0, 0, TILE, TILE);
      }
      const n = this.value.length;
      this.count.textContent = `${n} ${n === 1 ? "label" : "labels"} given`;
      this.undoButton.disabled = this.clearButton.disabled = !n;
      this.many.disabled = n >= images;
      const place = now === undefined ? "none" : `row ${Math.floor(now / columns) + 1}, column ${(now % columns) + 1}`;
      this.large.setAttribute("aria-label", `The image to label: ${place}`);
      this.grid.setAttribute(
        "aria-label",
        `${images} images, ${n} of them labelled. Chosen: ${place}. Arrow keys choose, digit keys label.`,
      );
    }

    // Labels as image.digit, up to MOST of them.
    toAddress(value) {
      return value.length > MOST ? undefined : value.map((pair) => pair.join(".")).join(",");
    }

    fromAddress(text) {
      const { images } = this.settings;
      const pairs = text === "" ? [] : text.split(",").map((part) => /^(\d{1,4})\.(\d)$/.exec(part));
      if (pairs.length > MOST || !pairs.every((pair) => pair && +pair[1] < images)) return undefined;
      const value = pairs.map(([, i, digit]) => [+i, +digit]);
      return new Set(value.map(([i]) => i)).size === value.length ? value : undefined;
    }
  }

  return LabelMap;
})();
