/* How features look: style from their own properties, circles for points, and what a tooltip says.
 *
 * The live map and the stand-alone one both use it. Texts from data reach the page as text nodes only.
 */
(function () {
  "use strict";

  function styleOf(kind, given) {
    const filled = given._fill !== undefined && given._fill !== null;
    return {
      color: given._color || "#4a4e55",
      weight: given._weight ?? (kind === "point" ? 1 : 2),
      opacity: given._opacity ?? 1,
      dashArray: given._dash || null,
      fill: filled || kind === "point",
      fillColor: given._fill || given._color || "#4a4e55",
      fillOpacity: given._fill_opacity ?? (kind === "point" ? 0.9 : 0.35),
    };
  }

  function drawn(spec, data, renderer, listen) {
    const common = {
      pane: `ng-${spec.kind}`,
      renderer,
      interactive: spec.kind !== "ring",
      bubblingMouseEvents: spec.kind === "area",
    };
    return L.geoJSON(data, {
      ...common,
      style: (feature) => ({ ...common, ...styleOf(spec.kind, feature.properties || {}) }),
      pointToLayer: (feature, place) =>
        L.circleMarker(place, { ...common, radius: (feature.properties || {})._radius || 6 }),
      onEachFeature: (feature, layer) => listen(spec, feature, layer),
    });
  }

  function element(name, text) {
    const made = document.createElement(name);
    made.textContent = text;
    return made;
  }

  /** A tooltip's content from pairs of label and value, or from plain text with line breaks. */
  function told(what) {
    const box = document.createElement("div");
    if (Array.isArray(what)) {
      const list = document.createElement("dl");
      for (const [label, value] of what) list.append(element("dt", label), element("dd", value));
      box.append(list);
    } else {
      for (const line of String(what).split("\n")) box.append(element("p", line));
    }
    return box;
  }

  window.NuanguangFeatures = { drawn, styleOf, element, told };
})();
