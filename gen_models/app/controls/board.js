// The control of the GAN lab: asks the server for training steps, one question at a time, and draws what it answers.
// board.py describes questions and answers.
LatentLab.kinds.Board ??= (() => {
  "use strict";
  const { after, ask, button, bytesOf, clamp, el, moves, newId } = LatentLab;
  const isSeed = (v) => Number.isInteger(v) && v >= 0 && v <= MAX_SEED;
  const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const shortly = (v) => {
    if (v > 0.9 && v < 1) return v.toFixed(4).replace(/0+$/, ""); // a decay: two digits would say 1
    const small = v !== 0 && Math.abs(v) < 0.001;
    return (small || Math.abs(v) >= 1e5 ? v.toExponential(0) : Number(v.toPrecision(2)).toString()).replaceAll(
      "-",
      "\u2212",
    );
  };
  const decoded = {
    points: (text) => Float32Array.from(new Int16Array(bytesOf(text).buffer), (v) => (2 * v) / 32767), // what is shown is -1 to 1
    floats: (text) => new Float32Array(bytesOf(text).buffer),
    shades: bytesOf,
  };

  const SPEEDS = [
    { words: "slow motion, part by part", steps: 1, wait: 600 },
    { words: "1 step a frame", steps: 1, wait: 0 },
    { words: "5 steps a frame", steps: 5, wait: 0 },
    { words: "20 steps a frame", steps: 20, wait: 0 },
    { words: "50 steps a frame", steps: 50, wait: 0 },
  ];
  // What slow motion walks through in each step, and what of a game is drawn by then.
  const PARTS = [
    ["z", "z is drawn", []],
    ["G", "G makes points of it", ["points"]],
    ["D", "D judges the plane", ["points", "surface"]],
    ["loss", "the loss pulls", ["points", "surface", "arrows"]],
    ["update", "D and G take a step", ["points", "surface", "arrows"]],
  ];
  const FRAMES = 300; // that are kept for the replay; beyond, every other one goes
  const FALLS = [0, 2000, 3000, 5000, 10000, 40000];
  // As in `TURNS` of the server.
  const TURNS = { both: "both", d: "D alone", g: "G alone", d2: "D twice, G once", d5: "D five times, G once" };
  // Where D = 1/2 everywhere, by the loss.
  const REST = {
    "non-saturating": [
      [Math.log(4), "log 4"],
      [Math.log(2), "log 2"],
    ],
    saturating: [
      [Math.log(4), "log 4"],
      [-Math.log(2), "\u2212log 2"],
    ],
  };
  const GONE = 1000; // a loss beyond this comes before what is not a number
  const RUNS_AWAY = "It is running away: lower a learning rate, or press Reset.";
  const LAYERS = {
    surface: "What D thinks",
    arrows: "Gradient arrows",
    grid: "Grid of z",
    average: "Moving average of G",
    accepted: "Only what D lets pass",
  };
  const HOW_TO_READ =
    "One sample within 3 \u03c3, a circle, covers a mode. Of high quality is the share of all samples that lie in a circle: all modes can be covered by few of them. The scoreboard has more of high quality: there the learning rates fall to 0, and G is averaged.";
  const RETRY_MS = 300;
  const NO_ANSWER = "The server did not answer. Press Play to try once more.";
  const MAX_SEED = 2 ** 31 - 1;
  const BAD_SEED = `The seed must be a whole number from 0 to ${MAX_SEED.toLocaleString("en")}.`;
  const KEPT = 20_000; // points of a curve
  const CHART_MS = 120;
  const SAY_MS = 2_000;
  const STRIDE = 0.04; // of an arrow key, where the picture reaches from -1 to 1
  const ARROW_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const HOW_TO_DRAW = "Draw the data: arrow keys move the pen, with Shift farther, Space sets it down and lifts it.";

  // Blue and orange differ for every kind of colour vision (Okabe and Ito); each has a contrast of 4.5 on its page, as words need.
  const PALETTES = {
    light: {
      real: "#b54a00",
      fake: "#0b62a4",
      ink: "#1d1b18",
      faint: "#7b746a",
      paper: [255, 255, 255],
      orange: [240, 140, 50],
      blue: [60, 140, 215],
    },
    dark: {
      real: "#ffa057",
      fake: "#6cb8f0",
      ink: "#f4f2ee",
      faint: "#aaa398",
      paper: [29, 27, 24],
      orange: [160, 85, 20],
      blue: [25, 85, 140],
    },
  };
  const isDark = () => document.body.classList.contains("dark");
  const palette = () => (isDark() ? PALETTES.dark : PALETTES.light);

  // A canvas as sharp as the screen; returns its context in CSS pixels and its size.
  function sharp(canvas) {
    const dense = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    return { pen, width, height };
  }

  // ------------------------------------------------------------------------------------------------------------ a curve

  class Curve {
    constructor() {
      this.x = [];
      this.y = [];
    }
    add(x, y) {
      if (this.x.length >= KEPT) {
        this.x = this.x.filter((_, i) => i % 2);
        this.y = this.y.filter((_, i) => i % 2);
      }
      this.x.push(x);
      this.y.push(y);
    }
    get last() {
      return this.y[this.y.length - 1];
    }
  }

  // Curves against steps. Each pixel column shows the lowest and the highest value in it.
  function drawChart(canvas, curves, { log = false, low, high, steps, marks, rest = [] }) {
    const { pen, width, height } = sharp(canvas);
    if (!width) return;
    const colours = palette();
    const [left, right, top, bottom] = [46, 6, 6, 16];
    const finite = (v) => Number.isFinite(v) && (!log || v > 0);
    if (low === undefined) {
      low = Infinity;
      high = -Infinity;
      for (const { curve } of curves)
        for (const v of curve.y) if (finite(v)) [low, high] = [Math.min(low, v), Math.max(high, v)];
      if (low > high) [low, high] = log ? [0.1, 1] : [0, 1];
      if (high - low < 1e-6 * Math.abs(high) + 1e-12) [low, high] = log ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
    }
    const f = log ? Math.log : (v) => v;
    const across = (x) => left + ((width - left - right) * x) / Math.max(1, steps);
    const up = (y) => top + (height - top - bottom) * (1 - clamp((f(y) - f(low)) / (f(high) - f(low)), 0, 1));
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = colours.faint;
    pen.strokeStyle = colours.faint;
    pen.textAlign = "right";
    for (const v of marks ?? [low, log ? Math.sqrt(low * high) : (low + high) / 2, high]) {
      pen.fillText(shortly(v), left - 4, clamp(up(v) + 4, 10, height - bottom));
      pen.globalAlpha = 0.3;
      pen.fillRect(left, up(v), width - left - right, 1);
      pen.globalAlpha = 1;
    }
    pen.textAlign = "left";
    for (const [v, words] of rest) {
      if (!(v > low && v < high)) continue;
      pen.setLineDash([4, 4]);
      pen.beginPath();
      pen.moveTo(left, up(v));
      pen.lineTo(width - right, up(v));
      pen.stroke();
      pen.setLineDash([]);
      pen.fillText(words, left + 4, up(v) - 3);
    }
    pen.textAlign = "right";
    pen.fillText(`step ${steps.toLocaleString("en")}`, width - right, height - 3);
    for (const { curve, colour, dash = [] } of curves) {
      pen.strokeStyle = colours[colour];
      pen.lineWidth = 1.5;
      pen.setLineDash(dash);
      pen.beginPath();
      let column = -1,
        lowest,
        highest,
        started = false;
      const flush = () => {
        if (column < 0) return;
        if (started) pen.lineTo(column, up(lowest));
        else pen.moveTo(column, up(lowest));
        started = true;
        if (highest !== lowest) pen.lineTo(column, up(highest));
      };
      for (let i = 0; i < curve.x.length; i++) {
        const y = curve.y[i];
        if (!finite(y)) continue;
        const x = Math.round(across(curve.x[i]));
        if (x !== column) {
          flush();
          column = x;
          lowest = highest = y;
        } else [lowest, highest] = [Math.min(lowest, y), Math.max(highest, y)];
      }
      flush();
      pen.stroke();
    }
    pen.setLineDash([]);
  }

  // ------------------------------------------------------------------------------------------- one game: picture and charts

  class Game {
    // `before`: the same board of a page that was built anew, whose curves go on.
    constructor(letter, before) {
      this.title = el("div", { class: "lab-title" });
      this.canvas = el("canvas", { class: "lab-stage", role: "img" });
      this.where = el("dd", { class: "ll-number", "data-text": "step" }, "0");
      this.modes = el("dd", { class: "ll-number", "data-text": "modes" }, "\u2013");
      this.quality = el("dd", { class: "ll-number", "data-text": "quality" }, "\u2013");
      const fact = (dd, words) => el("div", {}, dd, el("dt", {}, words));
      this.passed = el("dd", { class: "ll-number", "data-text": "passed" }, "\u2013");
      this.passing = fact(this.passed, "pass D");
      this.passing.hidden = true;
      this.kl = el("dd", { class: "ll-number", "data-text": "kl" }, "\u2013");
      this.distance = el("dd", { class: "ll-number", "data-text": "distance" }, "\u2013");
      this.ofModes = [
        fact(this.modes, "modes covered"),
        fact(this.quality, "of high quality"),
        fact(this.kl, "KL of their shares"),
      ];
      this.reading = el("p", { class: "lab-reading" }, HOW_TO_READ);
      this.ofData = fact(this.distance, "Wasserstein distance");
      const facts = el(
        "dl",
        { class: "ll-numbers" },
        fact(this.where, "steps"),
        ...this.ofModes,
        this.ofData,
        this.passing,
      );
      this.bars = el("canvas", { class: "lab-chart lab-bars", role: "img" });
      this.shares = el(
        "figure",
        { class: "lab-figure" },
        el("figcaption", {}, "Share of samples at each mode; dashed: all alike"),
        this.bars,
      );
      this.problem = el("p", { class: "ll-error", role: "status" });
      this.charts = {};
      const figures = [
        ["coverage", "Modes covered", "ink", "share of high quality", "fake"],
        ["losses", "Loss of D", "ink", "loss of G", "fake"],
        ["norms", "Gradient norm of D", "ink", "gradient norm of G", "fake"],
      ].map(([name, first, a, second, b]) => {
        this.charts[name] = el("canvas", { class: "lab-chart", role: "img", "aria-label": `${first} and ${second}` });
        const key = (colour, words) => el("span", { class: `lab-key lab-${colour}` }, words);
        return el(
          "figure",
          { class: "lab-figure" },
          el("figcaption", {}, key(a, first), key(b, second)),
          this.charts[name],
        );
      });
      this.knobs = el("div", { class: "lab-knobs" });
      this.about = el("p", { class: "lab-about" });
      const left = el("div", { class: "lab-left" }, this.title, this.canvas, this.problem);
      this.words0 = figures[0].querySelectorAll(".lab-key");
      const rest = [this.reading, figures[0], this.shares, ...figures.slice(1), this.about];
      const right = el("div", { class: "lab-right" }, facts, ...rest);
      this.node = el("section", { class: "lab-game", "aria-label": `Game ${letter}` }, left, right);
      this.small = document.createElement("canvas");
      this.clear();
      if (before) [this.curves, this.steps] = [before.curves, before.steps];
    }

    clear() {
      this.curves = Object.fromEntries(
        ["ld", "lg", "nd", "ng", "modes", "quality", "distance"].map((name) => [name, new Curve()]),
      );
      this.answer = undefined;
      this.steps = 0;
      this.problem.textContent = "";
      this.where.textContent = "0";
      this.modes.textContent = this.quality.textContent = this.passed.textContent = "\u2013";
      this.kl.textContent = this.distance.textContent = "\u2013";
    }

    // One answer of the server for this game; `accepted`: whether only points that pass D were asked for.
    take(answer, field, accepted) {
      const shown = {
        ...answer,
        points: decoded.points(answer.points),
        surface: answer.surface && decoded.shades(answer.surface),
        arrows: answer.arrows && decoded.points(answer.arrows),
        grid: answer.grid && decoded.points(answer.grid),
      };
      const rows = decoded.floats(answer.losses);
      shown.wild = rows.some((v, i) => i % 4 < 2 && Math.abs(v) > GONE);
      delete shown.losses; // they are in the curves
      const first = answer.step - rows.length / 4;
      const { ld, lg, nd, ng, modes, quality } = this.curves;
      for (let i = 0; 4 * i < rows.length; i++)
        for (const [j, curve] of [ld, lg, nd, ng].entries()) curve.add(first + i + 1, rows[4 * i + j]);
      if (answer.modes !== null && (rows.length || !modes.x.length)) {
        modes.add(answer.step, answer.modes);
        quality.add(answer.step, answer.quality);
      }
      const { distance } = this.curves;
      if (answer.distance !== null && (rows.length || !distance.x.length)) distance.add(answer.step, answer.distance);
      this.steps = answer.step;
      this.show(shown, field, accepted);
    }

    // The state of a game, of now or kept: its numbers and what `draw` needs.
    show(answer, field, accepted) {
      this.field = field;
      this.answer = answer;
      const hasModes = field.modes !== null;
      for (const node of [...this.ofModes, this.shares, this.reading]) node.hidden = !hasModes;
      this.ofData.hidden = hasModes;
      this.words0[0].textContent = hasModes ? "Modes covered" : "Distance from the data (dashed: of data)";
      this.words0[1].hidden = !hasModes;
      this.kl.textContent = answer.kl === null ? "\u2013" : answer.kl.toFixed(2);
      this.distance.textContent = answer.distance === null ? "\u2013" : shortly(answer.distance);
      if (hasModes && this.centred !== field.centres) {
        this.centred = field.centres;
        this.centres = decoded.points(field.centres);
      }
      this.where.textContent = answer.step.toLocaleString("en");
      this.modes.textContent = answer.modes === null ? "\u2013" : `${answer.modes} / ${field.modes}`;
      this.quality.textContent = answer.modes === null ? "\u2013" : `${(100 * answer.quality).toFixed(0)} %`;
      this.passing.hidden = !accepted;
      this.passed.textContent = answer.passed === null ? "all" : `${(100 * answer.passed).toFixed(0)} %`;
      const out =
        this.answer.points.length && this.answer.points.every((v, i, all) => i % 2 || v * v > 1 || all[i + 1] ** 2 > 1);
      this.problem.textContent = answer.problem ?? (out || answer.wild ? RUNS_AWAY : "");
    }

    // What the picture says, for those who do not see it.
    get words() {
      if (!this.answer) return "No training yet";
      const { step, modes, quality, problem } = this.answer;
      const found =
        modes === null
          ? ""
          : `, ${modes} of ${this.field.modes} modes covered, ${(100 * quality).toFixed(0)} % of samples of high quality`;
      return `${this.title.textContent}: step ${step}${found}${problem ? `. ${problem}` : ""}`;
    }

    // `cross`: where the keyboard would draw, each from -1 to 1, and whether it does.
    draw(real, drawing, cross) {
      const { pen, width, height } = sharp(this.canvas);
      if (!width) return;
      const colours = palette();
      const x = (v) => (width * (1 + v)) / 2;
      const y = (v) => (height * (1 - v)) / 2;
      const answer = this.answer && { ...this.answer, ...this.without };
      pen.fillStyle = `rgb(${colours.paper})`;
      pen.fillRect(0, 0, width, height);
      if (answer?.surface) {
        pen.imageSmoothingQuality = "low";
        pen.drawImage(this.surface(answer, colours), 0, 0, width, height);
        this.drawMiddle(pen, answer, width, colours);
      }
      if (real) {
        pen.fillStyle = colours.real;
        for (let i = 0; i < real.length; i += 2) pen.fillRect(x(real[i]) - 1.5, y(real[i + 1]) - 1.5, 3, 3);
      }
      if (answer?.shares && this.centres) {
        pen.lineWidth = 1;
        answer.shares.forEach((share, i) => {
          pen.strokeStyle = share ? colours.ink : colours.faint;
          pen.beginPath();
          const radius = Math.max(3, (this.field.reach * width) / 2);
          pen.arc(x(this.centres[2 * i]), y(this.centres[2 * i + 1]), radius, 0, 7);
          pen.stroke();
        });
      }
      if (answer?.grid) {
        const side = Math.round(Math.sqrt(answer.grid.length / 2));
        const at = (i, j) => [x(answer.grid[2 * (i * side + j)]), y(answer.grid[2 * (i * side + j) + 1])];
        pen.strokeStyle = colours.ink;
        pen.globalAlpha = 0.45;
        pen.lineWidth = 0.8;
        pen.beginPath();
        for (let i = 0; i < side; i++)
          for (let j = 0; j < side; j++) {
            j ? pen.lineTo(...at(i, j)) : pen.moveTo(...at(i, j));
          }
        for (let j = 0; j < side; j++)
          for (let i = 0; i < side; i++) {
            i ? pen.lineTo(...at(i, j)) : pen.moveTo(...at(i, j));
          }
        pen.stroke();
        pen.globalAlpha = 1;
      }
      if (answer) {
        pen.fillStyle = colours.fake;
        pen.beginPath();
        for (let i = 0; i < answer.points.length; i += 2) {
          const [px, py] = [x(answer.points[i]), y(answer.points[i + 1])];
          pen.moveTo(px + 2.2, py);
          pen.arc(px, py, 2.2, 0, 7);
        }
        pen.fill();
      }
      if (answer?.arrows) this.drawArrows(pen, answer.arrows, x, y, colours);
      if (drawing && !real?.length) {
        pen.fillStyle = colours.faint;
        pen.textAlign = "center";
        pen.font = "16px system-ui, sans-serif";
        pen.fillText("Draw here with mouse, finger or pen,", width / 2, height / 2 - 30);
        pen.fillText("or with arrow keys; Space lowers the pen", width / 2, height / 2 + 30);
      }
      if (cross) {
        const [px, py] = [x(cross.at[0]), y(cross.at[1])];
        pen.strokeStyle = pen.fillStyle = colours.ink;
        pen.lineWidth = 1.5;
        pen.beginPath();
        for (const [dx, dy] of [
          [1, 0],
          [0, 1],
        ]) {
          pen.moveTo(px - 10 * dx, py - 10 * dy);
          pen.lineTo(px + 10 * dx, py + 10 * dy);
        }
        pen.stroke();
        if (cross.down) pen.fillRect(px - 4, py - 4, 8, 8);
      }
    }

    // Where D says 1/2: through each square of four places whose corners differ, from side to side.
    drawMiddle(pen, { surface, range: [low, high] }, width, { ink }) {
      const side = Math.round(Math.sqrt(surface.length));
      const middle = (255 * (0.5 - low)) / (high - low);
      if (!(middle > 0 && middle < 255)) return;
      const unit = width / (side - 1);
      pen.strokeStyle = ink;
      pen.globalAlpha = 0.5;
      pen.lineWidth = 1;
      pen.beginPath();
      for (let j = 0; j < side - 1; j++)
        for (let i = 0; i < side - 1; i++) {
          const k = j * side + i;
          const [a, b, c, d] = [surface[k], surface[k + 1], surface[k + side + 1], surface[k + side]];
          if (a > middle === b > middle && b > middle === c > middle && c > middle === d > middle) continue;
          const cut = [];
          const edge = (p, q, px, py, dx, dy) => {
            if (p > middle === q > middle) return;
            const t = (middle - p) / (q - p);
            cut.push([(i + px + t * dx) * unit, (j + py + t * dy) * unit]);
          };
          edge(a, b, 0, 0, 1, 0);
          edge(b, c, 1, 0, 0, 1);
          edge(d, c, 0, 1, 1, 0);
          edge(a, d, 0, 0, 0, 1);
          for (let n = 0; n + 1 < cut.length; n += 2) {
            pen.moveTo(...cut[n]);
            pen.lineTo(...cut[n + 1]);
          }
        }
      pen.stroke();
      pen.globalAlpha = 1;
    }

    // Stretched to its own range about 1/2: the strongest tint is what is farthest from it.
    surface({ surface: shades, range: [low, high] }, { paper, orange, blue }) {
      const most = Math.max(Math.abs(high - 0.5), Math.abs(low - 0.5));
      const side = Math.round(Math.sqrt(shades.length));
      if (this.small.width !== side) {
        this.small.width = this.small.height = side;
        this.image = this.small.getContext("2d").createImageData(side, side);
      }
      const to = this.image.data;
      for (let i = 0; i < shades.length; i++) {
        const t = (low + ((high - low) * shades[i]) / 255 - 0.5) / most;
        const tint = t > 0 ? orange : blue;
        const much = Math.abs(t) * 0.75;
        for (let c = 0; c < 3; c++) to[4 * i + c] = paper[c] + (tint[c] - paper[c]) * much;
        to[4 * i + 3] = 255;
      }
      this.small.getContext("2d").putImageData(this.image, 0, 0);
      return this.small;
    }

    // Pairs of (where a generated point is, where its arrow ends).
    drawArrows(pen, ends, x, y, { ink }) {
      pen.strokeStyle = ink;
      pen.lineWidth = 1.2;
      pen.beginPath();
      for (let i = 0; i < ends.length; i += 4) {
        const [ax, ay, bx, by] = [x(ends[i]), y(ends[i + 1]), x(ends[i + 2]), y(ends[i + 3])];
        const length = Math.hypot(bx - ax, by - ay);
        if (length < 1.5) continue;
        const [ux, uy] = [((bx - ax) / length) * Math.min(5, length), ((by - ay) / length) * Math.min(5, length)];
        pen.moveTo(ax, ay);
        pen.lineTo(bx, by);
        pen.moveTo(bx - ux - 0.5 * uy, by - uy + 0.5 * ux);
        pen.lineTo(bx, by);
        pen.lineTo(bx - ux + 0.5 * uy, by - uy - 0.5 * ux);
      }
      pen.stroke();
    }

    // The legend of the surface, in numbers.
    get ranged() {
      const { range } = this.answer ?? {};
      return range ? `${shortly(range[0])} to ${shortly(range[1])}` : "";
    }

    drawBars() {
      const { pen, width, height } = sharp(this.bars);
      const { shares } = this.answer ?? {};
      if (!width || !shares) return;
      const { fake, faint } = palette();
      const top = Math.max(2 / shares.length, ...shares);
      const each = width / shares.length;
      pen.fillStyle = fake;
      shares.forEach((share, i) => {
        pen.fillRect(i * each + 1, height * (1 - share / top), Math.max(1, each - 2), (height * share) / top);
      });
      pen.strokeStyle = faint;
      pen.setLineDash([4, 4]);
      pen.beginPath();
      const level = height * (1 - 1 / shares.length / top);
      pen.moveTo(0, level);
      pen.lineTo(width, level);
      pen.stroke();
      pen.setLineDash([]);
      this.bars.setAttribute(
        "aria-label",
        `Share at each mode: ${shares.map((s) => `${(100 * s).toFixed(0)} %`).join(", ")}`,
      );
    }

    drawCharts() {
      const { ld, lg, nd, ng, modes, quality } = this.curves;
      const steps = this.steps;
      drawChart(
        this.charts.losses,
        [
          { curve: ld, colour: "ink" },
          { curve: lg, colour: "fake" },
        ],
        { steps, rest: REST[this.loss] ?? [] },
      );
      drawChart(
        this.charts.norms,
        [
          { curve: nd, colour: "ink" },
          { curve: ng, colour: "fake" },
        ],
        { log: true, steps },
      );
      if (this.field?.modes === null) {
        const { distance } = this.curves;
        const { floor } = this.field;
        drawChart(this.charts.coverage, [{ curve: distance, colour: "ink" }], {
          log: true,
          low: floor / 2,
          high: Math.max(2 * floor, ...distance.y.slice(0, 1)),
          steps,
          rest: [[floor, "data"]],
        });
        this.charts.coverage.setAttribute("aria-label", `Distance from the data ${shortly(distance.last ?? 0)}`);
        return;
      }
      this.drawBars();
      const most = this.field?.modes ?? 1;
      const share = { x: quality.x, y: quality.y.map((v) => v * most) }; // the top is all modes, and 100 %
      drawChart(
        this.charts.coverage,
        [
          { curve: modes, colour: "ink" },
          { curve: share, colour: "fake" },
        ],
        { low: 0, high: most, marks: [0, most], steps },
      );
      const now = (curve) => (curve.last === undefined ? "none yet" : shortly(curve.last));
      this.charts.losses.setAttribute("aria-label", `Loss of D ${now(ld)}, loss of G ${now(lg)}`);
      this.charts.norms.setAttribute("aria-label", `Gradient norm of D ${now(nd)}, of G ${now(ng)}`);
      this.charts.coverage.setAttribute(
        "aria-label",
        `Modes covered ${now(modes)}, share of high quality ${now(quality)}`,
      );
    }
  }

  // --------------------------------------------------------------------------------------------------------- the control

  let kept; // of the last board on this page

  class Board {
    constructor(root, settings, { server }) {
      Object.assign(this, { root, server, settings });
      root.setAttribute("role", "group");
      root.setAttribute("aria-label", settings.label);
      this.playing = false;
      this.asking = false;
      this.addresses = [];
      // A page that was hidden is built anew: what was chosen is kept here, the training on the server.
      const before = kept;
      const first = { seed: 0, points: [], speed: 3, tried: 0, turns: "both", ...this.copied(settings.presets[0]) };
      this.setup = before?.setup ?? first;
      this.field = before?.field;
      this.boards = ["A", "B"].map((letter, i) => new Game(letter, before?.boards[i]));
      kept = this.kept = { setup: this.setup, boards: this.boards, field: this.field };
      this.build();
      this.reflect();
      this.addressed();
      if (this.field) this.frame(0);
      else this.start();
    }

    build() {
      const { presets, data, methods } = this.settings;
      this.tries = presets.map((each) => button(each.title, () => this.preset(each)));
      this.told = el("p", { class: "lab-about" });
      this.thumbs = data.map((each) => {
        const picture = el("canvas", { class: "lab-thumb", width: 44, height: 44, "aria-hidden": "true" });
        const thumb = button("", () => this.choose({ data: each.name }));
        thumb.className = "lab-data";
        thumb.append(picture, el("span", {}, each.title));
        thumb.paint = () => {
          const pen = picture.getContext("2d");
          pen.clearRect(0, 0, 44, 44);
          pen.fillStyle = palette().real;
          const points = decoded.points(each.points);
          for (let i = 0; i < points.length; i += 2)
            pen.fillRect(22 + 21 * points[i] - 0.5, 22 - 21 * points[i + 1] - 0.5, 1.5, 1.5);
        };
        return thumb;
      });
      const select = (label, options, change) => {
        const node = el("select", { id: newId() }, ...options.map(([value, words]) => el("option", { value }, words)));
        node.addEventListener("change", () => change(node.value));
        return [node, el("span", { class: "lab-field" }, el("label", { for: node.id }, label), node)];
      };
      const named = methods.map((method) => [method.name, method.title]);
      const [a, fieldA] = select("Method", named, (name) =>
        this.choose({ games: [this.usual(name), ...this.setup.games.slice(1)] }),
      );
      const [b, fieldB] = select("Beside it, from the same seed", [["", "nothing"], ...named], (name) =>
        this.choose({ games: [this.setup.games[0], ...(name ? [this.usual(name)] : [])] }),
      );
      this.selects = [a, b];

      this.play = button("Play", () => (this.playing ? this.pause() : this.run()));
      this.play.classList.add("lab-play");
      this.one = button("One step", () => this.step());
      this.reset = button("Reset", () => this.start());
      this.fresh = button("New seed", () => this.choose({ seed: Math.floor(Math.random() * 10_000) }));
      this.seed = el("input", { type: "number", id: newId(), min: 0, max: MAX_SEED, step: 1 });
      this.seed.addEventListener("change", () => {
        const seed = this.seed.value.trim() === "" ? Number.NaN : +this.seed.value;
        if (isSeed(seed)) return this.choose({ seed });
        this.seed.value = this.setup.seed;
        this.error.textContent = BAD_SEED;
      });
      const [speed, fieldSpeed] = select(
        "Speed",
        SPEEDS.map(({ words }, i) => [i, words]),
        (i) => {
          this.setup.speed = +i;
          this.note();
        },
      );
      this.speed = speed;
      const [fall, fieldFall] = select(
        "Learning rates",
        FALLS.map((n) => [n, n ? `fall to 0 by step ${n.toLocaleString("en")}, with \u03b3 and \u03c3` : "stay"]),
        (n) => {
          this.setup.fall = +n;
          this.note();
        },
      );
      this.fall = fall;
      const [turns, fieldTurns] = select("Who trains", Object.entries(TURNS), (name) => {
        this.setup.turns = name;
        this.note();
      });
      this.turns = turns;
      this.layers = Object.entries(LAYERS).map(([name, words]) => {
        const box = el("input", { type: "checkbox", id: newId(), value: name });
        box.addEventListener("change", () => {
          this.setup.show = this.layers.filter((l) => l.box.checked).map((l) => l.box.value);
          this.note();
          if (!this.playing) this.frame(0);
        });
        return { box, node: el("span", { class: "lab-layer" }, box, el("label", { for: box.id }, words)) };
      });
      this.wipe = button("Clear the drawing", () => this.choose({ points: [] }));
      this.error = el("p", { class: "ll-error", role: "status" });
      this.pace = el("span", { class: "lab-pace" });
      this.walked = el("ol", { class: "lab-walk", hidden: "" }, ...PARTS.map(([name]) => el("li", {}, name)));
      this.frames = [];
      this.replay = el("input", { type: "range", id: newId(), min: 0, max: 0, step: 1, value: 0 });
      this.replay.addEventListener("input", () => this.look(+this.replay.value));
      this.looked = el("span", { class: "lab-looked" });
      this.replays = el(
        "span",
        { class: "lab-replay" },
        el("label", { for: this.replay.id }, "Replay"),
        this.replay,
        this.looked,
      );
      this.said = el("div", { class: "lab-said", "aria-live": "polite" });
      const bar = (...nodes) => el("div", { class: "ll-bar" }, ...nodes);
      const label = (words) => el("div", { class: "ll-label" }, words);
      const fieldSeed = el("span", { class: "lab-field" }, el("label", { for: this.seed.id }, "Seed"), this.seed);
      this.more = el("details", { class: "lab-more" }, el("summary", {}, "More: seed, speed, schedule, who trains"));
      this.more.append(bar(fieldSeed, this.fresh), bar(fieldSpeed), bar(fieldFall), bar(fieldTurns));
      const controls = el(
        "div",
        { class: "lab-controls lab-steer" },
        bar(this.play, this.one, this.reset),
        this.pace,
        this.walked,
        this.error,
        el("div", { class: "lab-tries", role: "group", "aria-label": "Experiments" }, ...this.tries),
        this.told,
      );
      const rest = el(
        "div",
        { class: "lab-controls lab-rest" },
        fieldA,
        this.boards[0].knobs,
        fieldB,
        this.boards[1].knobs,
        label("Data"),
        el("div", { class: "lab-datas", role: "group", "aria-label": "Data distribution" }, ...this.thumbs),
        this.wipe,
        this.more,
      );
      this.view = el(
        "div",
        { class: "lab-view" },
        el("div", { class: "lab-games" }, ...this.boards.map((board) => board.node)),
        bar(...this.layers.map((layer) => layer.node)),
        this.legend(),
      );
      this.root.append(el("div", { class: "lab-board" }, controls, rest, this.view), this.said);
      this.boards[0].canvas.after(this.replays);
      this.letDraw(this.boards[0].canvas);
      this.watch();
    }

    // What the page does to the control; a page that is built anew leaves this one behind.
    watch() {
      this.seen = true;
      const sight = new IntersectionObserver(([entry]) => {
        this.seen = entry.isIntersecting;
        this.pump();
      });
      sight.observe(this.view); // the root may have no box
      const size = new ResizeObserver(() => this.draw(true));
      size.observe(this.view);
      const look = new MutationObserver(() => this.dress());
      look.observe(document.body, { attributeFilter: ["class"] });
      const turned = () => {
        if (this.root.isConnected) return this.pump();
        for (const each of [sight, size, look]) each.disconnect();
        document.removeEventListener("visibilitychange", turned);
      };
      document.addEventListener("visibilitychange", turned);
      this.dress();
    }

    dress() {
      for (const name of ["real", "fake", "ink"]) this.root.style.setProperty(`--lab-${name}`, palette()[name]);
      for (const thumb of this.thumbs) thumb.paint();
      this.draw(true);
    }

    legend() {
      const key = (kind, words) => el("span", { class: `lab-key lab-${kind}` }, words);
      this.ranges = el("span", { class: "lab-ranges" });
      return el(
        "p",
        { class: "lab-legend" },
        key("real", "real x"),
        key("fake", "generated G(z)"),
        key("ring", "3 σ around each mode"),
        el(
          "span",
          {},
          "Surface: orange where D says real, blue where it says generated.",
          this.ranges,
          " Arrows: where the loss of G pulls its points.",
        ),
      );
    }

    // A method with its usual hyper-parameters.
    usual(method) {
      const { hyper } = this.settings.methods.find((m) => m.name === method);
      return { method, hyper: Object.fromEntries(hyper.map(({ name, value }) => [name, value])) };
    }

    copied({ data, games, told, show, fall }) {
      return structuredClone({ data, games, told, show, fall });
    }

    preset(each) {
      Object.assign(this.setup, this.copied(each), {
        seed: 0,
        turns: "both",
        tried: this.settings.presets.indexOf(each),
      });
      this.reflect();
      this.start();
    }

    choose(change) {
      Object.assign(this.setup, change);
      this.setup.told = "";
      this.setup.tried = -1;
      this.reflect();
      this.start();
    }

    // Puts what was chosen on all controls.
    reflect() {
      const { data, games, seed, show, speed, fall, told, tried } = this.setup;
      this.told.textContent = told;
      this.tries.forEach((node, i) => {
        node.setAttribute("aria-pressed", String(i === tried));
      });
      this.thumbs.forEach((thumb, i) => {
        thumb.setAttribute("aria-pressed", String(this.settings.data[i].name === data));
        thumb.paint();
      });
      for (const [i, select] of this.selects.entries()) select.value = games[i]?.method ?? "";
      this.seed.value = seed;
      this.speed.value = speed;
      this.fall.value = fall;
      this.turns.value = this.setup.turns;
      for (const { box } of this.layers) box.checked = show.includes(box.value);
      this.wipe.hidden = !this.drawing;
      this.boards.forEach((board, i) => {
        board.node.hidden = board.knobs.hidden = !games[i];
        if (games[i]) this.knobs(board, games[i]);
        board.loss = this.settings.methods.find((m) => m.name === games[i]?.method)?.loss;
      });
      const { canvas } = this.boards[0];
      canvas.classList.toggle("lab-draw", this.drawing);
      canvas.setAttribute("role", this.drawing ? "application" : "img");
      if (this.drawing) canvas.tabIndex = 0;
      else canvas.removeAttribute("tabindex");
      this.cross = { at: [0, 0], down: false };
      this.root.classList.toggle("lab-two", games.length === 2);
      this.note();
    }

    // A slider for each hyper-parameter of a method; moving one acts on the training under way.
    knobs(board, game) {
      const method = this.settings.methods.find((m) => m.name === game.method);
      board.title.textContent = method.title;
      board.about.textContent = method.summary;
      const row = ({ name, label, low, high, log, switch: isSwitch }) => {
        const id = newId();
        if (isSwitch) {
          const box = el("input", { type: "checkbox", id, "data-hyper": name });
          box.checked = game.hyper[name] > 0.5;
          box.addEventListener("change", () => {
            game.hyper[name] = box.checked ? 1 : 0;
            this.note();
          });
          return el("span", { class: "lab-layer" }, box, el("label", { for: id }, label));
        }
        // A logarithmic slider goes from 0 to 1000; where zero is allowed, its left end is zero.
        const floor = log ? Math.max(low, high * 1e-4) : low;
        const value = (i) =>
          log ? (i <= 0 && low === 0 ? 0 : floor * (high / floor) ** (i / 1000)) : low + ((high - low) * i) / 1000;
        const place = (v) =>
          log
            ? v <= floor
              ? 0
              : (1000 * Math.log(v / floor)) / Math.log(high / floor)
            : (1000 * (v - low)) / (high - low);
        const input = el("input", { type: "range", id, min: 0, max: 1000, step: 1, "data-hyper": name });
        const output = el("span", { class: "ll-value", "aria-hidden": "true" });
        const tell = () => {
          output.textContent = shortly(game.hyper[name]);
          input.setAttribute("aria-valuetext", output.textContent);
        };
        input.value = place(game.hyper[name]);
        tell();
        input.addEventListener("input", () => {
          // Fewer digits would make 1 of a decay of 0.9999.
          const precise = log ? value(+input.value).toPrecision(3) : value(+input.value).toFixed(5);
          game.hyper[name] = clamp(Number(precise), low, high);
          tell();
          this.note();
        });
        return el("div", { class: "ll-slider" }, el("label", { for: id }, label), output, input);
      };
      const [main, rest] = [true, false].map((isMain) => method.hyper.filter((h) => h.main === isMain).map(row));
      const usual = button("Usual values", () => {
        game.hyper = this.usual(game.method).hyper;
        this.knobs(board, game);
        this.note();
      });
      const more = el("details", {}, el("summary", {}, "More: betas and other parameters"), ...rest, usual);
      more.open = board.knobs.querySelector("details")?.open ?? false;
      const formula = el(
        "p",
        { class: "lab-formula" },
        ...method.formula.split(/_(.)/).map((part, i) => (i % 2 ? el("sub", {}, part) : part)),
      );
      board.knobs.replaceChildren(formula, ...main, more);
    }

    // ------------------------------------------------------------------------------------------------------- the address

    // What an address says of the board, each part by itself: how it is written, and how it is read, or not.
    parts() {
      const { data, presets, methods } = this.settings;
      const isMethod = (name) => methods.some((method) => method.name === name);
      const number = (text) => (/^\d{1,10}$/.test(text) ? +text : Number.NaN);
      const hyperOf = (game) => {
        if (!game) return "";
        const { hyper } = this.usual(game.method);
        const moved = Object.entries(game.hyper).filter(([name, value]) => value !== hyper[name]);
        return moved.map(([name, value]) => `${name}:${value}`).join(",");
      };
      const readHyper = (game, text) => {
        const wanted = game && this.usual(game.method).hyper;
        for (const part of text ? text.split(",") : []) {
          const [name, value] = part.split(":");
          const known = methods
            .find(({ name: each }) => each === game?.method)
            ?.hyper.find((each) => each.name === name);
          if (!known || value === undefined || value.trim() === "" || !(+value >= known.low && +value <= known.high))
            return false;
          wanted[name] = +value;
        }
        if (game) game.hyper = wanted;
        return true;
      };
      const { setup } = this;
      return {
        try: [
          () => String(setup.tried + 1),
          (text) => {
            const i = number(text) - 1;
            if (presets[i]) Object.assign(setup, this.copied(presets[i]), { tried: i });
            else if (i === -1) Object.assign(setup, { tried: -1, told: "" });
            return i === -1 || presets[i] !== undefined;
          },
        ],
        data: [
          () => setup.data,
          (text) => data.some(({ name }) => name === text) && Boolean(Object.assign(setup, { data: text })),
        ],
        method: [
          () => setup.games[0].method,
          (text) =>
            isMethod(text) && Boolean(text === setup.games[0].method || setup.games.splice(0, 1, this.usual(text))),
        ],
        beside: [
          () => setup.games[1]?.method ?? "",
          (text) => {
            if (text !== "" && !isMethod(text)) return false;
            if (text !== (setup.games[1]?.method ?? "")) setup.games.splice(1, 1, ...(text ? [this.usual(text)] : []));
            return true;
          },
        ],
        hyper: [() => hyperOf(setup.games[0]), (text) => readHyper(setup.games[0], text)],
        hyper2: [() => hyperOf(setup.games[1]), (text) => readHyper(setup.games[1], text)],
        seed: [
          () => String(setup.seed),
          (text) => isSeed(number(text)) && Boolean(Object.assign(setup, { seed: number(text) })),
        ],
        speed: [
          () => String(setup.speed),
          (text) => SPEEDS[number(text)] !== undefined && Boolean(Object.assign(setup, { speed: number(text) })),
        ],
        fall: [
          () => String(setup.fall),
          (text) => FALLS.includes(number(text)) && Boolean(Object.assign(setup, { fall: number(text) })),
        ],
        turns: [() => setup.turns, (text) => text in TURNS && Boolean(Object.assign(setup, { turns: text }))],
        show: [
          () => setup.show.join(","),
          (text) => {
            const show = text ? text.split(",") : [];
            return show.every((name) => name in LAYERS) && Boolean(Object.assign(setup, { show }));
          },
        ],
      };
    }

    // In this order, since a preset sets the rest, and a method its hyper-parameters.
    addressed() {
      this.addresses = Object.entries(this.parts()).map(([name, [write, read]]) => {
        const one = { name, root: this.root, value: undefined, toAddress: write };
        one.restore = (text) => {
          if (!read(text)) return false;
          clearTimeout(this.restored);
          this.restored = setTimeout(() => {
            this.reflect();
            this.start();
          });
          LatentLab.address.note(one.path, name, write()); // the board itself may not know its path yet
          return true;
        };
        return one;
      });
      for (const each of this.addresses) LatentLab.address.register(each, each.name);
    }

    note() {
      for (const { path, name, toAddress } of this.addresses) if (path) LatentLab.address.note(path, name, toAddress());
      this.root.toggleAttribute("data-personal", this.drawing && this.setup.points.length > 0);
    }

    get drawing() {
      return this.setup.data === "freehand";
    }

    // Freehand: points along the way of pointer or cross; at its end, training begins anew on the whole drawing.
    letDraw(canvas) {
      let held;
      const half = this.settings.drawn;
      const add = (...p) => {
        if (this.setup.points.length < this.settings.most)
          this.setup.points.push(p.map((v) => Number(clamp(half * v, -half, half).toFixed(3))));
      };
      const addPointer = (event) => {
        const box = canvas.getBoundingClientRect();
        add((2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height);
      };
      const show = () => {
        this.real = Float32Array.from(this.setup.points.flat(), (v) => v / half);
        this.draw();
      };
      canvas.addEventListener("pointerdown", (event) => {
        if (!this.drawing || event.button || held !== undefined) return;
        held = event.pointerId;
        this.pause();
        canvas.setPointerCapture(held);
        event.preventDefault();
        addPointer(event);
        show();
      });
      canvas.addEventListener("pointermove", (event) => {
        if (event.pointerId !== held) return;
        moves(event).forEach(addPointer);
        show();
      });
      for (const end of ["pointerup", "pointercancel"])
        canvas.addEventListener(end, (event) => {
          if (event.pointerId !== held) return;
          held = undefined;
          this.start();
        });
      const lift = () => {
        this.cross.down = false;
        this.start();
      };
      canvas.addEventListener("keydown", (event) => {
        if (!this.drawing || held !== undefined) return;
        const { cross } = this;
        const way = ARROW_KEYS[event.key];
        if (way) {
          const from = cross.at;
          cross.at = from.map((v, i) => clamp(v + (event.shiftKey ? 5 : 1) * STRIDE * way[i], -1, 1));
          // As close together as a pointer leaves them.
          if (cross.down) for (const t of [0.25, 0.5, 0.75, 1]) add(...from.map((v, i) => v + t * (cross.at[i] - v)));
        } else if (event.key === " " || event.key === "Enter") {
          if (event.repeat) return event.preventDefault();
          if (cross.down) lift();
          else {
            this.pause();
            cross.down = true;
            add(...cross.at);
          }
        } else return;
        event.preventDefault();
        if (cross.down) show();
        else this.draw();
        this.speak();
      });
      canvas.addEventListener("focus", () => this.draw());
      canvas.addEventListener("blur", () => (this.cross.down ? lift() : this.draw()));
    }

    // --------------------------------------------------------------------------------------------------- asking and drawing

    run() {
      this.playing = true;
      this.play.textContent = "Pause";
      this.times = [];
      if (this.field) this.pump();
      else this.start(); // the last try was refused
    }

    pause() {
      this.playing = false;
      this.play.textContent = "Play";
    }

    step() {
      this.pause();
      this.frame(1);
    }

    start() {
      this.game = (this.game ?? 0) + 1; // counts, so that a late answer is known to be one
      for (const board of this.boards) board.clear();
      this.frames = [];
      this.stage(undefined);
      this.rewound();
      this.field = this.kept.field = undefined;
      this.real = undefined;
      this.times = []; // the pace of another game says nothing of this one
      this.pace.textContent = "";
      this.again = true;
      if (this.drawing && !this.setup.points.length) {
        this.again = false;
        this.pause();
        this.error.textContent = "";
        this.draw(true);
        this.speak();
        return;
      }
      this.pump();
    }

    frame(steps) {
      this.wanted = (this.wanted ?? 0) + steps; // each press counts, also while a step is under way
      this.pump();
    }

    get isTraining() {
      return this.playing && this.field && this.root.isConnected && this.seen && document.visibilityState === "visible";
    }

    // What to ask next, or nothing.
    question() {
      const { data, games, seed, points, show, speed, fall, turns } = this.setup;
      if (this.again) {
        this.again = false;
        this.wanted = undefined;
        return { do: "start", data, games, seed, points: this.drawing ? points : [], fall, turns, show };
      }
      const steps = this.isTraining ? SPEEDS[speed].steps : this.wanted;
      this.wanted = undefined;
      if (!this.field || steps === undefined) return undefined;
      // Slow motion shows what D thinks and where the loss pulls, ticked or not.
      if (this.isWalking) {
        const all = [...new Set([...show, "surface", "arrows"])];
        return { do: "frame", steps, hyper: games.map(({ hyper }) => hyper), fall, turns, show: all };
      }
      return { do: "frame", steps, hyper: games.map(({ hyper }) => hyper), fall, turns, show };
    }

    // The pump: never more than one question under way. While the server works on it, the last answer is drawn.
    async pump() {
      if (this.asking) return;
      this.asking = true;
      while (this.root.isConnected) {
        const question = this.question();
        if (!question) break;
        const game = this.game;
        const next = ask(this.server, question);
        await nextFrame();
        this.draw();
        const reply = (await next) ?? { ok: false, error: NO_ANSWER };
        if (game !== this.game) continue; // another one began meanwhile
        if (reply.ok) this.take(reply);
        else if (reply.again) await this.askAgain(question, reply.error);
        else {
          this.pause();
          this.error.textContent = reply.error;
        }
        if (reply.ok && this.isWalking) await this.walk();
      }
      this.asking = false;
      this.stage(undefined);
      this.draw(true);
      this.speak();
    }

    get isWalking() {
      return this.isTraining && SPEEDS[this.setup.speed].wait > 0;
    }

    // Slow motion: the state after a step part by part, and then the next step.
    async walk() {
      const game = this.game;
      for (const i of PARTS.keys()) {
        this.stage(i);
        this.draw(true);
        await after(SPEEDS[this.setup.speed].wait);
        if (!this.isWalking || game !== this.game) break;
      }
    }

    // A part of a step, counted from 0; undefined: all that is ticked is drawn.
    stage(i) {
      const layers = { points: new Float32Array(), surface: undefined, arrows: undefined };
      const drawn = i === undefined ? ["points", ...this.setup.show] : PARTS[i][2];
      const hidden = Object.entries(layers).filter(([name]) => !drawn.includes(name));
      for (const board of this.boards) board.without = Object.fromEntries(hidden);
      if (i === undefined && !this.walked.hidden) this.pace.textContent = "";
      this.walked.hidden = i === undefined;
      if (i === undefined) return;
      [...this.walked.children].forEach((node, j) => {
        if (i === j) node.setAttribute("aria-current", "step");
        else node.removeAttribute("aria-current");
      });
      this.pace.textContent = PARTS[i][1];
    }

    // Keep what is shown for the replay.
    keep() {
      if (this.frames.length >= FRAMES) this.frames = this.frames.filter((_, i) => i % 2 === 0);
      const games = this.shown.map((board) => board.answer);
      if (games[0].step === this.frames.at(-1)?.[0].step) this.frames.pop();
      this.frames.push(games);
      this.rewound();
    }

    // The replay stands at its end: now.
    rewound() {
      const last = Math.max(0, this.frames.length - 1);
      this.replay.max = last;
      this.replay.value = last;
      this.replay.disabled = !last;
      this.tellReplay(last);
    }

    tellReplay(i) {
      const steps = this.frames.map(([first]) => first.step);
      this.looked.textContent =
        i < steps.length - 1 ? `step ${steps[i].toLocaleString("en")} of ${steps.at(-1).toLocaleString("en")}` : "now";
      this.replay.setAttribute("aria-valuetext", this.looked.textContent);
    }

    // Show a frame that was kept. Training goes on from where it is, not from here.
    look(i) {
      this.pause();
      const accepted = this.setup.show.includes("accepted");
      this.frames[i]?.forEach((answer, j) => {
        this.shown[j].show(answer, this.field, accepted);
      });
      this.tellReplay(i);
      this.draw(true);
      this.speak();
    }

    async askAgain(question, why) {
      this.error.textContent = why;
      await after(RETRY_MS);
      if (question.do === "start") this.again = true;
      else this.wanted = (this.wanted ?? 0) + question.steps;
    }

    take(reply) {
      this.error.textContent = "";
      if (reply.field) this.field = this.kept.field = reply.field;
      this.real = decoded.points(this.field.real);
      const accepted = this.setup.show.includes("accepted");
      const { fall } = this.setup;
      const before = this.boards[0].steps;
      for (const [i, answer] of reply.games.entries()) this.boards[i].take(answer, this.field, accepted);
      this.keep();
      const range = this.boards[0].ranged;
      this.ranges.textContent = range && ` D here: ${range}, tinted from 1/2, which is the line.`;
      if (this.playing && fall && before < fall && this.boards[0].steps >= fall) this.pause(); // nothing moves any more
      if (this.playing && reply.games.every((answer) => answer.problem)) this.pause();
      this.measure(reply.games[0].losses.length, reply.games[0].step);
    }

    // How fast it goes, over the last two seconds.
    measure(trained, step) {
      if (!this.playing || !trained) return;
      const now = performance.now();
      this.times.push([now, step]);
      while (this.times[0][0] < now - 2000) this.times.shift();
      const seconds = (now - this.times[0][0]) / 1000;
      if (seconds < 0.5) return;
      const perSecond = (n) => (n / seconds).toFixed(0);
      this.pace.textContent = `${perSecond(step - this.times[0][1])} steps/s, ${perSecond(this.times.length - 1)} frames/s`;
    }

    draw(all = false) {
      if (!this.root.isConnected) return;
      const now = performance.now();
      const charts = all || now - (this.charted ?? 0) > CHART_MS;
      if (charts) this.charted = now;
      for (const board of this.shown) {
        board.draw(this.real, this.drawing, this.crossOn(board));
        if (charts) board.drawCharts();
      }
      if (now - (this.spoke ?? 0) > SAY_MS) this.speak();
    }

    // For those who do not see the pictures.
    speak() {
      this.spoke = performance.now();
      for (const board of this.shown)
        board.canvas.setAttribute(
          "aria-label",
          this.drawing && board === this.boards[0] ? `${HOW_TO_DRAW} ${board.words}` : board.words,
        );
      const { at, down } = this.crossOn(this.boards[0]) ?? {};
      const pen = at ? `Pen ${down ? "down" : "up"} at ${at.map((v) => v.toFixed(2)).join(", ")}. ` : "";
      this.said.textContent = pen + this.shown.map((board) => board.words).join(". ");
    }

    // The cross is there while the keyboard is on the canvas that is drawn on.
    crossOn(board) {
      return this.drawing && board === this.boards[0] && document.activeElement === board.canvas
        ? this.cross
        : undefined;
    }

    get shown() {
      return this.boards.filter((board) => !board.node.hidden);
    }
  }

  return Board;
})();
