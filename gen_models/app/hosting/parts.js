// A part of the page comes when its tab is first opened; parts.py says how.
(() => {
  "use strict";
  const { LatentLab } = window;
  if (LatentLab.parts) return;

  const LOOK_MS = 20;
  const WAIT_MS = 10_000;
  const UNANSWERED = "The server did not answer. Choose the tab once more.";

  const names = new Set();
  const coming = new Set();
  let gradio; // the hidden element whose event brings a part
  let started;
  let last = new Promise((resolve) => {
    started = resolve;
  }); // the one that was asked for last: they come one after the other

  async function until(find) {
    for (let waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
      const found = find();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return undefined;
  }

  async function ask(name) {
    const place = () => document.getElementById(`part-${name}`);
    const isHere = () => place()?.childElementCount;
    if (names.has(name) && (await until(place)) && !isHere()) {
      gradio.props.value = name;
      gradio.trigger("input");
      if (!(await until(isHere))) LatentLab.address.say(UNANSWERED);
    }
    coming.delete(name);
  }

  // Nothing happens where it has come already, or is coming, or where there is no such part.
  function bring(name) {
    if (coming.has(name)) return;
    coming.add(name);
    last = last.then(() => ask(name));
  }

  LatentLab.parts = {
    start(node, element) {
      for (const name of node.dataset.parts.split(" ")) names.add(name);
      gradio = element;
      started();
    },
    bring,
  };

  // Gradio's own list of all endpoints is made of the events in the page: it gets a page that has everything.
  const WHOLE = "view=api";
  document.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest?.("footer .show-api") || location.search.includes(WHOLE)) return;
      event.stopPropagation();
      location.assign(`${location.pathname}?${WHOLE}`);
    },
    { capture: true },
  );
})();
