// What a live control moves: drawings, tables and words whose parts are sent. displays.py describes it.
LatentLab.kinds.Display ??= (() => {
  "use strict";
  const { controlOf } = LatentLab;

  class Display {
    constructor(root, { source }) {
      this.root = root;
      controlOf(source)?.refresh();
    }

    part(name) {
      return this.root.querySelector(`[data-part="${CSS.escape(name)}"]`);
    }

    change({ attributes = {}, words = {} }) {
      for (const [name, set] of Object.entries(attributes))
        for (const [attribute, value] of Object.entries(set)) this.part(name)?.setAttribute(attribute, value);
      for (const [name, said] of Object.entries(words)) if (this.part(name)) this.part(name).textContent = said;
    }
  }

  return Display;
})();
