// Precision curves: those of one code size stand out, and its numbers stand beside them. size.py describes the settings.
LatentLab.kinds.PrecisionCurves ??= class {
  constructor(root, { code, numbers }) {
    Object.assign(this, { root, numbers });
    this.change({ context: { code } });
  }

  change({ context: { code } }) {
    for (const curve of this.root.querySelectorAll("[data-code]"))
      curve.classList.toggle("dp-faint", curve.dataset.code !== String(code));
    for (const [part, words] of Object.entries(this.numbers[code]))
      this.root.querySelector(`[data-part="${part}"]`).textContent = words;
  }
};
