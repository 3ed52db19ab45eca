// Addresses: #chapter/experiment?name=value&... opens an experiment with its controls where somebody left them.
// address.py says which controls have a name. Values are checked by the control they are for, and shown as text only.
(() => {
  "use strict";
  const { LatentLab } = window;
  if (LatentLab.address) return;

  const WRITE_MS = 500; // browsers refuse more than a hundred writes in half a minute
  const WAIT_MS = 20_000;
  const LOOK_MS = 30;
  const CLICKS = 5;
  const CLICK_MS = 500;
  const SAID_MS = 8_000;
  const LONGEST = 2_000; // characters of an address that are read
  const SPACES = "https://huggingface.co";
  const HOME = "start";
  const LINK_COPIED = "Link copied.";
  const REST = Symbol("where a control began");
  const WITHOUT = " What you drew, uploaded or trained is not in it.";

  const after = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const root = document.documentElement;

  let outline = []; // [{section, experiments: [path]}]
  let status; // where sentences go
  let silence; // the timer that ends one
  let shown = ""; // path of the experiment on the screen
  let opening; // stands for the address that is being opened, while it is
  let latest; // stands for the one that was opened last
  const values = new Map(); // path -> Map(name -> text) of what differs from its first value
  const wanted = new Map(); // path -> Map(name -> text or REST) of an address, until the visitor moves something
  const rests = new Map(); // key of a control -> text of where it began
  const controls = new Map(); // path -> Map(name -> control), which has a root, toAddress, restore(text) -> boolean
  const refused = new Set(); // names in the present address that could not be used
  let entry; // stands for the entry of the history that is on the screen
  const scrolled = new Map(); // entry -> how far down it was

  // ------------------------------------------------------------------------------------------------- text of an address

  function parse(hash) {
    const [path, query = ""] = hash.replace(/^#/, "").slice(0, LONGEST).split("?", 2);
    let place;
    try {
      place = decodeURIComponent(path);
    } catch {
      place = "?";
    }
    return { path: place, params: new Map(new URLSearchParams(query)) };
  }

  // Commas and slashes stay as they are: they are legible, and legal in a fragment.
  const written = (text) => encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%2F", "/");

  // A control that is not on the screen yet keeps what the address says of it.
  function hashOf(path) {
    const coming = [...(wanted.get(path) ?? [])].filter(
      ([name, text]) => text !== REST && !controls.get(path)?.has(name),
    );
    const said = [...coming, ...(values.get(path) ?? [])];
    const query = said.map(([name, text]) => `${written(name)}=${written(text)}`);
    if (path === HOME) return "";
    return `#${path}${query.length ? `?${query.join("&")}` : ""}`;
  }

  // ------------------------------------------------------------------------------------------------------------ writing

  let timer;

  function write(how) {
    clearTimeout(timer);
    timer = undefined;
    const url = `${location.pathname}${location.search}${hashOf(shown)}`;
    if (url === `${location.pathname}${location.search}${location.hash}`) return;
    history[how](how === "pushState" ? null : history.state, "", url);
    enter();
    // A Space is shown inside a page of huggingface.co, whose own address is to follow.
    if (window.parent !== window)
      window.parent.postMessage({ queryString: location.search.slice(1), hash: location.hash }, SPACES);
  }

  // The present entry of the history, which Back and Forward come to again; returns how far down it was then.
  function enter() {
    entry = history.state?.entry;
    if (entry === undefined) {
      entry = Math.random();
      history.replaceState({ entry }, "");
    }
    return scrolled.get(entry) ?? 0;
  }

  // Of a name, its control on the screen: an experiment may have one for each data set.
  const keyOf = (path, name) => `${path} ${name} ${controls.get(path)?.get(name)?.root.closest("[id]")?.id}`;

  // Where the address wants a control, if anywhere.
  function wantedOf(path, name) {
    const text = wanted.get(path)?.get(name);
    return text === REST ? rests.get(keyOf(path, name)) : text;
  }

  // At `text` a control is at rest, wherever it stands; it goes there if it was to be at rest.
  function rest(path, name, text) {
    rests.set(keyOf(path, name), text);
    if (wanted.get(path)?.get(name) === REST) again(path, name);
  }

  // A control stands at `text`. Where it stands at rest is not written; undefined is not to be written at all.
  function note(path, name, text, isRest = false) {
    const key = keyOf(path, name);
    // Another control has put it elsewhere: it does not go back to where that one had put it before.
    if (isRest && wantedOf(path, name) === rests.get(key)) wanted.get(path)?.delete(name);
    if (isRest || !rests.has(key)) rests.set(key, text);
    if (!values.has(path)) values.set(path, new Map());
    if (text === undefined || text === rests.get(key)) values.get(path).delete(name);
    else values.get(path).set(name, text);
    if (path === shown && opening === undefined) timer ??= setTimeout(write, WRITE_MS, "replaceState");
  }

  // ----------------------------------------------------------------------------------------------------------- restoring

  function apply(path, name, control) {
    const text = wantedOf(path, name);
    if (text === undefined) return;
    if (!control.restore(text)) {
      wanted.get(path).delete(name);
      refused.add(name);
    }
  }

  // A control has come on the screen, perhaps again; it is told the path of its experiment.
  function register(control, name, path = pathOf(control.root)) {
    if (!path) return;
    if (!controls.has(path)) controls.set(path, new Map());
    const before = controls.get(path).get(name);
    if (before) before.path = undefined; // it is on its way out: what it still does is not in the address
    control.path = path;
    controls.get(path).set(name, control);
    const key = keyOf(path, name);
    if (control.atRest !== undefined && !rests.has(key)) rests.set(key, control.atRest);
    note(path, name, control.toAddress(control.value));
    apply(path, name, control);
  }

  // Python has set a control: where it stands in the address that is being restored, it goes there again.
  function again(path, name) {
    const control = controls.get(path)?.get(name);
    const text = wantedOf(path, name);
    if (control && text !== undefined && values.get(path)?.get(name) !== text) control.restore(text);
  }

  // The address of the experiment that an element is in.
  const pathOf = (node) => node.closest("[id^='tab-'][id*='/']")?.id.slice("tab-".length);

  const tab = (id) => document.querySelector(`[role=tab][data-tab-id="${CSS.escape(id)}"]`);
  const isSelected = (button) => button.getAttribute("aria-selected") === "true";
  const sectionOf = (path) => outline.find(({ experiments }) => experiments.includes(path))?.section;

  async function until(find) {
    for (let waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
      const found = find();
      if (found) return found;
      await after(LOOK_MS);
    }
    return undefined;
  }

  // Gradio overlooks a click on a tab while it still lays out the row.
  async function select(id) {
    const asked = opening;
    const button = await until(() => tab(id));
    for (let clicks = 0; button && !isSelected(button) && opening === asked && clicks < CLICKS; clicks++) {
      button.click();
      for (let waited = 0; waited < CLICK_MS && !isSelected(button); waited += LOOK_MS) await after(LOOK_MS);
    }
    return button;
  }

  // The nearest place that exists: the experiment, else the chapter's first, else the first page.
  function nearest(path) {
    if (["", HOME, "models"].includes(path) || sectionOf(path)) return path || HOME;
    const chapter = `${path.split("/")[0]}/`;
    const experiments = outline.flatMap((each) => each.experiments);
    const section = outline.find((each) => each.section === path);
    return section?.experiments[0] ?? experiments.find((each) => each.startsWith(chapter)) ?? HOME;
  }

  async function open(hash) {
    const { path: asked, params } = parse(hash);
    const path = nearest(asked);
    const mine = {};
    const isElsewhere = path !== shown;
    const down = enter();
    clearTimeout(timer); // what it would write is of before
    timer = undefined;
    opening = latest = mine;
    say("");
    refused.clear();
    // What the address does not name goes back to where it began, if it was moved, or was to be when it had come.
    const named = [values, wanted].flatMap((each) => [...(each.get(path)?.keys() ?? [])]);
    const moved = named.filter((name) => !params.has(name));
    const back = moved.map((name) => [name, REST]); // for controls that come on the screen later
    wanted.set(path, path === asked ? new Map([...back, ...params]) : new Map());
    shown = path;
    const section = sectionOf(path);
    if (section) await select(section);
    await select(path);
    LatentLab.parts.bring(path);
    if (opening !== mine) return; // meanwhile another was asked for
    if (isElsewhere) window.scrollTo(0, down);
    const known = controls.get(path) ?? new Map();
    for (const [name, control] of known) if (control.root.isConnected) apply(path, name, control);
    opening = undefined;
    if (path !== asked && asked !== "") say("There is no such experiment here: this is the nearest.");
    else {
      await until(() => [...params.keys()].every((name) => controls.get(path)?.has(name) || refused.has(name)));
      if (latest !== mine || shown !== path) return; // meanwhile another was asked for
      const lost = [...params.keys()].filter((name) => refused.has(name) || !controls.get(path)?.has(name));
      for (const name of lost) wanted.get(path)?.delete(name);
      if (lost.length) say("A part of this link could not be used: the rest is shown.");
    }
    if (shown === path) write("replaceState");
    rove();
  }

  // Open an address as a link would, so that Back comes back from there.
  function go(text) {
    write("replaceState");
    history.pushState(null, "", `${location.pathname}${location.search}#${text}`);
    return open(location.hash);
  }

  // The visitor moves something: from now on, nothing that is on the screen goes back to what the address said.
  function letGo(event) {
    if (!event.isTrusted || event.target.closest?.("[role=tab], #ll-tour")) return;
    for (const name of wanted.get(shown)?.keys() ?? [])
      if (controls.get(shown)?.has(name)) wanted.get(shown).delete(name);
  }

  // ------------------------------------------------------------------------------------------------------- tabs on screen

  function selected() {
    const first = document.querySelector("#sections > .tab-wrapper [role=tab][aria-selected=true]")?.dataset.tabId;
    if (!outline.some(({ section }) => section === first)) return first ?? HOME;
    return document.getElementById(`tab-${first}`)?.querySelector("[role=tab][aria-selected=true]")?.dataset.tabId;
  }

  async function look() {
    const path = await until(selected);
    rove();
    if (!path || opening !== undefined) return;
    LatentLab.parts.bring(path);
    if (path === shown) return;
    shown = path;
    wanted.delete(path);
    say("");
    write("pushState");
    window.scrollTo(0, 0);
  }

  // One stop of the Tab key for a row of tabs; arrows move in it. On a phone a row scrolls, and has that tab in sight.
  function rove() {
    for (const button of document.querySelectorAll("[role=tablist] [role=tab]")) {
      button.tabIndex = isSelected(button) ? 0 : -1;
      if (isSelected(button)) center(button, button.closest("[role=tablist]"));
    }
  }

  function center(button, row) {
    const [inside, outside] = [button, row].map((node) => node.getBoundingClientRect());
    row.scrollLeft += inside.left + inside.width / 2 - outside.left - outside.width / 2;
  }

  function steer(event) {
    const from = event.target.closest?.("[role=tab]");
    if (!from || event.altKey || event.ctrlKey || event.metaKey) return;
    const row = [...from.closest("[role=tablist]").querySelectorAll("[role=tab]:not(:disabled)")];
    const at = row.indexOf(from);
    const to = {
      ArrowLeft: row[at - 1] ?? row.at(-1),
      ArrowRight: row[at + 1] ?? row[0],
      Home: row[0],
      End: row.at(-1),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    to.focus();
    to.click();
  }

  // In a hall, a clicker turns pages; not while somebody types.
  function turn(event) {
    const by = { PageDown: 1, PageUp: -1 }[event.key];
    if (
      !by ||
      !root.classList.contains("ll-lecture") ||
      event.target.closest?.("input, textarea, select, [contenteditable]")
    )
      return;
    const places = [HOME, ...outline.flatMap(({ experiments }) => experiments), "models"];
    const to = places[places.indexOf(shown) + by];
    event.preventDefault();
    if (to) location.hash = `#${to}`;
  }

  // ------------------------------------------------------------------------------------------------------------- the bar

  // It lies over the tabs, and goes by itself.
  function say(words) {
    status.textContent = words;
    clearTimeout(silence);
    if (words) silence = setTimeout(() => say(""), SAID_MS);
  }

  async function copy() {
    write("replaceState");
    const isPersonal = document.querySelector("[data-personal]") !== null;
    try {
      await navigator.clipboard.writeText(location.href);
      say(LINK_COPIED + (isPersonal ? WITHOUT : ""));
    } catch {
      say(`The link is in your browser's address bar.${isPersonal ? WITHOUT : ""}`);
    }
  }

  function start(bar) {
    outline = JSON.parse(bar.dataset.outline).filter(({ experiments }) => experiments.length);
    status = bar.querySelector("[role=status]");
    bar.querySelector("[data-copy]").addEventListener("click", copy);
    document.addEventListener("keydown", steer);
    document.addEventListener("click", ({ target }) => target.closest?.("[role=tab]") && LatentLab.parts.bring(shown));
    document.addEventListener("keydown", turn);
    for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, letGo, { capture: true });
    window.addEventListener("popstate", () => open(location.hash));
    history.scrollRestoration = "manual"; // the browser would scroll what is still on the screen then
    const keep = () => opening === undefined && scrolled.set(entry, window.scrollY);
    window.addEventListener("scroll", keep, { passive: true });
    new MutationObserver(look).observe(document.body, { subtree: true, attributeFilter: ["aria-selected"] });
    until(() => tab(HOME)).then(async () => {
      await open(location.hash);
      rove();
      begun();
    });
  }

  // -------------------------------------------------------------------------------------------- stock components of Gradio

  const stock = new Map(); // path -> {all fields, their values now, node}

  // Undefined for a number that no address may set, which stands for what a visitor uploaded.
  function textOf(field, value) {
    if (value < field.low) return undefined;
    if (field.several) return [...value].join(",");
    if (!field.choices && field.low === undefined) return value ? "1" : "0";
    return String(value ?? "");
  }

  // The value that a text stands for, or undefined if the component has no such value.
  function valueFrom(field, text) {
    if (field.several) {
      const parts = text ? text.split(",") : [];
      const found = parts.map((part) => field.choices.find((choice) => String(choice) === part));
      return found.includes(undefined) ? undefined : found;
    }
    if (field.choices) return field.choices.find((choice) => String(choice) === text);
    if (field.low === undefined) return { 0: false, 1: true }[text];
    const value = text.trim() === "" ? Number.NaN : Number(text);
    const isFit = value >= field.low && value <= field.high && (!field.whole || Number.isInteger(value));
    return isFit ? value : undefined;
  }

  // One hidden element of each experiment that has named components: its value goes to all of them at once.
  function fields(node, gradio) {
    const { path, fields: all } = JSON.parse(node.dataset.fields);
    const now = stock.get(path)?.now ?? all.map((field) => field.first);
    stock.set(path, { all, now, node });
    let queued = false;
    const send = () => {
      queued = false;
      gradio.props.value = structuredClone(now);
      gradio.trigger("input");
    };
    all.forEach((field, i) => {
      const control = {
        root: node,
        atRest: textOf(field, field.first),
        get value() {
          return now[i];
        },
        toAddress: (value) => textOf(field, value),
        restore(text) {
          const value = valueFrom(field, text);
          if (value === undefined) return false;
          now[i] = value;
          if (!queued) setTimeout(send, 0);
          queued = true;
          note(path, field.name, text);
          return true;
        },
      };
      register(control, field.name, path);
    });
  }

  // The components of an experiment were changed, by the visitor or by Python.
  function chosen(path, texts) {
    const known = stock.get(path);
    if (!known) return;
    known.all.forEach((field, i) => {
      known.now[i] = texts[i];
      note(path, field.name, textOf(field, texts[i]));
      again(path, field.name);
    });
    const isPersonal = known.all.some((field, i) => textOf(field, texts[i]) === undefined);
    known.node.toggleAttribute("data-personal", isPersonal);
  }

  // ---------------------------------------------------------------------------------------------------------- how it looks

  const asked = new URLSearchParams(location.search);
  for (const mode of ["embed", "lecture"]) root.classList.toggle(`ll-${mode}`, asked.has(mode));

  let begun;
  const ready = new Promise((resolve) => {
    begun = resolve; // once the page's own address is open
  });

  LatentLab.address = {
    start,
    ready,
    go,
    path: () => shown,
    here: () => hashOf(shown).slice(1) || HOME,
    say: (words) => say(words),
    copy: () => copy(),
    settle: () => write("replaceState"), // the address bar as the controls stand now
    register,
    note,
    rest,
    fields,
    chosen,
    again,
  };
})();
