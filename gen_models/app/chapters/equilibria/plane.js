// The plane of both players: what a reply's "drawing" holds is drawn over the map. plane.py describes it.
LatentLab.kinds.Plane ??= (() => {
  "use strict";
  const { kinds, svg } = LatentLab;
  const SIDE = 1000; // as in lines.py
  const LONG = 0.8; // of an arrow where V is 1, on the plane

  class Plane extends kinds.LatentPad {
    build() {
      super.build();
      this.field = svg("path", { class: "arrows" });
      this.front = svg("g");
      this.place = svg("g", { class: "place" });
      const layer = svg("svg", { class: "ll-contours", viewBox: `0 0 ${SIDE} ${SIDE}`, "aria-hidden": "true" });
      layer.append(
        svg("path", { class: "axes", d: `M0 ${SIDE / 2}H${SIDE}M${SIDE / 2} 0V${SIDE}` }),
        this.field,
        this.front,
        this.place,
      );
      this.dot.before(layer);
    }

    // A reply's "drawing" becomes a setting like any other.
    settle(changed = this.settings) {
      super.settle(changed);
      if (changed.drawing) this.draw(changed.drawing);
    }

    // A place of a path, [θ, ψ, V_θ, V_ψ]: a dot, V, and its two components.
    mark(at) {
      this.place.replaceChildren();
      if (!at) return;
      const [theta, psi, across, up] = at;
      const unit = SIDE / (this.settings.hi - this.settings.lo);
      const [x, y] = [SIDE / 2 + unit * theta, SIDE / 2 - unit * psi];
      const ends = { theta: [across, 0], psi: [0, up], both: [across, up] };
      for (const [name, v] of Object.entries(ends)) {
        const [dx, dy] = [LONG * unit * v[0], -LONG * unit * v[1]];
        const length = Math.hypot(dx, dy);
        if (length < 4) continue;
        const [ux, uy] = [(22 * dx) / length, (22 * dy) / length];
        const head = `m${-ux - uy / 2} ${-uy + ux / 2}L${x + dx} ${y + dy}l${-ux + uy / 2} ${-uy - ux / 2}`;
        this.place.append(svg("path", { class: `v ${name}`, d: `M${x} ${y}l${dx} ${dy}${head}` }));
      }
      this.place.append(svg("circle", { class: "here", cx: x, cy: y, r: 13 }));
    }

    draw({ arrows, curves, steps, bad }) {
      // The same while the start is dragged.
      if (this.field.getAttribute("d") !== arrows) this.field.setAttribute("d", arrows);
      const paths = [];
      for (const [rule, d] of Object.entries(curves)) paths.push(svg("path", { class: `curve ${rule}`, d }));
      for (const [rule, d] of Object.entries(steps)) paths.push(svg("path", { class: `steps ${rule}`, d }));
      paths.push(svg("circle", { class: "equilibrium", cx: SIDE / 2, cy: SIDE / 2, r: 13 }));
      for (const [x, y, minimum] of bad) {
        const mark = minimum ? "m-12-12l24 24m0-24l-24 24" : "m0-15l15 15l-15 15l-15-15z";
        for (const layer of ["under", "over"])
          paths.push(svg("path", { class: `bad ${layer}`, d: `M${x} ${y}${mark}` }));
      }
      this.front.replaceChildren(...paths);
    }
  }

  return Plane;
})();
