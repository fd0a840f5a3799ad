/* The map of the stand-alone page. All it shows stands in the JSON of the page; texts become text nodes only. */
(function () {
  "use strict";

  const content = JSON.parse(document.getElementById("content").textContent);
  const words = content.words;
  const { told } = window.NuanguangFeatures;
  const NOTHING = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
  const PANES = { area: 150, ring: 390, line: 410, point: 420, mark: 430 };
  const FARTHEST = 6;
  const NEAREST = 18;
  const FOUND_ZOOM = 15;
  const MOST_FOUND = 8;
  const PHONE = 640;
  const NO_PAINT = "";

  function element(name, given, ...inside) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(given || {})) {
      if (key === "class") made.className = value;
      else made.setAttribute(key, value);
    }
    made.append(...inside);
    return made;
  }

  function swatch(colour, kind) {
    const made = element("i", { class: `swatch ${kind}` });
    made.style.setProperty("--ink", colour);
    return made;
  }

  function legendOf(entries, kind) {
    const list = element("ul", { class: "legend" });
    for (const [colour, label] of entries) list.append(element("li", {}, swatch(colour, kind), label));
    return list;
  }

  /* ---- the frame of the page ---- */

  const holder = element("div", { id: "map", role: "application", "aria-label": words.map });
  const panel = element("details", { id: "panel" }, element("summary", {}, words.panel));
  const finder = element("form", { id: "finder", role: "search" });

  function buildFrame() {
    const head = element("header", {}, element("h1", {}, content.title));
    if (content.synthetic) {
      const [mark, why] = content.synthetic;
      head.append(element("strong", { class: "synthetic", title: why }, mark));
    }
    head.append(element("span", { class: "made" }, content.made));
    const notes = content.synthetic ? [content.synthetic[1], ...content.notes] : content.notes;
    const foot = element("footer", {}, notes.join(" · "));
    panel.open = window.innerWidth >= PHONE;
    document.body.append(head, element("main", {}, holder, finder, panel), foot);
  }

  /* ---- buildings ---- */

  const Tiles = L.TileLayer.extend({
    getTileUrl(at) {
      const png = this.options.pngs[`${this._getZoomForUrl()}/${at.x}/${at.y}`];
      return png ? `data:image/png;base64,${png}` : NOTHING;
    },
  });

  let map = null;
  let buildings = null;
  let painted = NO_PAINT;
  let pointer = null;
  const legendBox = element("div", { id: "building-legend" });

  function paint(name) {
    if (buildings) buildings.remove();
    buildings = null;
    legendBox.replaceChildren();
    painted = name;
    pointer.hush();
    const chosen = content.paints.find((one) => one.name === name);
    if (!chosen) return;
    // Tiles are 512 pixels wide, so a tile of zoom z stands for the map's zoom z + 1.
    const [coarsest, finest] = content.zooms;
    buildings = new Tiles("", {
      pngs: chosen.tiles, tileSize: 512, zoomOffset: -1, minZoom: FARTHEST, maxZoom: NEAREST,
      minNativeZoom: coarsest + 1, maxNativeZoom: finest + 1, className: "building-tiles",
    }).addTo(map);
    legendBox.append(legendOf(chosen.legend, "area"));
  }

  function buildPaints() {
    if (!content.paints.length) return;
    const group = element("fieldset", {}, element("legend", {}, words.colour_by));
    const choices = [...content.paints.map((one) => [one.name, one.label]), [NO_PAINT, words.no_colour]];
    for (const [name, label] of choices) {
      const input = element("input", { type: "radio", name: "paint", value: name });
      input.addEventListener("change", () => paint(name));
      group.append(element("label", {}, input, label));
    }
    group.querySelector("input").checked = true;
    group.append(legendBox);
    panel.append(group);
    paint(content.paints[0].name);
    if (content.buildings) askable().then((said) => group.append(element("p", { class: "remark" }, said)));
  }

  /** Read the buildings once the map stands; tell how to ask them, or why they cannot be asked. */
  async function askable() {
    if (!window.NuanguangBuildings.readable()) return words.ask_not_here;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    try {
      const base64 = document.getElementById("buildings").textContent;
      pointer.use(await window.NuanguangBuildings.open(base64, content.buildings));
      return words.ask;
    } catch (problem) {
      console.warn("buildings", String(problem));
      return words.ask_failed;
    }
  }

  /* ---- features ---- */

  const renderers = {};
  const shapes = new Map(); // layer and id → shape on the map
  const entries = new Map(); // layer → its group and its switch

  function listen(layer, feature, shape) {
    const given = feature.properties || {};
    shapes.set(`${layer.name}/${feature.id}`, shape);
    if (layer.kind === "ring" || !given._tooltip) return;
    if (layer.kind === "area") {
      // areas give way to buildings, so both speak through one tooltip
      shape.on("mouseover", () => pointer.over(given._tooltip)).on("mouseout", () => pointer.off(given._tooltip));
      return;
    }
    const style = window.NuanguangFeatures.styleOf(layer.kind, given);
    shape.on("mouseover", () => shape.setStyle({ weight: style.weight + 2 }));
    shape.on("mouseout", () => shape.setStyle({ weight: style.weight }));
    const point = layer.kind === "point";
    const place = { direction: point ? "top" : "auto", offset: point ? [0, -8] : [0, 0], sticky: !point };
    shape.bindTooltip(() => told(given._tooltip), { className: "tip", opacity: 1, ...place });
    shape.on("mouseover mousemove click", pointer.hush);
  }

  /** The few colours of a layer that has no legend of its own. */
  function inks(layer) {
    const key = layer.kind === "point" ? "_fill" : "_color";
    const found = new Set(layer.data.features.map((feature) => (feature.properties || {})[key]).filter(Boolean));
    return [...found].slice(0, 3);
  }

  function buildLayers() {
    if (!content.layers.length) return;
    const group = element("fieldset", {}, element("legend", {}, words.layers));
    for (const layer of content.layers) {
      const made = window.NuanguangFeatures.drawn(layer, layer.data, renderers[layer.kind], listen).addTo(map);
      const input = element("input", { type: "checkbox", value: layer.name });
      input.checked = true;
      input.addEventListener("change", () => (input.checked ? made.addTo(map) : made.remove()));
      entries.set(layer.name, { made, input });
      const label = element("label", {}, input, layer.label);
      if (!layer.legend.length) for (const ink of inks(layer)) label.append(swatch(ink, layer.kind));
      group.append(label);
      if (layer.legend.length) group.append(legendOf(layer.legend, "point"));
    }
    panel.append(group);
  }

  /* ---- search ---- */

  let ping = null;

  function show([layer, , id, , lon, lat]) {
    const entry = entries.get(layer);
    if (entry && !entry.input.checked) {
      entry.input.checked = true;
      entry.made.addTo(map);
    }
    map.setView([lat, lon], Math.max(map.getZoom(), FOUND_ZOOM), { animate: false });
    pointer.hush();
    if (ping) ping.remove();
    ping = L.circleMarker([lat, lon], {
      pane: "ng-mark", renderer: renderers.mark, radius: 16, color: "#c8501e", weight: 3, fill: false, interactive: false,
    }).addTo(map);
    const shape = shapes.get(`${layer}/${id}`);
    if (shape && shape.getTooltip()) shape.openTooltip([lat, lon]);
  }

  function buildFinder() {
    if (!content.places.length) return finder.remove();
    const input = element("input", {
      type: "search", placeholder: words.search_hint, "aria-label": words.search, autocomplete: "off",
    });
    const list = element("ul");
    let found = [];
    const choose = (place) => {
      list.replaceChildren();
      input.blur();
      show(place);
    };
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      list.replaceChildren();
      found = wanted ? content.places.filter(([, , id, name]) => `${name} ${id}`.toLowerCase().includes(wanted)) : [];
      for (const place of found.slice(0, MOST_FOUND)) {
        const [, kind, id, name] = place;
        const button = element("button", { type: "button" }, name, element("small", {}, `${kind} ${id}`));
        button.addEventListener("click", () => choose(place));
        list.append(element("li", {}, button));
      }
      if (wanted && !found.length) list.append(element("li", { class: "remark" }, words.nothing_found));
      if (found.length > MOST_FOUND) list.append(element("li", { class: "remark" }, words.more_found));
    });
    finder.addEventListener("submit", (event) => {
      event.preventDefault();
      if (found.length) choose(found[0]);
    });
    finder.append(input, list);
  }

  /* ---- start ---- */

  buildFrame();
  map = L.map(holder, { attributionControl: false, zoomControl: false, minZoom: FARTHEST, maxZoom: NEAREST });
  const [closer, farther] = content.zoom_words;
  L.control.zoom({ position: "bottomright", zoomInTitle: closer, zoomOutTitle: farther }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  for (const [name, level] of Object.entries(PANES)) {
    map.createPane(`ng-${name}`).style.zIndex = level;
    renderers[name] = L.svg({ pane: `ng-${name}`, padding: 0.3 });
  }
  pointer = window.NuanguangBuildings.attach(map, {
    told, paint: () => painted, covers: [finder, panel], pane: { pane: "ng-mark", renderer: renderers.mark },
  });
  map.fitBounds(content.bounds, { padding: [8, 8] });
  buildPaints();
  buildLayers();
  buildFinder();
  window.Nuanguang = { map };
})();
