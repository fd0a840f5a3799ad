/* How features look: style from their own properties, circles for points. `map.js` listens to them. */
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

  window.NuanguangFeatures = { drawn, styleOf };
})();
