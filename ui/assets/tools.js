/* What stands beside the map itself: north, search, measuring, and the link that brings the same view back.
 *
 * `map.js` mounts it and asks `busy` before it takes a click for itself.
 */
(function () {
  "use strict";

  const ROOT = new URL("../../", document.baseURI).href;
  const ASK_DELAY = 180;
  const RADIUS_M = 6371008.8;
  const FOUND_ZOOM = { building: 18, boilers: 16, plants: 14, networks: 14, villages: 14, counties: 10, place: 16 };
  const LINE = { color: "#1f2d3d", weight: 3, dashArray: "6 5", fillColor: "#1f2d3d", fillOpacity: 0.1, interactive: false };

  let map = null;
  let door = null; // what map.js lends: element, tell, mark, showTip, pane
  let words = {};
  let group = ""; // maps that share their view
  let key = null;
  let language = "zh";
  let measuring = null; // { kind, points, shape, tag } while points are being set
  let drawn = []; // what was measured and still stands
  let buttons = {};
  let field = null;
  let list = null;
  let timer = 0;
  let asking = null;
  let found = [];
  let chosen = -1;

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function corner(position, className, fill) {
    const Control = L.Control.extend({
      onAdd() {
        const box = element("div", "", className);
        L.DomEvent.disableClickPropagation(box);
        L.DomEvent.disableScrollPropagation(box);
        fill(box);
        return box;
      },
    });
    return new Control({ position }).addTo(map);
  }

  /* ---- search ---- */

  function fillSearch(box) {
    field = element("input");
    field.type = "search";
    field.setAttribute("role", "combobox");
    field.setAttribute("aria-expanded", "false");
    field.autocomplete = "off";
    field.maxLength = 80;
    list = element("ul", "", "ng-found");
    list.setAttribute("role", "listbox");
    list.hidden = true;
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, ASK_DELAY);
    });
    field.addEventListener("keydown", onKey);
    field.addEventListener("blur", () => setTimeout(close, 200));
    box.append(field, list);
  }

  function onKey(event) {
    event.stopPropagation();
    if (event.key === "Escape") {
      field.value = "";
      close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (found.length) go(found[Math.max(chosen, 0)]);
      else ask(true);
    }
  }

  async function ask(atOnce) {
    clearTimeout(timer);
    if (asking) asking.abort();
    const wanted = field.value.trim();
    if (!wanted) return close();
    const mine = (asking = new AbortController());
    const query = new URLSearchParams({ key: key || "", q: wanted, language });
    try {
      const answer = await fetch(`${ROOT}api/search?${query}`, { signal: mine.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.json());
      if (atOnce === true && found.length) go(found[0]);
    } catch (problem) {
      if (problem.name !== "AbortError") say(words.search_error);
    }
  }

  function say(text) {
    found = [];
    list.replaceChildren(element("li", text, "ng-none"));
    list.hidden = false;
  }

  function show(hits) {
    if (!hits.length) return say(words.search_none);
    found = hits;
    chosen = -1;
    list.replaceChildren(
      ...hits.map((hit, at) => {
        const line = element("li");
        line.setAttribute("role", "option");
        line.append(element("b", hit.name), element("span", hit.kind_label), element("small", hit.note));
        line.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          go(found[at]);
        });
        return line;
      }),
    );
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
  }

  function choose(at) {
    if (!found.length) return;
    chosen = (at + found.length) % found.length;
    [...list.children].forEach((line, nth) => line.setAttribute("aria-selected", String(nth === chosen)));
  }

  function close() {
    found = [];
    chosen = -1;
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
  }

  function go(hit) {
    field.value = hit.name;
    close();
    map.setView([hit.lat, hit.lon], Math.max(map.getZoom(), FOUND_ZOOM[hit.kind] || 15), { animate: false });
    door.mark("chosen", hit.outline || null);
    const place = L.latLng(hit.lat, hit.lon);
    if (hit.kind === "place") return door.pin(place);
    door.pin(hit.outline ? null : place);
    door.tell(place, { layer: hit.kind === "building" ? "buildings" : hit.kind, row: hit.row, id: hit.id });
  }

  /* ---- measuring ---- */

  function fillTools(box) {
    for (const kind of ["distance", "area", "clear"]) {
      const button = element("a", { distance: "⟷", area: "▱", clear: "✕" }[kind]);
      button.href = "#";
      button.setAttribute("role", "button");
      L.DomEvent.on(button, "click", (event) => {
        L.DomEvent.stop(event);
        if (kind === "clear") clear();
        else measuring && measuring.kind === kind ? stop() : start(kind);
      });
      buttons[kind] = button;
      box.append(button);
    }
  }

  function start(kind) {
    stop();
    const Shape = kind === "area" ? L.polygon : L.polyline;
    measuring = { kind, points: [], shape: Shape([], { ...LINE, ...door.pane }).addTo(map), tag: null };
    buttons[kind].classList.add("ng-on");
    map.doubleClickZoom.disable();
    map.getContainer().classList.add("ng-measuring");
    map.getContainer().focus();
  }

  function stop() {
    if (!measuring) return;
    const done = measuring;
    measuring = null;
    buttons[done.kind].classList.remove("ng-on");
    map.getContainer().classList.remove("ng-measuring");
    setTimeout(() => map.doubleClickZoom.enable(), 300);
    const enough = done.points.length >= (done.kind === "area" ? 3 : 2);
    done.shape.setLatLngs(done.points);
    if (enough) drawn.push(done.shape, done.tag);
    else [done.shape, done.tag].forEach((layer) => layer && layer.remove());
  }

  function clear() {
    if (measuring) measuring.points = [];
    stop();
    drawn.forEach((layer) => layer && layer.remove());
    drawn = [];
  }

  function onClick(event) {
    if (!measuring) return;
    const last = measuring.points.at(-1);
    if (last && map.latLngToContainerPoint(last).distanceTo(event.containerPoint) < 4) return;
    measuring.points.push(event.latlng);
    measuring.shape.setLatLngs(measuring.points);
    label(measuring.points);
  }

  function onMove(event) {
    if (!measuring || !measuring.points.length) return;
    measuring.shape.setLatLngs([...measuring.points, event.latlng]);
  }

  function label(points) {
    if (!measuring.tag) {
      measuring.tag = L.tooltip({ permanent: true, direction: "right", className: "ng-tip ng-measure", offset: [8, 0] });
      measuring.tag.setLatLng(points[0]).addTo(map);
    }
    const told = measuring.kind === "area" ? areaText(sphereArea(points)) : lengthText(pathLength(points));
    measuring.tag.setLatLng(points.at(-1)).setContent(element("span", told));
  }

  function pathLength(points) {
    return points.slice(1).reduce((sum, point, at) => sum + map.distance(points[at], point), 0);
  }

  /** Area on the sphere between great circles [m2], after Chamberlain & Duquette (2007). */
  function sphereArea(points) {
    const rad = Math.PI / 180;
    const sum = points.reduce((total, point, at) => {
      const next = points[(at + 1) % points.length];
      return total + (next.lng - point.lng) * rad * (2 + Math.sin(point.lat * rad) + Math.sin(next.lat * rad));
    }, 0);
    return Math.abs((sum * RADIUS_M * RADIUS_M) / 2);
  }

  function lengthText(metres) {
    return metres < 1000 ? `${metres.toFixed(1)} m` : `${(metres / 1000).toFixed(3)} km`;
  }

  function areaText(square) {
    return square < 1e6 ? `${square.toFixed(0)} m²` : `${(square / 1e6).toFixed(3)} km²`;
  }

  /* ---- the link ---- */

  /** The view that the page's address asks for, or null: nothing in an address is trusted. */
  function linked() {
    try {
      const said = JSON.parse(new URLSearchParams(window.parent.location.search).get("view"));
      const [lat, lon, zoom] = said;
      const sane = said.length === 3 && said.every(Number.isFinite) && Math.abs(lat) <= 85 && Math.abs(lon) <= 180;
      return sane && zoom >= 4 && zoom <= 20 ? { at: [lat, lon], zoom: Math.round(zoom) } : null;
    } catch {
      return null;
    }
  }

  /** The layers that the page's address switches on or off, by name. */
  function linkedLayers() {
    try {
      const said = JSON.parse(new URLSearchParams(window.parent.location.search).get("layers"));
      const sane = Object.entries(said).filter(([name, on]) => /^[a-z_]{1,32}$/.test(name) && typeof on === "boolean");
      return Object.fromEntries(sane);
    } catch {
      return {};
    }
  }

  /** Write view and layers into the page's address without a rerun: who copies it shares what they see. */
  function link(at, zoom, switched) {
    try {
      const page = window.parent;
      const address = new URL(page.location.href);
      address.searchParams.set("view", JSON.stringify([+at.lat.toFixed(5), +at.lng.toFixed(5), zoom]));
      if (Object.keys(switched).length) address.searchParams.set("layers", JSON.stringify(switched));
      else address.searchParams.delete("layers");
      page.history.replaceState(page.history.state, "", address);
    } catch {
      // A page that embeds the app may forbid it: the map works without it.
    }
  }

  function corners([west, south, east, north]) {
    return [[west, south], [east, south], [east, north], [west, north], [west, south]];
  }

  /* ---- maps side by side ---- */

  /** A name of this tab: other tabs of the browser go their own ways. */
  function tab() {
    try {
      const known = sessionStorage.getItem("nuanguang.tab") || String(Math.random());
      sessionStorage.setItem("nuanguang.tab", known);
      return known;
    } catch {
      return String(Math.random());
    }
  }

  /** Maps of one group on a page show the same view: who is moved tells the others. */
  function follow() {
    const channel = new BroadcastChannel(`nuanguang.view.${tab()}`);
    const me = Math.random();
    let led = false;
    channel.addEventListener("message", ({ data }) => {
      if (!group || data.group !== group || data.from === me) return;
      led = true;
      map.setView(data.at, data.zoom, { animate: false });
      led = false;
    });
    map.on("moveend", () => {
      const at = map.getCenter();
      if (group && !led) channel.postMessage({ group, from: me, at: [at.lat, at.lng], zoom: map.getZoom() });
    });
  }

  /* ---- the doors that map.js uses ---- */

  function mount(made, lent) {
    map = made;
    door = lent;
    corner("topleft", "ng-search leaflet-bar", fillSearch);
    corner("topleft", "ng-tools leaflet-bar", fillTools);
    corner("bottomleft", "ng-north", (box) => box.append(element("span", "▲"), element("b", "")));
    follow();
    map.on("click", onClick).on("mousemove", onMove).on("dblclick", () => measuring && stop());
    map.getContainer().addEventListener("keydown", (event) => {
      if (!measuring) return;
      if (event.key === "Enter") stop();
      if (event.key === "Escape") {
        measuring.points = [];
        stop();
      }
    });
  }

  function update(wanted) {
    words = wanted.words;
    key = wanted.tiles;
    language = wanted.language;
    group = wanted.group;
    field.placeholder = words.search;
    field.setAttribute("aria-label", words.search);
    for (const [kind, button] of Object.entries(buttons)) {
      button.title = kind === "clear" ? words.clear : `${words[kind]}：${words.measure_hint}（${words.measure_note}）`;
      button.setAttribute("aria-label", words[kind]);
    }
    map.getContainer().querySelector(".ng-north b").textContent = words.north;
  }

  window.NuanguangTools = { mount, update, linked, linkedLayers, link, corners, busy: () => Boolean(measuring) };
})();
