// Shows the cell or word (spot) that is hovered or chosen: in the map, the two texts, the tip and the strongest links.

const READINGS = { map: "the map", row: "its row", column: "its column" };

let hovered = null;

/** Mark a spot in the map and in the texts; `withTip` also shows the tip. */
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

/** Choose a cell or a word, and show its strongest links next to the map. */
function choose(spot, withTip = true) {
  state.spot = spot;
  showSpot(spot, withTip && spot !== null);
  showStrongest();
  keepAddress();
}

/** Mark in the two texts the words that a position's encoding depends on, and the weights on the other text. */
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
      word.classList.toggle("window", at !== null && i >= at - field.left && i <= at + field.right);
      const colour = weights && strongest > 0 ? level((weights[i] / strongest) * 0.999) : 0;
      word.style.background = colour ? css(shown.ramp[colour]) : "";
      word.style.color = colour ? shown.onRamp[colour] : "";
    }
  }
}

/** "… the teacher quickly …" with the position's own word in bold. */
function windowOf(side, at) {
  const parts = [];
  for (let i = Math.max(0, at - field.left); i <= Math.min(side.words.length - 1, at + field.right); i++) {
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
    if (field.left + field.right) tip.append(windowOf(map.rows, row), windowOf(map.columns, column));
  } else {
    const [side, at] = row === null ? [map.columns, column] : [map.rows, row];
    tip.replaceChildren(
      element("p", { className: "tip-words" }, element("bdi", { textContent: side.words[at] })),
      element("p", { className: "muted", textContent: `word ${at + 1} of the ${side.name}` }));
    if (field.left + field.right) tip.append(windowOf(side, at));
  }
  const box = view().box(spot);
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const [most, bottom] = [document.documentElement.clientWidth, document.documentElement.clientHeight];
  const above = box.y + box.height + height + 12 > bottom && box.y - height - 8 > 0;
  tip.style.left = `${Math.max(8, Math.min(box.x + box.width / 2 - width / 2, most - width - 8))}px`;
  tip.style.top = `${above ? box.y - height - 8 : box.y + box.height + 8}px`;
}

/** Hide the tip when the user scrolls. */
function onScroll() {
  if (performance.now() - revealed > 200) showTip(null);
}

/** List the strongest cells of the map, or of the chosen word's row or column. */
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
    button.addEventListener("click", () => {
      view().container.focus(); // the list is rebuilt, so the focus moves to the cell
      focusCell({ row: cell.row, column: cell.column });
    });
    return element("li", {}, button);
  }));
  const { left, right } = field;
  byId("window-note").textContent = left + right
    ? `Through the convolutions, each position depends on ${left + right + 1} words: ${left} before it, itself and ${right} after it.` : "";
}

let revealed = 0; // time of the last scroll by the page itself

/** Choose a cell, scroll to it, and announce it to screen readers. */
function focusCell(spot) {
  revealed = performance.now();
  view().reveal(spot);
  choose(spot);
  const { row, column } = spot;
  say(`${map.rows.words[row]} to ${map.columns.words[column]}: ${percent(map.weight(row, column))}, ${rankText(spot)}`);
}

function revealSpot() {
  if (state.spot && state.spot.row !== null && state.spot.column !== null) view().reveal(state.spot);
}

function say(text) {
  byId("said").textContent = text;
}
