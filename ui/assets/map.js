/* The city map inside streamlit-folium's frame: tiles by key, features by URL, the building under the pointer.
 *
 * Python hands over one description of what is to be seen (`update`); this script changes the map to match it
 * and keeps what is the same. Texts from data reach the page as text nodes only.
 */
(function () {
  "use strict";

  // The frame lives at <base>/component/<name>/index.html, so this is right under any base path or proxy.
  const ROOT = new URL("../../", document.baseURI).href;
  const HOVER_ZOOM = 13;
  const HOVER_DELAY = 70;
  const FADE = 110;
  const PATIENCE = 5000;
  const HEAL_DELAY = 400;
  const PANES = { base: 100, area: 150, ring: 390, line: 410, point: 420, mark: 430 };
  const MARKS = {
    hover: { color: "#22252a", weight: 2, opacity: 0.9, fill: false },
    chosen: { color: "#c8501e", weight: 3, opacity: 1, fill: false },
    box: { color: "#1f2d3d", weight: 2, dashArray: "5 5", fillColor: "#1f2d3d", fillOpacity: 0.06 },
  };

  let map = null;
  let mapId = "";
  let shown = null; // the description that the map matches now
  let tiles = null;
  let fading = [];
  let base = null;
  let switches = null;
  let sent = null; // the last event that Python was told
  let notes = "";
  let tip = null;
  let area = null; // the area feature under the pointer
  let pressed = null; // the area feature of the click that is on its way to the map
  let timer = 0;
  let asking = null;
  let needle = null; // where a search led, or what Python points at
  let announced = false; // whether Python knows that the map stands
  let asked = {}; // layers that the address switches
  const tools = window.NuanguangTools;
  const layers = new Map();
  const marks = {};
  const renderers = {};

  function remember(kind, value) {
    try {
      sessionStorage.setItem(`nuanguang.${kind}.${mapId}`, JSON.stringify(value));
    } catch {
      // Storage may be forbidden or full: the map works without it.
    }
  }

  function recall(kind) {
    try {
      return JSON.parse(sessionStorage.getItem(`nuanguang.${kind}.${mapId}`));
    } catch {
      return null;
    }
  }

  /* ---- texts ---- */

  function escaped(text) {
    return window.NuanguangFeatures.element("span", text).innerHTML;
  }

  function showTip(place, told) {
    if (!told || told.length === 0) return hideTip();
    tip = tip || L.tooltip({ className: "ng-tip", direction: "top", offset: [0, -8], opacity: 1 });
    tip.setLatLng(place).setContent(window.NuanguangFeatures.told(told));
    map.openTooltip(tip);
  }

  function hideTip() {
    if (tip) map.closeTooltip(tip);
  }

  function mark(kind, geometry) {
    if (marks[kind]) marks[kind].remove();
    marks[kind] = null;
    if (!geometry) return;
    const style = { ...MARKS[kind], interactive: false, pane: "ng-mark", renderer: renderers.mark };
    marks[kind] = L.geoJSON(geometry, { ...style, style }).addTo(map);
  }

  function pin(place) {
    if (needle) needle.remove();
    const style = { ...MARKS.chosen, radius: 9, interactive: false, pane: "ng-mark", renderer: renderers.mark };
    needle = place && L.circleMarker(place, style).addTo(map);
  }

  /* ---- tiles ---- */

  function tileLayer(key) {
    // 512-pixel tiles: one for four, or at double density on fine screens.
    const grid = L.Browser.retina ? { tileSize: 256 } : { tileSize: 512, zoomOffset: -1 };
    return L.tileLayer(`${ROOT}tiles/${key}/{z}/{x}/{y}.png`, {
      ...grid, className: "ng-tiles", minZoom: 5, maxZoom: 20, keepBuffer: 2, updateWhenZooming: false,
    });
  }

  /** Show another painting: the old one stays until the new one is complete, so that nothing flickers. */
  function swapTiles(key) {
    const next = key ? tileLayer(key) : null;
    if (tiles) fading.push(tiles);
    tiles = next;
    if (!next) return retire(null);
    if (fading.length) next.setOpacity(0);
    next.once("load", () => retire(next));
    next.once("tileerror", () => setTimeout(() => heal(next), HEAL_DELAY));
    setTimeout(() => retire(next), PATIENCE);
    next.addTo(map);
  }

  function retire(next) {
    if (tiles !== next) return;
    if (next) next.setOpacity(1);
    tellShown();
    const old = fading;
    fading = [];
    setTimeout(() => old.forEach((layer) => layer.remove()), FADE);
  }

  /** Say once that the map stands: Python lets it be the first to draw on a page. */
  function tellShown() {
    if (announced || !shown.tiles) return;
    announced = true;
    fetch(`${ROOT}api/shown?${new URLSearchParams({ key: shown.tiles })}`).catch(() => {});
  }

  /** The server forgets keys that were not asked for long: a rerun registers ours anew, then the tiles are asked again. */
  function heal(layer) {
    if (tiles !== layer) return;
    window.Streamlit.setComponentValue({ event: sent, healed: Date.now() });
    setTimeout(() => tiles === layer && layer.redraw(), HEAL_DELAY * 4);
  }

  function swapBase(wanted) {
    if (base) base.remove();
    const grid = wanted && {
      pane: "ng-base", maxZoom: 20, maxNativeZoom: wanted.max_zoom, subdomains: wanted.subdomains,
    };
    base = wanted
      ? L.layerGroup(wanted.urls.map((url, at) => L.tileLayer(url, { ...grid, zIndex: at + 1 }))).addTo(map)
      : null;
  }

  /* ---- features ---- */

  function listen(spec, feature, layer) {
    const given = feature.properties || {};
    const known = { layer: spec.name, id: feature.id ?? given._id ?? null, told: given._tooltip };
    if (spec.kind === "ring") return;
    if (spec.kind === "area") {
      layer.on("mouseover", () => { area = known; });
      layer.on("mouseout", () => { if (area === known) area = null; });
      layer.on("click", () => { pressed = known; });
      return;
    }
    const style = window.NuanguangFeatures.styleOf(spec.kind, given);
    layer.on("mouseover mousemove", (event) => {
      stopAsking();
      mark("hover", null);
      layer.setStyle({ weight: style.weight + 2 });
      showTip(event.latlng, known.told);
    });
    layer.on("mouseout", () => {
      layer.setStyle({ weight: style.weight });
      hideTip();
    });
    layer.on("click", (event) => {
      if (tools.busy()) return map.fire("click", event);
      stopAsking();
      pin(layer.getLatLng ? layer.getLatLng() : event.latlng);
      mark("chosen", null);
      tell(event.latlng, { layer: known.layer, id: known.id });
    });
  }

  /** Fetch a layer when it is first shown; the holder stays in the map so that a new version just replaces. */
  async function load(entry) {
    const wanted = keyAt(entry.spec, map.getZoom());
    if (entry.loaded === wanted) return;
    entry.loaded = wanted;
    if (!wanted) return entry.holder.clearLayers();
    try {
      const answer = await fetch(`${ROOT}vectors/${wanted}.geojson`);
      if (!answer.ok) throw new Error(String(answer.status));
      const data = await answer.json();
      if (entry.loaded !== wanted) return;
      const fresh = window.NuanguangFeatures.drawn(entry.spec, data, renderers[entry.spec.kind], listen);
      entry.holder.clearLayers();
      entry.holder.addLayer(fresh);
      // whichever answer came last: the order of the layers is that of their description
      for (const { holder } of layers.values()) if (map.hasLayer(holder)) holder.eachLayer((part) => part.bringToFront());
    } catch (problem) {
      if (entry.loaded === wanted) entry.loaded = null;
      console.warn("layer", entry.spec.name, String(problem));
    }
  }

  /** A layer of several levels of detail has a key up to each zoom, and none when nearer. */
  function keyAt(spec, zoom) {
    if (!spec.levels.length) return spec.key;
    const level = spec.levels.find(([nearest]) => zoom <= nearest);
    return level ? level[1] : "";
  }

  function isOn(spec) {
    const chosen = (recall("layers") || {})[spec.name];
    return chosen && chosen.given === spec.shown ? chosen.on : asked[spec.name] ?? spec.shown;
  }

  function choose(name, on) {
    const entry = layers.get(name);
    if (entry) remember("layers", { ...recall("layers"), [name]: { given: entry.spec.shown, on } });
  }

  /** Write what is seen into the address: the view, and the layers that are not as the page has them. */
  function link() {
    const other = [...layers].filter(([, entry]) => map.hasLayer(entry.holder) !== entry.spec.shown);
    const switched = Object.fromEntries(other.map(([name, entry]) => [name, !entry.spec.shown]));
    tools.link(map.getCenter(), map.getZoom(), switched);
  }

  function syncLayers(specs) {
    const names = new Set(specs.map((spec) => spec.name));
    for (const [name, entry] of layers) {
      if (names.has(name)) continue;
      entry.holder.remove();
      layers.delete(name);
    }
    for (const spec of specs) {
      let entry = layers.get(spec.name);
      if (!entry) {
        entry = { spec, holder: L.layerGroup(), loaded: null };
        const added = entry;
        entry.holder.on("add", () => load(added));
        layers.set(spec.name, entry);
      }
      if (entry.spec.kind !== spec.kind) entry.loaded = null;
      entry.spec = spec;
      if (!isOn(spec)) entry.holder.remove();
      else if (map.hasLayer(entry.holder)) load(entry);
      else entry.holder.addTo(map);
    }
    syncSwitches(specs);
  }

  function syncSwitches(specs) {
    if (switches) switches.remove();
    switches = null;
    if (!specs.length) return;
    switches = L.control.layers(null, null, { collapsed: map.getSize().x < 640 });
    for (const spec of specs) switches.addOverlay(layers.get(spec.name).holder, escaped(spec.label));
    switches.addTo(map);
    const box = switches.getContainer();
    box.querySelector(".leaflet-control-layers-toggle").title = shown.words.layers;
    box.addEventListener("change", () => {
      for (const [name, entry] of layers) choose(name, map.hasLayer(entry.holder));
      link();
    });
  }

  /* ---- the building under the pointer ---- */

  function stopAsking() {
    clearTimeout(timer);
    if (asking) asking.abort();
    asking = null;
  }

  async function identify(place) {
    stopAsking();
    if (!shown || !shown.tiles) return null;
    const mine = (asking = new AbortController());
    const at = place.wrap();
    const query = new URLSearchParams({
      key: shown.tiles, lon: at.lng.toFixed(7), lat: at.lat.toFixed(7), language: shown.language,
    });
    try {
      const answer = await fetch(`${ROOT}api/identify?${query}`, { signal: mine.signal });
      return answer.ok ? await answer.json() : null;
    } catch (problem) {
      return problem.name === "AbortError" ? undefined : null;
    }
  }

  function onMove(event) {
    stopAsking();
    if (tools.busy()) return hideTip();
    timer = setTimeout(async () => {
      const found = map.getZoom() >= HOVER_ZOOM ? await identify(event.latlng) : null;
      if (found === undefined) return;
      mark("hover", found && found.outline);
      if (found) showTip(event.latlng, found.record);
      else if (area) showTip(event.latlng, area.told);
      else hideTip();
    }, HOVER_DELAY);
  }

  function onLeave() {
    stopAsking();
    area = null;
    mark("hover", null);
    hideTip();
  }

  async function onClick(event) {
    const below = pressed;
    pressed = null;
    if (tools.busy()) return;
    pin(null);
    map.getContainer().classList.add("ng-busy");
    const found = await identify(event.latlng);
    map.getContainer().classList.remove("ng-busy");
    if (found === undefined) return;
    mark("chosen", found && found.outline);
    if (found) tell(event.latlng, { layer: "buildings", row: found.row, id: found.id });
    else tell(event.latlng, below ? { layer: below.layer, id: below.id } : {});
  }

  function onBox(event) {
    if (!shown || !shown.select_box) return;
    const box = event.boxZoomBounds;
    tell(box.getCenter(), { box: [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()] });
  }

  /** Hand an event to Python. streamlit-folium returns nothing by itself, so moving the map never reruns a page. */
  function tell(place, what) {
    const at = place.wrap();
    sent = { lon: at.lng, lat: at.lat, layer: "", row: null, id: null, box: null, serial: Date.now(), ...what };
    window.Streamlit.setComponentValue({ event: sent });
  }

  /* ---- the two doors that Python uses ---- */
  function mount(made, options) {
    map = made;
    mapId = options.id;
    asked = tools.linkedLayers();
    for (const [name, level] of Object.entries(PANES)) {
      map.createPane(`ng-${name}`).style.zIndex = level;
      renderers[name] = L.svg({ pane: `ng-${name}`, padding: 0.3 });
    }
    map.attributionControl.setPrefix(false);
    L.control.scale({ imperial: false }).addTo(map);
    // Leaflet reports no leaving from above a feature, so the container is asked itself.
    map.getContainer().addEventListener("mouseleave", onLeave);
    map.on("mousemove", onMove).on("click", onClick).on("boxzoomend", onBox);
    map.on("movestart", onLeave);
    map.on("moveend", () => {
      if (!shown) return;
      remember("view", { home: shown.home, at: Object.values(map.getCenter()), zoom: map.getZoom() });
      link();
    });
    map.on("zoomend", () => {
      for (const entry of layers.values()) if (entry.spec.levels.length && map.hasLayer(entry.holder)) load(entry);
    });
    tools.mount(map, { tell, mark, pin, pane: { pane: "ng-mark", renderer: renderers.mark } });
  }

  function goHome(wanted, last) {
    if (last && String(last.home) === String(wanted.home)) return;
    const kept = last ? null : recall("view");
    const asked = last || kept ? null : tools.linked();
    if (kept && String(kept.home) === String(wanted.home)) map.setView(kept.at, kept.zoom, { animate: false });
    else if (asked) map.setView(asked.at, asked.zoom, { animate: false });
    else map.setView(wanted.home.slice(0, 2), wanted.home[2], { animate: Boolean(last) });
  }

  function label(wanted) {
    const box = map.getContainer();
    box.setAttribute("aria-label", wanted.words.label);
    const titles = { ".leaflet-control-zoom-in": wanted.words.zoom_in, ".leaflet-control-zoom-out": wanted.words.zoom_out };
    for (const [selector, text] of Object.entries(titles)) {
      const button = box.querySelector(selector);
      if (button) Object.assign(button, { title: text, ariaLabel: text });
    }
    const control = map.attributionControl;
    if (notes) control.removeAttribution(notes);
    notes = wanted.notes.map(escaped).join(" · ");
    control.addAttribution(notes);
  }

  function update(wanted) {
    const last = shown;
    shown = wanted;
    goHome(wanted, last);
    label(wanted);
    if (!last || JSON.stringify(last.base) !== JSON.stringify(wanted.base)) swapBase(wanted.base);
    if (!last || last.tiles !== wanted.tiles) swapTiles(wanted.tiles);
    if (String(last && last.pin) !== String(wanted.pin)) pin(wanted.pin);
    syncLayers(wanted.vectors);
    link();
    tools.update(wanted);
    mark("box", wanted.box && { type: "Polygon", coordinates: [tools.corners(wanted.box)] });
  }

  window.Nuanguang = { mount, update };
})();
