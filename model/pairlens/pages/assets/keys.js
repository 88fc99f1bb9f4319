// Keyboard control of the page and of the map.

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
  if (event.target.matches?.("input[type=search], select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const key = KEYS[event.key];
  if (!key) return;
  event.preventDefault();
  key();
}

/** Move from cell to cell. */
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
