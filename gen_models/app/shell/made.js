// How models were made: a model's facts come when somebody opens them. page.py writes the outline.
LatentLab.kinds.Made ??= (() => {
  "use strict";
  const NOT_HERE = "The server did not answer. Close this and open it once more.";

  async function fill(place, name) {
    if (place.dataset.filled) return;
    try {
      const answer = await fetch(`latent-lab/models/${encodeURIComponent(name)}`);
      if (!answer.ok) throw new Error(String(answer.status));
      place.innerHTML = await answer.text(); // the server's own HTML, in which a card's words are escaped
      place.dataset.filled = "yes";
    } catch {
      place.textContent = NOT_HERE;
    }
  }

  return class Made {
    constructor(root) {
      for (const part of root.querySelectorAll("details[data-model]"))
        part.addEventListener("toggle", () => {
          if (part.open) fill(part.lastElementChild, part.dataset.model);
        });
    }
  };
})();
