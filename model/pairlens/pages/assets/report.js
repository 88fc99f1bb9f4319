// Draws the attention of one of the worst pairs when it is opened.

const maps = []; // functions that redraw the open maps

function showAttention(details) {
  const { query, value, weights } = readData(details.dataset.map);
  const sides = [{ name: "query", words: harmless(query) }, { name: "value", words: harmless(value) }];
  const facts = element("p", { className: "muted" });
  facts.setAttribute("role", "status");
  const container = element("div", { className: "heat", tabIndex: 0 },
    element("div", {}, element("canvas")));
  container.setAttribute("role", "application");
  container.setAttribute("aria-roledescription", "heat map");
  const buttons = weights.map((_, i) => element("button", { type: "button", onclick: () => turn(i) },
    `${sides[i].name} → ${sides[1 - i].name}`));
  details.querySelector(".map").replaceChildren(
    element("div", { className: "map-tools" }, ...(buttons.length > 1 ? buttons : []), facts),
    element("figure", {}, container));
  let [map, spot] = [null, null];
  const heat = new HeatView(container, (found) => point(found));

  function turn(direction) {
    const [rows, columns] = direction ? [sides[1], sides[0]] : sides;
    map = new AttentionMap(rows, columns, decodeWeights(weights[direction]));
    spot = null;
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === direction));
    container.setAttribute("aria-label", `${rows.name} attends to ${columns.name}; arrow keys move from cell to cell`);
    draw();
  }

  function draw() {
    const colours = palette(isDark() ? "dark" : "light");
    heat.show({ map, shades: map.shades("map", 0, Infinity), zoom: 1, spot, reading: "map", colours });
    say();
  }

  function say() {
    const { row, column } = spot ?? { row: null, column: null };
    if (row === null || column === null) {
      facts.textContent = `Rows: words of the ${map.rows.name}; columns: what they attend to in the ${map.columns.name}, in per cent`;
      return;
    }
    const rank = map.rank("map", row, column);
    facts.textContent = `${map.rows.words[row]} → ${map.columns.words[column]}: ${percent(map.weight(row, column))}, rank ${rank}`;
  }

  function point(found) {
    spot = found;
    heat.spot(spot);
    say();
  }

  container.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step || map.weights.length === 0) return;
    event.preventDefault();
    const within = (at, count) => Math.min(Math.max(at, 0), count - 1);
    const from = spot ?? { row: 0, column: 0 };
    point(spot ? { row: within((from.row ?? 0) + step[0], map.height), column: within((from.column ?? 0) + step[1], map.width) } : from);
    heat.reveal(spot);
  });
  maps.push(draw);
  turn(0);
}

for (const details of document.querySelectorAll("details.error")) {
  details.addEventListener("toggle", () => {
    if (details.open && !details.querySelector("canvas")) showAttention(details);
  });
}
onThemeChange(() => maps.forEach((draw) => draw()));
