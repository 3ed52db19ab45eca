// A part of the page comes when its tab is first opened; parts.py says how.
(() => {
  "use strict";
  const { LatentLab } = window;
  if (LatentLab.parts) return;

  const LOOK_MS = 20;
  const WAIT_MS = 10_000;
  const HIDDEN_MS = 1_500;
  const CLICK_MS = 1_000;
  const UNANSWERED = "The server did not answer. Choose the tab once more.";

  const names = new Set();
  const coming = new Set();
  let gradio; // the hidden element whose event brings a part
  let started;
  let last = new Promise((resolve) => {
    started = resolve;
  }); // the one that was asked for last: they come one after the other

  async function until(find, limit = WAIT_MS) {
    for (let waited = 0; waited < limit; waited += LOOK_MS) {
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
      show(place());
      gradio.props.value = name;
      gradio.trigger("input");
      if (!(await until(isHere))) LatentLab.address.say(UNANSWERED);
    }
    coming.delete(name);
  }

  // Its equation and its live controls come a moment after the rest of it, and what stands below them would jump: until
  // they are there, nothing of it is seen (app.css).
  async function show(place) {
    place.dataset.coming = "";
    await until(() => place.childElementCount);
    await until(() => isWhole(place), HIDDEN_MS);
    delete place.dataset.coming;
  }

  function isWhole(place) {
    const has = (selector) => place.querySelector(selector) !== null;
    const [, awaited = 0] = place.className.match(/ll-awaits-(\d+)/) ?? [];
    const live = [...place.querySelectorAll(".ll-live")];
    const alive = live.filter((each) => each.control || each.querySelector(":scope > .ll-error"));
    return (has(".ll-lead") || (has(".ll-idea .katex") && has(".ll-notice"))) && alive.length >= awaited;
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

  // Gradio's own list of all endpoints is made of the events in the page: it opens in a page that has everything, beside
  // this one, which keeps what was done in it.
  const WHOLE = "view=api";
  const LIST = "footer .show-api";
  const hasAll = location.search.includes(WHOLE);
  document.addEventListener(
    "click",
    (event) => {
      if (hasAll || !event.target.closest?.(LIST)) return;
      event.stopPropagation();
      window.open(`${location.pathname}?${WHOLE}`, "_blank", "noopener");
    },
    { capture: true },
  );
  // Gradio 6.31 takes the list for open then, and does not show it: the first click closes it, the second opens it.
  async function openList() {
    for (let clicks = 0; clicks < 2; clicks++) {
      const button = await until(() => document.querySelector(LIST));
      button?.click();
      await new Promise((resolve) => setTimeout(resolve, CLICK_MS));
      if (document.querySelector(".api-docs")) return;
    }
  }
  if (hasAll) openList();
})();
