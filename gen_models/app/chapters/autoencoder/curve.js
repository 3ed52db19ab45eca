// A curve marks the points of one code size, and shows its numbers. common.curve describes the settings.
LatentLab.kinds.CodeCurve ??= class {
  constructor(root, { code, numbers }) {
    Object.assign(this, { root, numbers });
    this.change({ context: { code } });
  }

  change({ context: { code } }) {
    for (const mark of this.root.querySelectorAll("[data-x]"))
      mark.classList.toggle("ae-here", mark.dataset.x === String(code));
    for (const [part, words] of Object.entries(this.numbers[code]))
      this.root.querySelector(`[data-part="${part}"]`).textContent = words;
  }
};
