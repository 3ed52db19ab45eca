// Sharing: a figure of the result that is on the screen, and a QR code of its address. share.py describes both.
(() => {
  "use strict";
  const { LatentLab } = window;
  if (LatentLab.share) return;
  const { address, button, el, svg } = LatentLab;

  const NARROW = 640; // pixels of a figure's width, at least
  const SCALE = 2; // pixels of the file for one of them
  const QUIET = 4; // modules of white round a QR code, as its standard asks
  // What html-to-image takes over of an element's style, and what of an element in an SVG, which it leaves to style sheets.
  const STYLE = [
    ..."align-content align-items align-self aspect-ratio background-color border-collapse border-radius".split(" "),
    ..."border-spacing box-sizing color column-gap display fill flex-basis flex-direction flex-grow".split(" "),
    ..."flex-shrink flex-wrap font-family font-feature-settings font-size font-style font-variant".split(" "),
    ..."font-weight grid-area grid-auto-flow grid-template-areas grid-template-columns grid-template-rows".split(" "),
    ..."height image-rendering justify-content justify-items justify-self letter-spacing line-height".split(" "),
    ..."max-height max-width min-height min-width object-fit opacity order overflow position".split(" "),
    ..."row-gap text-align text-decoration text-indent text-transform transform vertical-align".split(" "),
    ..."visibility white-space width word-spacing z-index".split(" "),
    ...["top", "right", "bottom", "left"].flatMap((side) => [
      side,
      `margin-${side}`,
      `padding-${side}`,
      ...["width", "style", "color"].map((part) => `border-${side}-${part}`),
    ]),
  ];
  const DRAWN = [
    ..."color display dominant-baseline fill fill-opacity font-family font-size font-style font-weight".split(" "),
    ..."opacity stroke stroke-dasharray stroke-linecap stroke-linejoin stroke-opacity stroke-width".split(" "),
    ..."text-anchor vector-effect visibility".split(" "),
  ];
  const FAILED = "This browser could not make the figure.";
  const LIMITS =
    "The link holds the model, the seed and all settings. What you drew, uploaded or trained is not in it: save a figure.";
  const LONG = "This address is too long for a QR code: copy the link.";

  let captions = {}; // path -> {lecture, models: {name: title}, result, number}

  // ------------------------------------------------------------------------------------------------------------ libraries

  const libraries = new Map();

  // What a script of ours leaves in window[name]; it is asked for once, and again if that failed.
  function library(file, name) {
    if (window[name]) return Promise.resolve(window[name]);
    if (!libraries.has(file))
      libraries.set(
        file,
        new Promise((resolve, reject) => {
          const script = el("script", { src: new URL(`vendor/${file}`, location.href).href });
          script.addEventListener("load", () => resolve(window[name]));
          script.addEventListener("error", () => {
            libraries.delete(file);
            reject(new Error(file));
          });
          document.head.append(script);
        }),
      );
    return libraries.get(file);
  }

  // ------------------------------------------------------------------------------------------------------------- the figure

  const isVisible = (node) => node.getClientRects().length > 0;
  const visible = (selector) => [...document.querySelectorAll(selector)].filter(isVisible);

  // An equation without its second version, for screen readers.
  function formulaOf(equation) {
    const copy = equation.cloneNode(true);
    copy.querySelector(".katex-mathml")?.remove();
    return copy;
  }

  // What answers the control: the column of results, else what holds all results and numbers.
  function resultOf(tab, { result, number }) {
    const column = tab.querySelector(".ll-bench > .ll-results");
    if (column) return column;
    const parts = [...visible(result), ...visible(number)];
    let node = parts[0];
    while (node && !parts.every((part) => node.contains(part))) node = node.parentElement;
    return node;
  }

  // The same as it looks now, without what is hidden, there to be pressed, or more than a figure holds.
  function copied(node, tab) {
    const copy = node.cloneNode(true);
    const [old, fresh] = [node, copy].map((each) => [...each.querySelectorAll("*")]);
    const isTool = (each) => each.matches("input, select, textarea, button") && !each.querySelector("img, canvas");
    const isMore = (each) => each.matches("table, ul, ol, details");
    old.forEach((each, i) => {
      if (each instanceof HTMLElement && (!isVisible(each) || isTool(each) || isMore(each))) fresh[i].remove();
      else if (each instanceof HTMLCanvasElement) {
        fresh[i].width = each.width; // a clone of a canvas is empty
        fresh[i].height = each.height;
        if (each.width && each.height) fresh[i].getContext("2d").drawImage(each, 0, 0);
      }
    });
    copy.classList.add("ll-figure-result");
    // Rules may ask for what it lies in.
    let whole = copy;
    for (let outer = node.parentElement; outer; outer = outer.parentElement) {
      const shell = outer.cloneNode(false);
      shell.style.setProperty("display", "contents", "important");
      shell.append(whole);
      whole = shell;
      if (outer === tab) break;
    }
    return whole;
  }

  // The models that the live controls in sight ask; else what is chosen; else those that the experiment has.
  function madeBy(tab, { models }) {
    const asked = [...tab.querySelectorAll(".ll-live")]
      .filter(isVisible)
      .flatMap(({ control }) => [
        control?.settings?.context?.model,
        ...(control?.setup?.games ?? []).map((g) => g.method),
      ])
      .map((name) => models[name]);
    const known = [...new Set(asked)].filter(Boolean);
    if (known.length) return `${known.length > 1 ? "Models" : "Model"}: ${known.join("; ")}`;
    const chosen = ["Model", "Data"]
      .map((name) => [name, [...tab.querySelectorAll(`input[aria-label="${name}"]`)].find(isVisible)?.value])
      .filter(([, value]) => value)
      .map(([name, value]) => `${name}: ${value}`);
    if (chosen.length) return chosen.join("; ");
    const all = Object.values(models);
    return all.length ? `Models of this experiment: ${all.join("; ")}` : "";
  }

  // What a chart takes from style sheets, written into it.
  function inked(sheet) {
    for (const node of sheet.querySelectorAll("svg *")) {
      const style = getComputedStyle(node);
      for (const name of DRAWN) node.style.setProperty(name, style.getPropertyValue(name));
    }
  }

  // A sheet: title, equation, result, model and address.
  function compose(path) {
    const tab = document.getElementById(`tab-${path}`);
    const caption = captions[path];
    const result = resultOf(tab, caption);
    const equation = tab.querySelector(".ll-idea .katex-display");
    const sheet = el(
      "div",
      { class: "ll-figure" },
      el("h1", {}, tab.querySelector("h1").textContent),
      el("p", { class: "ll-figure-lecture" }, `Latent Lab, lecture ${caption.lecture}`),
      ...(equation ? [formulaOf(equation)] : []),
      copied(result, tab),
      el("p", { class: "ll-figure-model" }, madeBy(tab, caption)),
      el("p", { class: "ll-figure-address" }, location.href),
    );
    sheet.style.width = `${Math.max(result.clientWidth, NARROW)}px`;
    return sheet;
  }

  async function figure() {
    const path = address.path();
    address.say("Making the figure …");
    const sheet = compose(path);
    // Beside the page, where its dark colours do not reach; Gradio's own rules ask for its container.
    const container = document.querySelector(".gradio-container").className;
    const aside = el("div", { class: `${container} ll-figure-aside`, "aria-hidden": "true", inert: "" }, sheet);
    document.documentElement.append(aside);
    try {
      inked(sheet);
      const { toBlob } = await library("html-to-image.js", "htmlToImage");
      const blob = await toBlob(sheet, {
        pixelRatio: SCALE,
        backgroundColor: "#ffffff",
        includeStyleProperties: STYLE,
      });
      download(blob, `latent-lab-${path.replace("/", "-")}.png`);
      address.say("Figure saved.");
    } catch {
      address.say(FAILED);
    } finally {
      aside.remove();
    }
  }

  function download(blob, name) {
    const link = el("a", { download: name, href: URL.createObjectURL(blob) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // ------------------------------------------------------------------------------------------------------------ the QR code

  // The code of a text as an SVG, or undefined if it is too long; with less redundancy if it would not fit else.
  function codeOf(qrcode, text) {
    for (const level of ["M", "L"]) {
      const code = qrcode(0, level);
      try {
        code.addData(text);
        code.make();
      } catch {
        continue; // too long for this level
      }
      const n = code.getModuleCount();
      let dark = "";
      for (let row = 0; row < n; row++)
        for (let column = 0; column < n; column++)
          if (code.isDark(row, column)) dark += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
      const side = n + 2 * QUIET;
      const image = svg("svg", {
        viewBox: `0 0 ${side} ${side}`,
        role: "img",
        "aria-label": "QR code of this address",
        "shape-rendering": "crispEdges",
      });
      image.append(svg("rect", { width: side, height: side, fill: "#fff" }), svg("path", { d: dark, fill: "#000" }));
      return image;
    }
    return undefined;
  }

  const code = el("div", { class: "ll-share-code" });
  const where = el("p", { class: "ll-share-address" });
  const limits = el("p", { class: "ll-share-limits" }, LIMITS);
  const save = button("Save figure", () => {
    dialog.close();
    figure();
  });
  const copy = button("Copy link", () => {
    dialog.close();
    address.copy();
  });
  const dialog = el(
    "dialog",
    { id: "ll-share", "aria-label": "Share" },
    code,
    where,
    limits,
    el(
      "div",
      { class: "ll-share-buttons" },
      save,
      copy,
      button("Close", () => dialog.close()),
    ),
  );

  async function open() {
    address.settle();
    where.textContent = location.href;
    save.hidden = limits.hidden = !captions[address.path()];
    code.replaceChildren();
    dialog.showModal();
    try {
      const qrcode = await library("qrcode.js", "qrcode");
      code.replaceChildren(codeOf(qrcode, location.href) ?? el("p", {}, LONG));
    } catch {
      code.replaceChildren(el("p", {}, "The QR code could not be made: the server did not answer."));
    }
  }

  function start(data) {
    captions = data;
    document.querySelector(".gradio-container .contain").append(dialog);
    document.addEventListener("click", (event) => {
      if (event.target.closest?.("[data-share]")) open();
      else if (event.target === dialog) dialog.close(); // beside it
    });
  }

  LatentLab.share = { start };
})();
