// A curve marks the points of one code size, and shows its numbers. common.curve describes the settings.
LatentLab.kinds.CodeCurve ??= class {
  constructor(root, { code, numbers, opens }) {
    Object.assign(this, { root, numbers, opens });
    this.link = root.querySelector(".ae-open");
    this.link.hidden = !opens;
    if (opens)
      for (const mark of root.querySelectorAll("circle[data-x]")) {
        mark.style.cursor = "pointer";
        mark.addEventListener("click", () => {
          location.hash = opens + mark.dataset.x;
        });
      }
    this.change({ context: { code } });
  }

  change({ context: { code } }) {
    for (const mark of this.root.querySelectorAll("[data-x]"))
      mark.classList.toggle("ae-here", mark.dataset.x === String(code));
    for (const [part, words] of Object.entries(this.numbers[code]))
      this.root.querySelector(`[data-part="${part}"]`).textContent = words;
    this.link.href = this.opens + code;
    this.link.textContent = `See images at ${code} dimensions`;
  }
};
