// The map beside the form of an alert: it writes into the form's fields and draws what they say. The form is the truth.
(() => {
  "use strict";
  const box = document.getElementById("map"), form = document.getElementById("compose");
  if (!box || !form || !window.L) return;
  const L = window.L, words = JSON.parse(box.dataset.words), ground = JSON.parse(box.dataset.ground);
  const shape = form.elements["area.shape"], part = (name) => form.elements[`area.circle.${name}`];
  const says = document.getElementById("map-says"), tools = document.getElementById("map-tools");
  box.hidden = false; tools.hidden = false;
  const map = L.map(box, { zoomSnap: 0.5, attributionControl: true });
  map.attributionControl.setPrefix("");
  if (ground.url) L.tileLayer(ground.url, { maxZoom: 19, maxNativeZoom: ground.most, attribution: ground.attribution }).addTo(map);
  map.setView([0, 0], 2);

  const outlines = new Map(), drawn = L.featureGroup().addTo(map);
  let mode = "zones", corners = [], centre = null;

  const number = (text) => (text.trim() === "" ? NaN : Number(text.trim().replace(",", ".")));
  const changed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));
  const boxes = () => [...form.querySelectorAll('input[name="area.zones"]')];

  // Corners from the outline's field: lines "latitude, longitude", or a GeoJSON polygon.
  const read = () => {
    const text = shape.value.trim();
    if (text.startsWith("{") || text.startsWith("[[[")) {
      try {
        let found = JSON.parse(text);
        found = found.type === "FeatureCollection" ? found.features[0] : found;
        found = found.type === "Feature" ? found.geometry : found;
        return (found.coordinates || found)[0].map(([lon, lat]) => [lat, lon]);
      } catch { return []; }
    }
    const pairs = text.split(/[\n;]+/).map((line) => (line.match(/-?\d+(?:\.\d+)?/g) || []).map(Number));
    return pairs.filter((pair) => pair.length === 2);
  };

  const show = () => {
    const chosen = new Set(boxes().filter((each) => each.checked).map((each) => each.value));
    const spilt = new Set((document.getElementById("spill")?.dataset.codes || "").split(" ").filter(Boolean));
    for (const [code, layer] of outlines) {
      layer.eachLayer ? layer.eachLayer((each) => mark(each, chosen.has(code), spilt.has(code))) : mark(layer, chosen.has(code), spilt.has(code));
    }
    drawn.clearLayers();
    const ring = corners.length ? corners : read();
    if (ring.length > 2) L.polygon(ring, { className: "map-drawn", interactive: false }).addTo(drawn);
    else if (ring.length === 2) L.polyline(ring, { className: "map-drawn", interactive: false }).addTo(drawn);
    if (mode === "outline") for (const each of ring.slice(0, 200)) L.circleMarker(each, { radius: 5, className: "map-corner", interactive: false }).addTo(drawn);
    const [lat, lon, radius] = ["lat", "lon", "radius_km"].map((name) => number(part(name).value));
    if (Number.isFinite(lat) && Number.isFinite(lon) && Math.abs(lat) <= 90) {
      if (radius > 0 && radius <= 500) L.circle([lat, lon], { radius: radius * 1000, className: "map-drawn", interactive: false }).addTo(drawn);
      L.circleMarker([lat, lon], { radius: 4, className: "map-corner", interactive: false }).addTo(drawn);
    }
  };
  const mark = (layer, chosen, spilt) => {
    const path = layer.getElement && layer.getElement();
    if (!path) return;
    path.classList.toggle("in", chosen);
    path.classList.toggle("spill", spilt && !chosen);
    if (chosen) layer.bringToFront();
  };

  const choose = (name) => {
    mode = name; centre = null;
    corners = name === "outline" ? read() : [];
    for (const each of tools.querySelectorAll("[data-mode]")) each.setAttribute("aria-pressed", String(each.dataset.mode === name));
    for (const each of tools.querySelectorAll("[data-only]")) each.hidden = !each.dataset.only.split(" ").includes(name);
    box.classList.toggle("drawing", name !== "zones");
    says.textContent = words[name];
    show();
  };
  const clearCircle = () => { for (const name of ["lat", "lon", "radius_km"]) part(name).value = ""; };
  const unfold = () => { const fold = shape.closest("details"); if (fold) fold.open = true; };

  const place = (spot) => {
    const lat = spot.lat.toFixed(5), lon = spot.lng.toFixed(5);
    if (mode === "outline") {
      corners.push([Number(lat), Number(lon)]);
      clearCircle();
      writeCorners();
    } else if (mode === "circle" && !centre) {
      centre = spot; corners = []; shape.value = "";
      part("lat").value = lat; part("lon").value = lon;
      if (!(number(part("radius_km").value) > 0)) part("radius_km").value = "1";
      says.textContent = words.rim;
      unfold(); changed(part("lat"));
    } else if (mode === "circle") {
      part("radius_km").value = Math.max(0.05, centre.distanceTo(spot) / 1000).toFixed(2);
      centre = null; says.textContent = words.circle;
      changed(part("radius_km"));
    }
    show();
  };
  const writeCorners = () => {
    shape.value = corners.map(([lat, lon]) => `${lat}, ${lon}`).join("\n");
    says.textContent = words.corners.replace("{n}", String(corners.length));
    unfold();
    if (corners.length > 2 || !corners.length) changed(shape);
  };

  map.on("click", (event) => { if (mode !== "zones") place(event.latlng); });
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.mode) choose(button.dataset.mode);
    if (button.dataset.does === "here") place(map.getCenter());
    if (button.dataset.does === "back") { corners.pop(); writeCorners(); show(); }
    if (button.dataset.does === "clear") { corners = []; centre = null; shape.value = ""; clearCircle(); changed(shape); says.textContent = words[mode]; show(); }
  });
  form.addEventListener("input", (event) => { if (event.isTrusted && event.target === shape) corners = mode === "outline" ? read() : []; show(); });
  document.body.addEventListener("htmx:afterSwap", show);

  // A file is read into the field, where it can be seen and changed.
  const file = form.elements["area.file"];
  if (file) file.addEventListener("change", async () => {
    if (!file.files.length) return;
    shape.value = (await file.files[0].text()).slice(0, 1000000);
    file.value = ""; corners = [];
    clearCircle(); changed(shape); show(); fit();
  });

  const fit = () => {
    const some = [...outlines].filter(([code]) => boxes().some((each) => each.checked && each.value === code)).map(([, layer]) => layer);
    const all = some.length || drawn.getLayers().length ? [...some, ...drawn.getLayers()] : [...outlines.values()];
    if (all.length) map.fitBounds(L.featureGroup(all).getBounds().pad(0.1));
  };
  const city = async () => {
    try {
      const answer = await fetch(box.dataset.zones, { credentials: "same-origin" });
      const found = await answer.json();
      for (const each of found.features) {
        const layer = L.geoJSON(each, { className: "map-zone" }).addTo(map);
        layer.bindTooltip(each.properties.name, { direction: "center", className: "map-name", permanent: found.features.length <= 12 && box.clientWidth > 480, interactive: false });
        layer.on("click", (event) => {
          if (mode !== "zones") return;
          L.DomEvent.stopPropagation(event);
          const tick = boxes().find((one) => one.value === each.properties.code);
          if (tick) { tick.checked = !tick.checked; changed(tick); says.textContent = words[tick.checked ? "taken" : "left"].replace("{n}", each.properties.name); }
        });
        outlines.set(each.properties.code, layer);
      }
    } catch { says.textContent = words.lost; }
    choose("zones"); fit();
  };
  city();
})();
