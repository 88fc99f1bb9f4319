// The page's data, the current choices, and their copy in the address.

const MINIMUMS = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const TOPS = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 1000, 2000, 5000];
const ZOOMS = [0.08, 0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8];
const CHOICES = { view: ["heat", "links"], reading: ["map", "row", "column"], direction: ["0", "1"] };

const byId = (id) => document.getElementById(id);
const metadata = readData("metadata");
const labelText = (label) => `label ${metadata.classes?.[label] ?? label}`;
const field = metadata.receptive_field; // how many words to the left and right a position depends on
const pairs = [...document.querySelectorAll('script[id^="pair-"]')].map((block, place) => {
  const pair = JSON.parse(block.textContent);
  const texts = pair.texts && { texts: harmless(pair.texts), gaps: pair.gaps.map(harmless) };
  return { place, ...pair, query: harmless(pair.query), value: harmless(pair.value), ...texts };
});

/** Everything that a link to the page stores. `top`: null for all; `spot`: {row, column}, with one null for a word. */
const state = {
  pair: pairs[0], view: "heat", reading: "map", direction: "0", minimum: 0, top: null, zoom: 1, spot: null, search: "", sort: "file",
};

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

/** Read valid values from the address; everything else gets its default. */
function readHash() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const among = (name, values, otherwise) => (values.includes(parts.get(name)) ? parts.get(name) : otherwise);
  const number = (name, values, otherwise) => (values.includes(Number(parts.get(name))) ? Number(parts.get(name)) : otherwise);
  state.pair = pairs.find((pair) => String(pair.pair) === parts.get("pair")) ?? pairs[0];
  for (const [name, values] of Object.entries(CHOICES)) state[name] = among(name, values, values[0]);
  if (state.pair.distance.length < 2) state.direction = "0";
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
  clearTimeout(waitingForAddress); // browsers limit how often the address may change
  waitingForAddress = setTimeout(() => history.replaceState(null, "", hashOf()), 150);
}
