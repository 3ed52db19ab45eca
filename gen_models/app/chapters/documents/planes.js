// Two planes of documents, and a box to write in. planes.py describes the value and the reply.
LatentLab.kinds.DocumentPlanes ??= (() => {
  "use strict";
  const { DocumentBox, bytesOf, clamp, el } = LatentLab;
  const NAMES = ["Autoencoder", "LSA"];
  const REACH = 12; // pixels from the pointer to a document that it points at
  const STEP = 0.02;
  const FAINT = 0.4; // of what is not of the topic in question

  class DocumentPlanes extends DocumentBox {
    // The planes are the results: they stand where images of other controls do.
    screens() {
      this.planes = NAMES.map((name, i) => this.plane(name, i));
      const side = el("div", { class: "ll-side dp-side" });
      side.append(el("div", { class: "dp-planes" }, ...this.planes.map(({ node }) => node)));
      return side;
    }

    plane(name, i) {
      const dots = el("canvas", { class: "dp-dots", "aria-hidden": "true" });
      const marks = el("canvas", { class: "dp-marks", "aria-hidden": "true" });
      const frame = el("div", { class: "dp-frame", tabindex: 0, role: "application" }, dots, marks);
      const help = "click a dot, or a place between them; arrow keys move the mark, Enter takes the nearest document";
      frame.setAttribute("aria-label", `${name}, plane of documents: ${help}`);
      const number = el("span", { class: "ll-number", "data-text": `accuracy-${i}` }, "\u2013");
      const head = el("div", { class: "dp-head" }, el("b", {}, name), number);
      head.append(el("span", { class: "dp-dim" }, "of test posts get their topic from 15 neighbours"));
      const share = el("b", { class: "dp-share" });
      const of = el("span", { class: "dp-dim" });
      const words = el("p", { class: "dp-words" });
      const node = el("figure", { class: "dp-plane" }, head, frame);
      node.append(el("figcaption", { "aria-live": "polite" }, el("p", {}, share, " ", of), words));
      const plane = { node, frame, dots, marks, share, of, words, i, model: "" };
      this.listen(plane);
      return plane;
    }

    build() {
      super.build();
      new ResizeObserver(() => this.draw()).observe(this.planes[0].frame);
    }

    listen(plane) {
      const { frame } = plane;
      frame.addEventListener("pointermove", (event) => this.point(plane, this.nearest(plane, event)));
      frame.addEventListener("pointerleave", () => this.point(plane, undefined));
      frame.addEventListener("click", (event) => {
        const document = this.nearest(plane, event);
        this.pointed = undefined;
        this.go(document ?? [...this.at(plane, event).map((part) => +part.toFixed(3)), plane.i]);
      });
      frame.addEventListener("keydown", (event) => this.key(plane, event));
    }

    // While the pointer rests on a document, that one is asked for.
    point(plane, document) {
      if (document === this.pointed) return;
      this.pointed = document;
      plane.frame.classList.toggle("dp-on", document !== undefined);
      this.refresh();
    }

    key(plane, event) {
      const step = event.shiftKey ? 5 * STEP : STEP;
      const [x, y] = this.settings.reply.marks?.[plane.i] ?? [0.5, 0.5];
      const to = {
        ArrowLeft: [x - step, y],
        ArrowRight: [x + step, y],
        ArrowUp: [x, y + step],
        ArrowDown: [x, y - step],
      }[event.key];
      if (to) this.go([...to.map((part) => +clamp(part, 0, 1).toFixed(3)), plane.i]);
      else if (event.key === "Enter" && plane.places) this.go(this.nearestTo(plane, x, y, 1, 1).document);
      else return;
      event.preventDefault();
    }

    // Where an event is, in parts of the plane from its lower left corner.
    at(plane, event) {
      const box = plane.frame.getBoundingClientRect();
      const [x, y] = [(event.clientX - box.left) / box.width, (box.bottom - event.clientY) / box.height];
      return [clamp(x, 0, 1), clamp(y, 0, 1)];
    }

    nearest(plane, event) {
      if (!plane.places) return undefined;
      const { width, height } = plane.frame.getBoundingClientRect();
      const { document, distance } = this.nearestTo(plane, ...this.at(plane, event), width, height);
      return distance <= REACH ? document : undefined;
    }

    nearestTo({ places }, x, y, width, height) {
      let document;
      let distance = Number.POSITIVE_INFINITY;
      for (let i = 0; 2 * i < places.length; i++) {
        const there = Math.hypot((places[2 * i] - x) * width, (places[2 * i + 1] - y) * height);
        if (there < distance) [document, distance] = [i, there];
      }
      return { document, distance };
    }

    ask() {
      const have = this.planes.map(({ model }) => model).join("|");
      const question = { value: this.pointed ?? this.value, context: { ...this.settings.context, have } };
      return LatentLab.ask(this.server, question);
    }

    toAddress(value) {
      return Array.isArray(value) ? value.join(",") : super.toAddress(value);
    }

    fromAddress(text) {
      if (!text.includes(",")) return super.fromAddress(text);
      const parts = text.split(",").map((part) => (/^\d(\.\d+)?$/.test(part) ? +part : Number.NaN));
      return parts.length === 3 && parts.every((part) => part >= 0 && part <= 1) && parts[2] % 1 === 0
        ? parts
        : undefined;
    }

    settle(changed = {}) {
      super.settle();
      for (const [i, { model, places, topics }] of Object.entries(changed.points ?? {})) {
        const raw = new Uint16Array(bytesOf(places).buffer);
        Object.assign(this.planes[i], { model, places: Float32Array.from(raw, (at) => at / 65535) });
        this.topicOf = bytesOf(topics);
      }
      if (changed.reply) this.tell(changed.reply);
      if (changed.reply || changed.points) this.draw();
    }

    tell(reply) {
      super.tell(reply);
      const { shares = [], of = [], expected = [] } = reply;
      for (const plane of this.planes) {
        plane.share.textContent = shares[plane.i] ?? "";
        plane.of.textContent = of[plane.i] ?? "";
        const likely = expected[plane.i] ?? [];
        plane.words.replaceChildren(
          el("span", { class: "dp-dim" }, likely.length ? "expects " : ""),
          likely.join(", "),
        );
      }
    }

    draw() {
      for (const plane of this.planes) {
        const { width, height } = plane.frame.getBoundingClientRect();
        if (!width || !plane.places) continue;
        this.drawDots(plane, this.fit(plane.dots, width, height), width, height);
        this.drawMarks(plane, this.fit(plane.marks, width, height), width, height);
      }
    }

    fit(canvas, width, height) {
      const scale = window.devicePixelRatio || 1;
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      const context = canvas.getContext("2d");
      context.scale(scale, scale);
      return context;
    }

    drawDots({ places }, context, width, height) {
      const { colours, paper, reply, topics } = this.settings;
      const topic = topics.indexOf(reply.topic);
      const size = width > 300 ? 3 : 2;
      context.fillStyle = paper;
      context.fillRect(0, 0, width, height);
      this.topicOf.forEach((label, i) => {
        context.globalAlpha = topic < 0 || label === topic ? 0.85 : FAINT;
        context.fillStyle = colours[label];
        context.fillRect(places[2 * i] * width - size / 2, (1 - places[2 * i + 1]) * height - size / 2, size, size);
      });
      context.globalAlpha = 1;
      this.drawNames(places, context, width, height);
    }

    // The topics' names at the medians of their documents, as many as find room; the chosen document's before others.
    drawNames(places, context, width, height) {
      const { colours, reply, topics } = this.settings;
      const chosen = topics.indexOf(reply.topic);
      const labels = [...topics.keys()].sort((a, b) => (b === chosen) - (a === chosen));
      context.font = `600 ${width > 300 ? 12 : 9}px system-ui, sans-serif`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineWidth = 3;
      context.strokeStyle = "#000";
      const taken = [];
      for (const label of labels) {
        const name = topics[label];
        const mine = [...this.topicOf.keys()].filter((i) => this.topicOf[i] === label);
        if (!mine.length) continue;
        const middle = (axis) => mine.map((i) => places[2 * i + axis]).sort((a, b) => a - b)[mine.length >> 1];
        const half = context.measureText(name).width / 2;
        const x = clamp(middle(0) * width, half + 2, width - half - 2);
        const y = clamp((1 - middle(1)) * height, 8, height - 8);
        if (taken.some((other) => Math.abs(other.x - x) < other.half + half && Math.abs(other.y - y) < 12)) continue;
        taken.push({ x, y, half });
        context.strokeText(name, x, y);
        context.fillStyle = colours[label];
        context.fillText(name, x, y);
      }
    }

    drawMarks({ i, places }, context, width, height) {
      const { marks, near } = this.settings.reply;
      const ring = (x, y, radius, colour, thick) => {
        context.beginPath();
        context.arc(x * width, (1 - y) * height, radius, 0, 2 * Math.PI);
        context.lineWidth = thick + 2;
        context.strokeStyle = "#000";
        context.stroke();
        context.lineWidth = thick;
        context.strokeStyle = colour;
        context.stroke();
      };
      if (this.pointed === undefined)
        for (const document of near?.[i] ?? [])
          ring(places[2 * document], places[2 * document + 1], 5, this.settings.colours[this.topicOf[document]], 2);
      const mark = marks?.[i];
      if (mark) ring(...mark, 8, "#fff", 2.5);
      this.planes[i].frame.dataset.mark = mark ? mark.map((part) => part.toFixed(4)).join(",") : "";
    }
  }

  return DocumentPlanes;
})();
