/* The buildings of the stand-alone page: read from bytes, found by position, told under the pointer.
 *
 * The page's description says which columns the bytes hold; how they are coded stands in standalone_buildings.py.
 */
(function () {
  "use strict";

  const NEAR = 13; // the coarsest zoom at which buildings answer
  const WIDE = 64; // a building over more cells than this is looked at every time
  const OUTLINE = { color: "#22252a", weight: 2, opacity: 0.9, fill: false, interactive: false };
  const EDGE = 6;
  const ABOVE = -8;
  const BELOW = 14;

  /* ---- reading ---- */

  async function unpacked(base64) {
    const text = atob(base64.trim());
    const packed = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at);
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function columnsOf(bytes, described) {
    const found = {};
    let at = 0;
    for (const [name, count, planes] of described) {
      const values = (found[name] = planes > 4 ? new Float64Array(count) : new Uint32Array(count));
      for (let plane = 0; plane < planes; plane++) {
        const worth = 256 ** plane;
        for (let row = 0; row < count; row++) values[row] += bytes[at++] * worth;
      }
    }
    if (at !== bytes.length) throw new Error("the buildings are incomplete");
    return found;
  }

  const signed = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);

  function startsOf(counts) {
    const starts = new Uint32Array(counts.length + 1);
    for (let at = 0; at < counts.length; at++) starts[at + 1] = starts[at] + counts[at];
    return starts;
  }

  /** Corners of one axis: every ring starts from the start of the one before. */
  function axisOf(starts, steps, corners) {
    const places = new Int32Array(corners[corners.length - 1]);
    let first = 0;
    let step = 0;
    for (let ring = 0; ring < starts.length; ring++) {
      const begin = corners[ring];
      const end = corners[ring + 1];
      first += signed(starts[ring]);
      places[begin] = first;
      for (let at = begin + 1; at < end; at++) {
        let moved = signed(steps[step++]);
        if (end - begin === 4 && at === begin + 3) moved -= places[begin + 1] - places[begin];
        places[at] = places[at - 1] + moved;
      }
    }
    return places;
  }

  /* ---- finding ---- */

  /** West, south, east, north and area of every building, in the units of the corners. */
  function measured(shape, count) {
    const boxes = [0, 1, 2, 3].map(() => new Int32Array(count));
    const areas = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      let [west, south, east, north, twice] = [Infinity, Infinity, -Infinity, -Infinity, 0];
      for (let ring = shape.rings[row]; ring < shape.rings[row + 1]; ring++) {
        const begin = shape.corners[ring];
        const end = shape.corners[ring + 1];
        for (let at = begin, last = end - 1; at < end; last = at++) {
          const x = shape.x[at];
          const y = shape.y[at];
          if (x < west) west = x;
          if (x > east) east = x;
          if (y < south) south = y;
          if (y > north) north = y;
          twice += (shape.x[last] - shape.x[begin]) * (y - shape.y[begin]);
          twice -= (x - shape.x[begin]) * (shape.y[last] - shape.y[begin]);
        }
      }
      [west, south, east, north].forEach((edge, at) => (boxes[at][row] = edge));
      areas[row] = twice / 2; // holes run the other way round
    }
    return { boxes, areas };
  }

  /** A uniform grid over the boxes: rows by cell, and the rows that are too wide for it. */
  function gridOf([west, south, east, north], count) {
    const extreme = (values, pick) => values.reduce((a, b) => pick(a, b));
    const left = extreme(west, Math.min);
    const low = extreme(south, Math.min);
    const width = extreme(east, Math.max) - left + 1;
    const height = extreme(north, Math.max) - low + 1;
    const side = Math.ceil(Math.sqrt((width * height) / count)) + 1;
    const across = Math.ceil(width / side);
    const cells = new Uint32Array(across * Math.ceil(height / side));
    const wide = [];
    const overCells = (row, visit) => {
      const [c0, c1] = [Math.floor((west[row] - left) / side), Math.floor((east[row] - left) / side)];
      const [r0, r1] = [Math.floor((south[row] - low) / side), Math.floor((north[row] - low) / side)];
      if ((c1 - c0 + 1) * (r1 - r0 + 1) > WIDE) return false;
      for (let r = r0; r <= r1; r++) for (let c = c0; c <= c1; c++) visit(r * across + c);
      return true;
    };
    for (let row = 0; row < count; row++) if (!overCells(row, (cell) => cells[cell]++)) wide.push(row);
    const starts = startsOf(cells);
    const rows = new Uint32Array(starts[cells.length]);
    const next = starts.slice();
    for (let row = 0; row < count; row++) overCells(row, (cell) => (rows[next[cell]++] = row));
    const near = (x, y) => {
      if (x < left || y < low || x >= left + width || y >= low + height) return [];
      const cell = Math.floor((y - low) / side) * across + Math.floor((x - left) / side);
      return rows.subarray(starts[cell], starts[cell + 1]);
    };
    return { near, wide };
  }

  /** Whether the rings wind around a place; a hole unwinds what is around it. */
  function winds({ x, y, corners }, from, to, px, py) {
    let turns = 0;
    for (let ring = from; ring < to; ring++) {
      const end = corners[ring + 1];
      for (let at = corners[ring], last = end - 1; at < end; last = at++) {
        const side = (x[at] - x[last]) * (py - y[last]) - (px - x[last]) * (y[at] - y[last]);
        if (y[last] <= py && y[at] > py && side > 0) turns++;
        else if (y[last] > py && y[at] <= py && side < 0) turns--;
      }
    }
    return turns !== 0;
  }

  /** Read the buildings: who stands at a place, what is told of a row, and its outline. */
  async function open(base64, head) {
    const columns = columnsOf(await unpacked(base64), head.columns);
    const shape = { rings: startsOf(columns.rings), corners: startsOf(columns.corners) };
    shape.x = axisOf(columns.start_x, columns.step_x, shape.corners);
    shape.y = axisOf(columns.start_y, columns.step_y, shape.corners);
    const { boxes, areas } = measured(shape, head.count);
    const [west, south, east, north] = boxes;
    const { near, wide } = gridOf(boxes, head.count);

    /** The smallest building at a place [degrees] that a colouring draws, or -1. */
    function find(lon, lat, paint) {
      const drawn = columns[head.masks[paint]];
      const x = lon * head.per_degree;
      const y = lat * head.per_degree;
      let best = -1;
      const look = (row) => {
        if (x < west[row] || x > east[row] || y < south[row] || y > north[row]) return;
        if ((drawn && !drawn[row]) || (best >= 0 && (areas[row] - areas[best] || row - best) >= 0)) return;
        if (winds(shape, shape.rings[row], shape.rings[row + 1], x, y)) best = row;
      };
      near(x, y).forEach(look);
      wide.forEach(look);
      return best;
    }

    function figure(coded) {
      return coded ? signed(coded - 1).toLocaleString("en-US", { maximumFractionDigits: 0 }) : head.unknown;
    }

    function told(row) {
      const codes = head.codes.map(([name, label, words]) => [label, words[columns[name][row]]]);
      return codes.concat(head.figures.map(([name, label]) => [label, figure(columns[name][row])]));
    }

    function outline(row) {
      const rings = [];
      for (let ring = shape.rings[row]; ring < shape.rings[row + 1]; ring++) {
        const places = [];
        for (let at = shape.corners[ring]; at < shape.corners[ring + 1]; at++) {
          places.push([shape.y[at] / head.per_degree, shape.x[at] / head.per_degree]);
        }
        rings.push(places);
      }
      return rings;
    }

    return { find, told, outline };
  }

  /* ---- the pointer ---- */

  /** Tell the building under the pointer, else the area; `door` lends what the page has. */
  function attach(map, door) {
    const tip = L.tooltip({ className: "tip", opacity: 1 });
    let buildings = null;
    let area = null; // what is told of the area under the pointer
    let mark = null;
    let marked = -1;
    let waiting = 0;

    function place(direction, across, down) {
      Object.assign(tip.options, { direction, offset: L.point(across, down) });
      tip.update();
    }

    function show(at, what) {
      tip.setLatLng(at).setContent(door.told(what));
      map.openTooltip(tip);
      place("top", 0, ABOVE);
      const box = tip.getElement().getBoundingClientRect();
      const frame = map.getContainer().getBoundingClientRect();
      const covers = door.covers.map((one) => one.getBoundingClientRect());
      const hidden = (one) => box.left < one.right && box.right > one.left && box.top < one.bottom && box.bottom > one.top;
      const below = box.top < frame.top || covers.some(hidden);
      const aside = Math.max(frame.left + EDGE - box.left, Math.min(0, frame.right - EDGE - box.right));
      if (below || aside) place(below ? "bottom" : "top", aside, below ? BELOW : ABOVE);
      tip.getElement().classList.toggle("aside", aside !== 0);
    }

    function outlined(row) {
      if (row === marked) return;
      if (mark) mark.remove();
      mark = row < 0 ? null : L.polygon(buildings.outline(row), { ...OUTLINE, ...door.pane }).addTo(map);
      marked = row;
    }

    function hush() {
      cancelAnimationFrame(waiting);
      outlined(-1);
      map.closeTooltip(tip);
    }

    function look(at) {
      const paint = door.paint();
      const { lng, lat } = at.wrap();
      const row = buildings && paint && map.getZoom() >= NEAR ? buildings.find(lng, lat, paint) : -1;
      outlined(row);
      const what = row < 0 ? area : buildings.told(row);
      if (what) show(at, what);
      else map.closeTooltip(tip);
    }

    function onMove(event) {
      cancelAnimationFrame(waiting);
      if (!map.dragging.moving()) waiting = requestAnimationFrame(() => look(event.latlng));
    }

    function leave() {
      area = null;
      hush();
    }

    map.on("mousemove click", onMove).on("movestart", hush);
    map.getContainer().addEventListener("mouseleave", leave);
    return {
      hush,
      over: (what) => (area = what),
      off: (what) => (area = area === what ? null : area),
      use: (read) => (buildings = read),
    };
  }

  window.NuanguangBuildings = { attach, open, readable: () => typeof DecompressionStream === "function" };
})();
