// The page of attention maps: what is chosen, where it stands in the address, and what is drawn for it.

const NEARLY_UNIFORM = 0.95;
const MINIMUMS = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const TOPS = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000, 2000, 5000];
const ZOOMS = [0.08, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8];
const CHOICES = { view: ["heat", "links"], reading: ["map", "row", "column"], direction: ["0", "1"] };
const READINGS = { map: "the map", row: "its row", column: "its column" };

const byId = (id) => document.getElementById(id);
const metadata = readData("metadata");
const window_ = metadata.receptive_field;
const pairs = [...document.querySelectorAll('script[id^="pair-"]')].map((block, place) => (
  { place, ...JSON.parse(block.textContent) }));
const colours = { light: palette("light"), dark: palette("dark") };
const theme = () => (isDark() ? "dark" : "light");

/** All that a link to the page keeps. `top`: null for all; `spot`: {row, column}, one of them null for a word alone. */
const state = {
  pair: pairs[0], view: "heat", reading: "map", direction: "0", minimum: 0, top: null, zoom: 1, spot: null, search: "", sort: "file",
};
let map = null; // of state.pair and state.direction
let shades = null;

// ---- the address ------------------------------------------------------------------------------------------------

function hashOf() {
  const parts = new URLSearchParams();
  parts.set("pair", state.pair.pair);
  for (const name of Object.keys(CHOICES)) if (state[name] !== CHOICES[name][0]) parts.set(name, state[name]);
  if (state.minimum) parts.set("min", state.minimum);
  if (state.top) parts.set("top", state.top);
  if (state.zoom !== 1) parts.set("zoom", state.zoom);
  if (state.spot) parts.set("cell", `${state.spot.row ?? ""},${state.spot.column ?? ""}`);
  if (state.search) parts.set("search", state.search);
  if (state.sort !== "file") parts.set("sort", state.sort);
  return `#${parts}`;
}

/** Take from the address what makes sense; leave the rest as it is by default. */
function readHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const among = (name, values, otherwise) => (values.includes(parts.get(name)) ? parts.get(name) : otherwise);
  const number = (name, values, otherwise) => (values.includes(Number(parts.get(name))) ? Number(parts.get(name)) : otherwise);
  state.pair = pairs.find((pair) => String(pair.pair) === parts.get("pair")) ?? pairs[0];
  for (const [name, values] of Object.entries(CHOICES)) state[name] = among(name, values, values[0]);
  if (!state.pair.uniformity[Number(state.direction)] && state.pair.uniformity.length < 2) state.direction = "0";
  state.minimum = number("min", MINIMUMS, 0);
  state.top = number("top", TOPS, null);
  state.zoom = number("zoom", ZOOMS, 1);
  state.search = parts.get("search") ?? "";
  state.sort = among("sort", availableSorts(), "file");
  const [query, value] = [state.pair.query.length, state.pair.value.length];
  const sizes = state.direction === "0" ? [query, value] : [value, query];
  const cell = /^(\d*),(\d*)$/.exec(parts.get("cell") ?? ",");
  const [row, column] = [1, 2].map((i) => (cell?.[i] && Number(cell[i]) < sizes[i - 1] ? Number(cell[i]) : null));
  state.spot = row === null && column === null ? null : { row, column };
}

let waitingForAddress = 0;
function keepAddress() {
  clearTimeout(waitingForAddress); // browsers refuse an address that changes with every step of a slider
  waitingForAddress = setTimeout(() => history.replaceState(null, "", hashOf()), 150);
}

// ---- what is drawn ----------------------------------------------------------------------------------------------

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
  return `score ${scoreText(pair.score)}${pair.label === null ? "" : `, label ${pair.label}`}`;
}

function showPair() {
  const { pair } = state;
  const sides = [{ name: "query", words: pair.query }, { name: "value", words: pair.value }];
  if (state.direction === "1") sides.reverse();
  map = new AttentionMap(...sides, decodeWeights(readData(`weights-${pair.place}`)[Number(state.direction)]));
  byId("pair-name").textContent = `Pair ${pair.pair}`;
  byId("facts").replaceChildren(element("span", { className: "chip", textContent: `score ${scoreText(pair.score)}` }));
  byId("facts").lastChild.title = String(pair.score);
  if (pair.label !== null) byId("facts").append(element("span", { className: "chip", textContent: `label ${pair.label}` }));
  byId("facts").append(element("span", { className: "muted", textContent: `${pair.query.length} × ${pair.value.length} tokens` }));
  for (const side of ["query", "value"]) {
    byId(`${side}-text`).replaceChildren(...pair[side].flatMap((word, i) => [
      element("span", { textContent: word, dir: "auto" }), i < pair[side].length - 1 ? " " : ""]));
  }
  const share = pair.uniformity[Number(state.direction)];
  byId("uniform").hidden = !(share > NEARLY_UNIFORM);
  byId("uniform").textContent = `Attention is nearly uniform here (entropy ${percent(share ?? 0)} of its maximum): every word gets `
    + "about the same weight, and the map tells nothing about this pair.";
  list.select(pair);
  byId("previous").disabled = !list.step(-1);
  byId("next").disabled = !list.step(1);
  showMap();
}

/** Draw the pair's map as it is chosen to be seen. */
function showMap() {
  for (const group of document.querySelectorAll("[data-choice]")) {
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", button.dataset.value === state[group.dataset.choice]);
    }
  }
  byId("direction").hidden = state.pair.uniformity.length < 2;
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

// ---- words and cells --------------------------------------------------------------------------------------------

let hovered = null;

/** What the pointer or a chosen cell is about: in the map, in the texts and in the tip. */
function showSpot(spot = state.spot, withTip = false) {
  hovered = spot;
  view().spot(spot);
  markTexts(spot);
  showTip(withTip ? spot : null);
}

const sameSpot = (a, b) => a?.row === b?.row && a?.column === b?.column;

function onSpot(spot, event, chosen = false) {
  if (chosen) {
    choose(sameSpot(spot, state.spot) ? null : spot);
  } else if (!spot || byId("tip").hidden || !sameSpot(spot, hovered)) {
    showSpot(spot ?? state.spot, spot !== null);
  }
}

/** Keep a cell or a word; the list beside the map is about it. */
function choose(spot, withTip = true) {
  state.spot = spot;
  showSpot(spot, withTip && spot !== null);
  showStrongest();
  keepAddress();
}

/** In the two texts: the words that a position's encoding sees, and how strongly the other text is attended to. */
function markTexts(spot) {
  const texts = { [map.rows.name]: "row", [map.columns.name]: "column" };
  const shown = colours[theme()];
  const by = spot && (spot.row === null || (state.reading === "column" && spot.column !== null) ? "column" : "row");
  for (const [name, side] of Object.entries(texts)) {
    const at = spot?.[side] ?? null;
    const weights = spot && side !== by ? map.scope(by, spot.row, spot.column) : null;
    const strongest = weights?.reduce((most, weight) => Math.max(most, weight), 0);
    const text = byId(`${name}-text`);
    if (at !== null && text.scrollHeight > text.clientHeight && !text.matches(":hover")) {
      text.scrollTop = text.children[at].offsetTop - text.clientHeight / 2;
    }
    for (const [i, word] of [...text.children].entries()) {
      word.classList.toggle("center", i === at);
      word.classList.toggle("window", at !== null && i >= at - window_.left && i <= at + window_.right);
      const colour = weights && strongest > 0 ? level((weights[i] / strongest) * 0.999) : 0;
      word.style.background = colour ? css(shown.ramp[colour]) : "";
      word.style.color = colour ? shown.onRamp[colour] : "";
    }
  }
}

/** "… the teacher quickly …" with the position's own word in bold. */
function windowOf(side, at) {
  const parts = [];
  for (let i = Math.max(0, at - window_.left); i <= Math.min(side.words.length - 1, at + window_.right); i++) {
    parts.push(element(i === at ? "b" : "span", { textContent: side.words[i], dir: "auto" }), " ");
  }
  return element("p", { className: "tip-window" }, element("span", { className: "muted", textContent: `${side.name} ` }), ...parts);
}

function rankText({ row, column }) {
  return `rank ${map.rank(state.reading, row, column)} of ${map.scopeSize(state.reading)} in ${READINGS[state.reading]}`;
}

function showTip(spot) {
  const tip = byId("tip");
  tip.hidden = !spot || map.weights.length === 0;
  if (tip.hidden) return;
  const { row, column } = spot;
  if (row !== null && column !== null) {
    const hidden = shades[row * map.width + column] < 0 ? ", hidden" : "";
    tip.replaceChildren(
      element("p", { className: "tip-words" }, element("bdi", { textContent: map.rows.words[row] }), " → ",
        element("bdi", { textContent: map.columns.words[column] })),
      element("p", {}, element("b", { textContent: percent(map.weight(row, column)) }), ` ${rankText(spot)}${hidden}`));
    if (window_.left + window_.right) tip.append(windowOf(map.rows, row), windowOf(map.columns, column));
  } else {
    const [side, at] = row === null ? [map.columns, column] : [map.rows, row];
    tip.replaceChildren(
      element("p", { className: "tip-words" }, element("bdi", { textContent: side.words[at] })),
      element("p", { className: "muted", textContent: `word ${at + 1} of the ${side.name}` }));
    if (window_.left + window_.right) tip.append(windowOf(side, at));
  }
  const box = view().box(spot);
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const [most, bottom] = [document.documentElement.clientWidth, document.documentElement.clientHeight];
  const above = box.y + box.height + height + 12 > bottom && box.y - height - 8 > 0;
  tip.style.left = `${Math.max(8, Math.min(box.x + box.width / 2 - width / 2, most - width - 8))}px`;
  tip.style.top = `${above ? box.y - height - 8 : box.y + box.height + 8}px`;
}

/** The map in words: its strongest cells, or those of the chosen word's row or column. */
function showStrongest() {
  const spot = state.spot;
  const column = spot && (spot.row === null || (state.reading === "column" && spot.column !== null));
  const at = spot && (column ? spot.column : spot.row);
  const allowed = !spot ? () => true : column ? (_, j) => j === at : (i) => i === at;
  const word = spot && (column ? map.columns : map.rows).words[at];
  byId("strongest-name").replaceChildren(...(!spot ? ["Strongest links"]
    : column ? [element("bdi", { textContent: word }), " is attended to by"]
      : [element("bdi", { textContent: word }), " attends to"]));
  const strongest = map.strongest();
  byId("strongest").replaceChildren(...map.strongestCells(10, allowed).map((cell) => {
    const text = [element("bdi", { textContent: map.rows.words[cell.row] }), element("span", { className: "muted", textContent: " → " }),
      element("bdi", { textContent: map.columns.words[cell.column] })];
    const bar = element("span", { className: "bar" });
    bar.style.width = `${strongest > 0 ? (100 * cell.weight) / strongest : 0}%`;
    const button = element("button", { type: "button", className: "link" },
      element("span", { className: "link-words" }, ...text), " ",
      element("span", { className: "link-weight", textContent: percent(cell.weight) }), bar);
    button.addEventListener("click", () => { focusCell({ row: cell.row, column: cell.column }); });
    return element("li", {}, button);
  }));
  const { left, right } = window_;
  byId("window-note").textContent = left + right
    ? `A position stands for ${left + right + 1} words: ${left} before it, itself and ${right} after it, as the convolutions see them.` : "";
}

/** Choose a cell, bring it into sight, and say it. */
function focusCell(spot) {
  view().reveal(spot);
  choose(spot);
  const { row, column } = spot;
  say(`${map.rows.words[row]} to ${map.columns.words[column]}: ${percent(map.weight(row, column))}, ${rankText(spot)}`);
}

function say(text) {
  byId("said").textContent = text;
}

// ---- what is chosen ---------------------------------------------------------------------------------------------

function change(name, value) {
  if (name === "direction") {
    if (state.pair.uniformity.length < 2) return;
    if (state.spot && value !== state.direction) state.spot = { row: state.spot.column, column: state.spot.row };
  }
  state[name] = value;
  if (name === "direction") showPair();
  else showMap();
  showStrongest();
}

function nextChoice(name) {
  const values = CHOICES[name];
  change(name, values[(values.indexOf(state[name]) + 1) % values.length]);
}

function zoom(steps) {
  if (state.view !== "heat") return;
  const at = ZOOMS.indexOf(state.zoom) + steps;
  change("zoom", steps === 0 ? 1 : ZOOMS[Math.min(Math.max(at, 0), ZOOMS.length - 1)]);
}

function availableSorts() {
  const labelled = pairs.some((pair) => pair.label !== null);
  return Object.keys(SORTS).filter((name) => labelled || !SORTS[name].labels);
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
    byId("copy-link").textContent = "It is in the address bar";
  }
  setTimeout(() => { byId("copy-link").textContent = "Copy link"; }, 2000);
}

// ---- keys -------------------------------------------------------------------------------------------------------

const KEYS = {
  j: () => openPair(list.step(1)),
  n: () => openPair(list.step(1)),
  k: () => openPair(list.step(-1)),
  p: () => openPair(list.step(-1)),
  v: () => nextChoice("view"),
  d: () => nextChoice("direction"),
  r: () => nextChoice("reading"),
  t: toggleTheme,
  m: () => { view().container.focus(); if (!state.spot) toStrongest(); },
  "+": () => zoom(1),
  "=": () => zoom(1),
  "-": () => zoom(-1),
  0: () => zoom(0),
  "?": () => byId("help").showModal(),
  "/": () => { document.body.classList.add("list-open"); byId("search").focus(); },
  Escape: () => { document.body.classList.remove("list-open"); choose(null); },
};

function toStrongest() {
  const [cell] = map.strongestCells(1);
  if (cell) focusCell({ row: cell.row, column: cell.column });
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  if (event.target.matches("input[type=search], select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const key = KEYS[event.key];
  if (!key) return;
  event.preventDefault();
  key();
}

/** From cell to cell. */
function onMapKey(event) {
  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
    PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity] };
  const move = moves[event.key];
  if (!move || event.ctrlKey || event.metaKey || event.altKey || !map.weights.length) return;
  event.preventDefault();
  if (!state.spot) {
    toStrongest();
    return;
  }
  const within = (at, size) => Math.min(Math.max(at, 0), size - 1);
  focusCell({
    row: within((state.spot.row ?? 0) + move[0], map.height),
    column: within((state.spot.column ?? 0) + move[1], map.width),
  });
}

// ---- the page begins --------------------------------------------------------------------------------------------

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
  document.addEventListener("scroll", () => showTip(null), { capture: true, passive: true });
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
  showStrongest();
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
  if (state.spot && state.spot.row !== null && state.spot.column !== null) view().reveal(state.spot);
}

begin();
