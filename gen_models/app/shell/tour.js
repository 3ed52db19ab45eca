// The tour: stops with a sentence, a question and its answer, in a panel under the page. tour.py has the lecture's; a
// tour of somebody's own comes in a link, a file or from storage. All three are hostile input: checked here, shown as
// text, and their addresses opened by address.js, which goes to the nearest that there is.
(() => {
  "use strict";
  const { LatentLab } = window;
  if (LatentLab.tour) return;
  const { address, after, button, clamp, el } = LatentLab;

  const KEY = "latent-lab-tour";
  const MOST_STOPS = 50;
  const LONGEST = 300; // characters of a sentence
  const LONGEST_ADDRESS = 2_000;
  const LARGEST = 200_000; // bytes of a file
  const LONGEST_LINK = 8_000; // what servers and messengers take
  const DIM_MS = 3_000;
  const ANSWERED_MS = 400;
  const LOOK_MS = 250;
  const MARGIN = 6;
  const LIMITS = `at most ${MOST_STOPS} addresses, each with a sentence of at most ${LONGEST} characters`;
  const BAD_LINK = `The tour in this link cannot be read: it needs ${LIMITS}. This is the lecture's.`;
  const BAD_FILE = `This file is no tour: it needs ${LIMITS}.`;
  const KIND = "latent-lab-tour";

  const root = document.documentElement;

  let lecture = []; // [{address, lecture, sentence, question, then, answer, control}]
  let controls = {}; // path -> CSS selector of an experiment's main control
  let own = []; // somebody's tour, which is taken in place of the lecture's: [{address, sentence}]
  let made = []; // the one that is being put together here
  let at = 0;
  let isOpen = false;
  let isAnswered = false;
  let isMaking = false;
  let from; // what had the focus before

  // ----------------------------------------------------------------------------------------------- what comes from outside

  // Stops as they are used here, or undefined if one of them cannot be.
  function checked(list) {
    if (!Array.isArray(list) || list.length > MOST_STOPS) return undefined;
    const stops = list.map((each) => {
      const { address: given, sentence = "" } = typeof each === "string" ? { address: each } : (each ?? {});
      if (typeof given !== "string" || typeof sentence !== "string") return undefined;
      const place = given.replace(/^[^#]*#/, "").trim(); // a whole link will do
      if (!place || place.length > LONGEST_ADDRESS || sentence.length > LONGEST) return undefined;
      return { address: place, sentence: sentence.trim() };
    });
    return stops.includes(undefined) ? undefined : stops;
  }

  // In a link: stops between semicolons, an address and a sentence between commas, all percent-encoded.
  function fromLink(text) {
    try {
      const stops = text.split(";").map((part) => {
        const [place, sentence = ""] = part.split(",").map(decodeURIComponent);
        return { address: place, sentence };
      });
      return checked(stops);
    } catch {
      return undefined; // what is no percent-encoding
    }
  }

  const toLink = (stops) =>
    `${location.origin}${location.pathname}?tour=${stops
      .map((stop) => [stop.address, ...(stop.sentence ? [stop.sentence] : [])].map(encodeURIComponent).join(","))
      .join(";")}`;

  async function fromFile(file) {
    if (file.size > LARGEST) return undefined;
    try {
      const stops = checked(JSON.parse(await file.text()).stops);
      return stops?.length ? stops : undefined;
    } catch {
      return undefined; // what is no JSON, or nothing that has stops
    }
  }

  function recall() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY)) ?? {};
      own = checked(kept.own) ?? [];
      made = checked(kept.made) ?? [];
      at = Number.isInteger(kept.at) ? clamp(kept.at, 0, stops().length - 1) : 0;
    } catch {
      // Nothing is kept, or not by us: the tour begins at the beginning.
    }
  }

  function keep() {
    root.classList.toggle("ll-toured", at > 0);
    try {
      localStorage.setItem(KEY, JSON.stringify({ own, made, at }));
    } catch {
      // A browser that keeps nothing: the tour is not remembered.
    }
  }

  const stops = () => (own.length ? own : lecture);
  const now = () => stops()[at];

  // --------------------------------------------------------------------------------------------------------------- the panel

  const heading = el("h2", { tabindex: "-1", id: "ll-tour-heading" });
  const sentence = el("p", { class: "ll-tour-sentence" });
  const question = el("p", { class: "ll-tour-question" });
  const answer = el("p", { class: "ll-tour-answer" });
  const words = el("div", { class: "ll-tour-words", "aria-live": "polite" }, sentence, question, answer);
  const said = el("p", { class: "ll-tour-said", role: "status" });
  const show = button("Show me", reveal);
  const back = button("Back", () => go(at - 1));
  const next = button("Next", () => (at + 1 < stops().length ? go(at + 1) : finish()));
  const again = button("From the start", () => go(0));
  const lectures = button("The lecture’s tour", () => take([]));
  const make = button("Your own tour", () => turn(!isMaking));
  const close = button("Leave", leave);
  for (const each of [show, next]) each.classList.add("ll-first");
  make.classList.add("ll-tour-make");

  const box = el("input", {
    type: "text",
    maxlength: LONGEST,
    placeholder: "A sentence or a question for this stop, if you like",
    "aria-label": "A sentence for this stop",
  });
  const chooser = el("input", { type: "file", accept: ".json,application/json", hidden: "" });
  const add = button("Add to tour", addStop);
  const copy = button("Copy tour link", copyLink);
  const save = button("Save as file", saveFile);
  const load = button("Load a file", () => chooser.click());
  const drop = button("Remove the last", () => change(made.slice(0, -1), "The last stop is removed."));
  const accept = button("Take it", () => take(made));
  const maker = el("div", { class: "ll-tour-maker" }, box, add, drop, copy, save, load, accept, chooser);

  const panel = el(
    "section",
    { id: "ll-tour", "aria-labelledby": heading.id, hidden: "" },
    el("div", { class: "ll-tour-head" }, heading, el("div", { class: "ll-tour-tools" }, again, lectures, make, close)),
    words,
    el("div", { class: "ll-tour-steps" }, show, back, next),
    maker,
    said,
  );
  const spot = el("div", { id: "ll-spot", "aria-hidden": "true", hidden: "" });

  function draw() {
    const stop = now();
    const isAsking = Boolean(stop.question) && !isAnswered && !isMaking;
    const count = `${made.length} ${made.length === 1 ? "stop" : "stops"}`;
    heading.textContent = isMaking
      ? `Your own tour: ${count}`
      : `Stop ${at + 1} of ${stops().length}${stop.lecture ? `, lecture ${stop.lecture}` : ""}`;
    sentence.textContent = isMaking
      ? "Open an experiment, move it to where the stop is to begin, and add it. Drawings and uploads are not in it."
      : stop.sentence;
    question.textContent = isMaking ? "" : (stop.question ?? "");
    answer.textContent = !isMaking && isAnswered ? (stop.answer ?? "") : "";
    sentence.hidden = !isMaking && isAnswered; // it was read; so the panel covers no more than before
    show.hidden = !isAsking;
    back.hidden = isMaking;
    next.hidden = isMaking;
    back.disabled = at === 0;
    next.textContent = at + 1 < stops().length ? "Next" : "Finish";
    next.classList.toggle("ll-first", !isAsking);
    again.hidden = isMaking || at === 0;
    lectures.hidden = isMaking || !own.length;
    make.textContent = isMaking ? "Back to the tour" : "Your own tour";
    maker.hidden = !isMaking;
    add.disabled = made.length >= MOST_STOPS;
    for (const each of [copy, save, drop, accept]) each.disabled = !made.length;
    root.classList.toggle("ll-asking", isOpen && isAsking); // the Notice would give the answer away
  }

  // -------------------------------------------------------------------------------------------------------------- its steps

  function go(to) {
    at = clamp(to, 0, stops().length - 1);
    isAnswered = false;
    isMaking = false;
    said.textContent = "";
    keep();
    draw();
    spot.hidden = true;
    address.go(now().address);
    shine();
  }

  async function reveal() {
    isAnswered = true;
    draw();
    next.focus();
    address.go(now().then);
    const stop = now();
    await after(ANSWERED_MS);
    const node = target();
    if (node && isOpen && stop === now()) reach(node); // the panel may have grown
  }

  function open() {
    if (!isOpen) from = document.activeElement;
    if (!stops().length) return;
    isOpen = true;
    panel.hidden = false;
    root.classList.add("ll-touring");
    heading.focus({ preventScroll: true });
    go(at);
  }

  function leave() {
    isOpen = false;
    panel.hidden = true;
    spot.hidden = true;
    root.classList.remove("ll-touring", "ll-asking");
    from?.focus?.({ preventScroll: true });
  }

  function finish() {
    at = 0;
    keep();
    leave();
  }

  function take(list) {
    own = list;
    at = 0;
    open();
  }

  // ------------------------------------------------------------------------------------------------------------- making one

  function turn(on) {
    isMaking = on;
    said.textContent = "";
    draw();
    if (on) box.focus();
  }

  function change(list, told) {
    made = list;
    keep();
    draw();
    said.textContent = told;
  }

  function addStop() {
    change([...made, { address: address.here(), sentence: box.value.trim() }], "Added.");
    box.value = "";
  }

  async function copyLink() {
    const link = toLink(made);
    if (link.length > LONGEST_LINK) {
      said.textContent = "This tour is too long for a link: save it as a file.";
      return;
    }
    try {
      await navigator.clipboard.writeText(link);
      said.textContent = "Link copied.";
    } catch {
      said.textContent = link; // where a page may not write to the clipboard
    }
  }

  function saveFile() {
    const text = JSON.stringify({ kind: KIND, stops: made }, null, 2);
    const link = el("a", { download: "tour.json", href: URL.createObjectURL(new Blob([text])) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  chooser.addEventListener("change", async () => {
    const [file] = chooser.files;
    const list = file && (await fromFile(file));
    chooser.value = ""; // the same file again is a change too
    if (list) change(list, "The file is loaded: take it, or add to it.");
    else if (file) said.textContent = BAD_FILE;
  });

  // ----------------------------------------------------------------------------------------------------------- the spotlight

  let dimmed;

  // What the ring is drawn round: the control of the experiment on the screen, if it is in sight.
  function target() {
    const stop = now();
    const isThere = address.path() === stop.address.split("?")[0];
    const selector = (isThere && stop.control) || controls[address.path()];
    if (!selector) return undefined;
    const node = [...document.querySelectorAll(selector)].find((each) => each.getClientRects().length);
    return node?.matches("input") ? node.parentElement : node; // with its label
  }

  function place() {
    const node = isOpen && !isMaking ? target() : undefined;
    spot.hidden = !node;
    if (!node) return;
    const { left, top, width, height } = node.getBoundingClientRect();
    const size = { left: left - MARGIN, top: top - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
    for (const [name, value] of Object.entries(size)) spot.style[name] = `${value}px`;
  }

  function undim() {
    clearTimeout(dimmed);
    spot.classList.remove("ll-dim");
  }

  // Bring the control into what is left between the tabs, the results that stick to the top of a phone, and the panel.
  function reach(node) {
    const results = node.closest(".ll-bench")?.querySelector(":scope > .ll-results");
    const sticks = results && !results.contains(node) && getComputedStyle(results).position === "sticky";
    const tabs = document.querySelector("#sections > .tab-wrapper");
    const isTabbed = tabs && getComputedStyle(tabs).position === "sticky";
    const top = sticks ? results.offsetHeight : isTabbed ? 100 : 10;
    const { top: upper, bottom: lower } = node.getBoundingClientRect();
    const up = upper - top - 2 * MARGIN;
    const down = lower - panel.getBoundingClientRect().top + 2 * MARGIN;
    if (up >= 0 && down <= 0) return;
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    window.scrollBy({ top: up < 0 ? up : Math.min(up, down), behavior: isStill ? "instant" : "smooth" });
  }

  async function shine() {
    const stop = now();
    for (let tries = 0; tries < 40 && !target(); tries++) await after(100);
    const node = target();
    if (!node || !isOpen || stop !== now()) return;
    spot.classList.add("ll-dim");
    clearTimeout(dimmed);
    dimmed = setTimeout(undim, DIM_MS);
    place();
    reach(node);
    // While the page still grows, and until the visitor has taken over.
    for (const wait of [600, 900]) {
      await after(wait);
      if (isOpen && stop === now() && target() === node && spot.classList.contains("ll-dim")) reach(node);
    }
  }

  // ------------------------------------------------------------------------------------------------------------ the keyboard

  function press(event) {
    if (!isOpen || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) leave();
    // Arrows belong to the controls; in the panel they turn its pages.
    if (!panel.contains(event.target) || event.target === box || isMaking) return;
    if (event.key === "ArrowRight" && !next.disabled) next.click();
    else if (event.key === "ArrowLeft" && !back.disabled) back.click();
    else return;
    event.preventDefault();
  }

  function start(data) {
    lecture = data.stops;
    controls = data.controls;
    recall();
    keep();
    document.querySelector(".gradio-container .contain").append(panel, spot);
    new ResizeObserver(() => root.style.setProperty("--ll-tour", `${panel.offsetHeight}px`)).observe(panel);
    document.addEventListener("keydown", press);
    document.addEventListener("click", (event) => {
      if (!event.target.closest?.("[data-tour]")) return;
      event.preventDefault();
      open();
    });
    for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, undim, { capture: true });
    for (const kind of ["scroll", "resize"]) window.addEventListener(kind, place, { capture: true, passive: true });
    setInterval(() => isOpen && place(), LOOK_MS); // what is built anew, or grows
    const link = location.search.slice(1).split("&").find(isTour);
    if (link !== undefined) begin(link.slice("tour=".length));
  }

  const isTour = (part) => part === "tour" || part.startsWith("tour=");

  // A tour in the address: it is taken once, and then remembered, so that "Copy link" copies the experiment alone.
  async function begin(text) {
    const rest = location.search
      .slice(1)
      .split("&")
      .filter((part) => part && !isTour(part));
    const query = rest.length ? `?${rest.join("&")}` : "";
    history.replaceState(null, "", `${location.pathname}${query}${location.hash}`);
    await address.ready;
    const list = text ? fromLink(text) : [];
    take(list ?? []);
    if (!list) said.textContent = BAD_LINK;
  }

  LatentLab.tour = { start };
})();
