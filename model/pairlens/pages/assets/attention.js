// The page of attention maps: draws the chosen pair and handles the controls.

const colours = { light: palette("light"), dark: palette("dark") };
const theme = () => (isDark() ? "dark" : "light");
let map = null; // the AttentionMap of state.pair and state.direction
let shades = null;

// ---- drawing --------------------------------------------------------------------------------------------------------

const heat = new HeatView(byId("heat"), onSpot);
const links = new LinksView(byId("links"), onSpot);
const list = new PairList(byId("list"), pairs, (pair) => openPair(pair));
const view = () => (state.view === "heat" ? heat : links);

function openPair(pair) {
  if (!pair) return;
  if (pair !== state.pair) state.spot = null;
  state.pair = pair;
  document.body.classList.remove("list-open");
  byId("heat").scrollTo(0, 0);
  byId("links").scrollTo(0, 0);
  showPair();
  say(`Pair ${pair.pair}, ${facts(pair)}`);
}

function facts(pair) {
  return `score ${scoreText(pair.score)}${pair.label === null ? "" : `, ${labelText(pair.label)}`}`;
}

/** A note that explains marks in the words. */
function noteOf(pair) {
  const words = [...pair.query, ...pair.value];
  if (pair.texts) return pair.unknown ? "* not in the vocabulary" : "";
  if (words.some((word) => word.length > 2 && word.startsWith("##"))) return "## continues the word before it";
  return words.some((word) => word.startsWith("\u2581")) ? "\u2581 begins a word" : "";
}

function showPair() {
  const { pair } = state;
  const sides = [{ name: "query", words: pair.query }, { name: "value", words: pair.value }];
  if (state.direction === "1") sides.reverse();
  map = new AttentionMap(...sides, decodeWeights(readData(`weights-${pair.place}`)[Number(state.direction)]));
  byId("pair-name").textContent = `Pair ${pair.pair}`;
  byId("facts").replaceChildren(element("span", { className: "chip", textContent: `score ${scoreText(pair.score)}` }));
  byId("facts").lastChild.title = String(pair.score);
  if (pair.label !== null) byId("facts").append(element("span", { className: "chip", textContent: labelText(pair.label) }));
  byId("facts").append(element("span", { className: "muted", textContent: `${pair.query.length} × ${pair.value.length} tokens` }));
  const note = noteOf(pair);
  if (note) byId("facts").append(element("span", { className: "muted", textContent: note }));
  for (const side of ["query", "value"]) {
    const gap = (i) => pair.gaps?.[side === "query" ? 0 : 1][i] ?? (i ? " " : "");
    byId(`${side}-text`).replaceChildren(...pair[side].flatMap((word, i) => [
      gap(i), element("span", { textContent: word, dir: "auto" })]));
  }
  const uniform = pair.uniform[Number(state.direction)];
  byId("uniform").hidden = uniform === null;
  byId("uniform").textContent = uniform ?? "";
  list.select(pair);
  byId("previous").disabled = !list.step(-1);
  byId("next").disabled = !list.step(1);
  showMap();
}

/** Draw the pair's map with the chosen view, reading, limits and zoom. */
function showMap() {
  for (const group of document.querySelectorAll("[data-choice]")) {
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", button.dataset.value === state[group.dataset.choice]);
    }
  }
  byId("direction").hidden = state.pair.distance.length < 2;
  byId("zoom").classList.toggle("idle", state.view !== "heat");
  const nothing = map.weights.length === 0;
  byId("heat").hidden = nothing || state.view !== "heat";
  byId("links").hidden = nothing || state.view !== "links";
  byId("below").hidden = byId("strongest-links").hidden = nothing;
  showSliders();
  shades = map.shades(state.reading, Math.fround(state.minimum), state.top ?? Infinity);
  const content = { map, shades, zoom: state.zoom, spot: state.spot, reading: state.reading, colours: colours[theme()] };
  byId("caption").textContent = nothing ? "A text without tokens has no attention." : captionText();
  for (const each of [byId("heat"), byId("links")]) each.setAttribute("aria-label", `${map.rows.name} attends to ${map.columns.name}`);
  heat.show(content);
  links.show(content);
  byId("legend-top").textContent = legendText();
  byId("ramp").style.background = `linear-gradient(to right, ${content.colours.ramp.filter((_, i) => i % 15 === 0).map(css)})`;
  byId("zoom-out").disabled = state.zoom === ZOOMS[0];
  byId("zoom-in").disabled = state.zoom === ZOOMS.at(-1);
  showSpot();
  showStrongest();
  keepAddress();
}

function captionText() {
  const [rows, columns] = [map.rows.name, map.columns.name];
  if (state.view === "links") {
    const count = shades.filter((shade, cell) => shade >= 0 && map.weights[cell] > 0).length;
    const some = count > MOST_LINKS ? ` The ${MOST_LINKS} strongest of ${count.toLocaleString("en")} links.` : "";
    return `Left the ${rows}, right the ${columns}; a line is as wide as its weight.${some}`;
  }
  return {
    map: `Rows are words of the ${rows}, columns words of the ${columns} that they attend to. Numbers are per cent.`,
    row: `Along a row: where a word of the ${rows} looks in the ${columns}. Colours compare the cells of a row.`,
    column: `Down a column: which words of the ${rows} look at a word of the ${columns}. Colours compare the cells of a column.`,
  }[state.reading];
}

function legendText() {
  const strongest = percent(map.strongest());
  return state.reading === "map" ? strongest : `strongest of ${READINGS[state.reading]}`;
}

function tops() {
  return TOPS.filter((top) => top < map.scopeSize(state.reading));
}

function showSliders() {
  const [minimum, top] = [byId("minimum"), byId("top")];
  minimum.max = MINIMUMS.length - 1;
  minimum.value = MINIMUMS.indexOf(state.minimum);
  byId("minimum-value").textContent = state.minimum ? percent(state.minimum) : "off";
  top.max = tops().length;
  top.value = state.top && tops().includes(state.top) ? tops().indexOf(state.top) : tops().length;
  byId("top-name").textContent = { map: "Strongest", row: "Strongest per row", column: "Strongest per column" }[state.reading];
  byId("top-value").textContent = state.top && tops().includes(state.top) ? state.top : "all";
  for (const slider of [minimum, top]) slider.setAttribute("aria-valuetext", byId(`${slider.id}-value`).textContent);
}

// ---- controls -------------------------------------------------------------------------------------------------------

function change(name, value) {
  if (name === "direction") {
    if (state.pair.distance.length < 2) return;
    if (state.spot && value !== state.direction) state.spot = { row: state.spot.column, column: state.spot.row };
  }
  state[name] = value;
  if (name === "direction") showPair();
  else showMap();
}

function nextChoice(name) {
  const values = CHOICES[name];
  change(name, values[(values.indexOf(state[name]) + 1) % values.length]);
}

function zoom(steps) {
  if (state.view !== "heat") return;
  const at = ZOOMS.indexOf(state.zoom) + steps;
  change("zoom", steps === 0 ? 1 : ZOOMS[Math.min(Math.max(at, 0), ZOOMS.length - 1)]);
  revealSpot();
}

function availableSorts() {
  const labelled = pairs.some((pair) => pair.label !== null);
  // The score of a multiclass model is the predicted class's probability, which has no distance to a label.
  return Object.keys(SORTS).filter((name) => (labelled || !SORTS[name].labels)
    && (name !== "miss" || metadata.task !== "multiclass"));
}

function updateList() {
  list.update(state.search, state.sort);
  const count = list.shown.length;
  byId("found").textContent = count === pairs.length ? `${count.toLocaleString("en")} ${count === 1 ? "pair" : "pairs"}`
    : `${count.toLocaleString("en")} of ${pairs.length.toLocaleString("en")} pairs`;
  byId("previous").disabled = !list.step(-1);
  byId("next").disabled = !list.step(1);
  keepAddress();
}

function currentPicture(theme) {
  const subtitle = `${facts(state.pair)}, ${map.rows.name} → ${map.columns.name}`;
  return picture({ view: state.view, map, shades, title: `Pair ${state.pair.pair}`, subtitle, legend: legendText() }, theme);
}

function pictureName(suffix) {
  return `pair-${state.pair.pair}-${map.rows.name}-to-${map.columns.name}.${suffix}`;
}

async function copyLink() {
  history.replaceState(null, "", hashOf());
  try {
    await navigator.clipboard.writeText(location.href);
    say("Link copied");
    byId("copy-link").textContent = "Copied";
  } catch {
    byId("copy-link").textContent = "Copy it from the address bar";
  }
  setTimeout(() => { byId("copy-link").textContent = "Copy link"; }, 2000);
}

// ---- start ----------------------------------------------------------------------------------------------------------

function listen() {
  for (const group of document.querySelectorAll("[data-choice]")) {
    for (const button of group.querySelectorAll("button")) {
      button.addEventListener("click", () => change(group.dataset.choice, button.dataset.value));
    }
  }
  byId("minimum").addEventListener("input", (event) => change("minimum", MINIMUMS[event.target.value]));
  byId("top").addEventListener("input", (event) => change("top", tops()[event.target.value] ?? null));
  byId("search").addEventListener("input", (event) => { state.search = event.target.value; updateList(); });
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") openPair(list.shown[0]);
  });
  byId("sort").addEventListener("change", (event) => { state.sort = event.target.value; updateList(); });
  byId("previous").addEventListener("click", () => openPair(list.step(-1)));
  byId("next").addEventListener("click", () => openPair(list.step(1)));
  byId("open-list").addEventListener("click", () => document.body.classList.toggle("list-open"));
  byId("zoom-in").addEventListener("click", () => zoom(1));
  byId("zoom-out").addEventListener("click", () => zoom(-1));
  byId("zoom-fit").addEventListener("click", () => zoom(0));
  byId("heat").addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
  for (const id of ["heat", "links"]) byId(id).addEventListener("keydown", onMapKey);
  for (const id of ["heat", "links"]) byId(id).addEventListener("blur", () => showTip(null));
  byId("copy-link").addEventListener("click", copyLink);
  byId("save-svg").addEventListener("click", () => {
    save(new Blob([svgText(currentPicture("light"))], { type: "image/svg+xml" }), pictureName("svg"));
  });
  byId("save-png").addEventListener("click", async () => save(await pngOf(currentPicture("light")), pictureName("png")));
  for (const side of ["query", "value"]) {
    const spotOf = (event) => {
      const at = [...byId(`${side}-text`).children].indexOf(event.target);
      if (at < 0) return null;
      return map.rows.name === side ? { row: at, column: null } : { row: null, column: at };
    };
    byId(`${side}-text`).addEventListener("pointerover", (event) => showSpot(spotOf(event) ?? state.spot));
    byId(`${side}-text`).addEventListener("pointerleave", () => showSpot());
    byId(`${side}-text`).addEventListener("click", (event) => choose(spotOf(event), false));
  }
  document.addEventListener("keydown", onKey);
  document.addEventListener("scroll", onScroll, { capture: true, passive: true });
  onThemeChange(showMap);
  addEventListener("hashchange", () => { readHash(); showAll(); });
  addEventListener("beforeprint", () => byId("print-picture").replaceChildren(currentPicture("light")));
  addEventListener("afterprint", () => byId("print-picture").replaceChildren());
}

function showAll() {
  byId("search").value = state.search;
  byId("sort").value = state.sort;
  updateList();
  showPair();
}

function begin() {
  const help = element("button", { type: "button", className: "quiet", id: "help-button", textContent: "Keys", title: "Keys (?)" });
  help.addEventListener("click", () => byId("help").showModal());
  byId("page-tools").prepend(help);
  byId("about").textContent = `${metadata.about} Masking: ${metadata.masking}.`;
  byId("pair").hidden = byId("pairs").hidden = pairs.length === 0;
  byId("empty").hidden = pairs.length > 0;
  if (!pairs.length) return;
  for (const name of availableSorts()) byId("sort").append(element("option", { value: name, textContent: SORTS[name].name }));
  readHash();
  listen();
  showAll();
  revealSpot();
}

begin();
