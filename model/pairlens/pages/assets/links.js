// The view of links: the two texts side by side, with lines between their words as wide as the weights.

const MOST_LINKS = 600;
const LINE = 26; // px from word to word

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** The y of each word's middle; the shorter text is spread along the longer one, within limits. */
function wordPositions(count, height) {
  const step = Math.min(Math.max(height / count, LINE), 2.5 * LINE);
  const start = (height - step * count) / 2 + step / 2;
  return Array.from({ length: count }, (_, i) => start + i * step);
}

function linksLayout(map, width) {
  const wordLimit = Math.min(190, width * 0.3);
  const widest = (words) => Math.min(wordLimit, Math.max(24, ...words.map((word) => wordWidth(word, 14))));
  const height = LINE * Math.max(map.height, map.width, 1) + 8;
  const [left, right] = [widest(map.rows.words) + 10, width - widest(map.columns.words) - 10];
  const [rows, columns] = [wordPositions(map.height, height), wordPositions(map.width, height)];
  return { width, height, wordLimit, left, right, rows, columns };
}

/** The links to draw: not hidden, not 0, and at most MOST_LINKS. */
function shownLinks(map, shades) {
  return map.strongestCells(MOST_LINKS, (row, column) => {
    const cell = row * map.width + column;
    return shades[cell] >= 0 && map.weights[cell] > 0;
  });
}

function drawLinks(map, shades, colours, layout) {
  const { width, height, wordLimit, left, right } = layout;
  const lines = shownLinks(map, shades).reverse().map(({ row, column }) => { // the strongest on top
    const shade = shades[row * map.width + column];
    const [from, to, middle] = [layout.rows[row], layout.columns[column], (left + right) / 2];
    return svg("path", {
      d: `M${left + 4} ${from}C${middle} ${from} ${middle} ${to} ${right - 4} ${to}`,
      fill: "none",
      stroke: css(colours.ramp[level(0.35 + 0.65 * shade)]),
      "stroke-width": (0.4 + 7 * shade).toFixed(2),
      "stroke-opacity": (0.12 + 0.88 * shade).toFixed(3),
      "data-row": row,
      "data-column": column,
    });
  });
  const words = (texts, positions, x, anchor, side) => texts.map((word, i) => svg("text", {
    x, y: positions[i], "text-anchor": anchor, "dominant-baseline": "central", fill: colours.ink, [`data-${side}`]: i,
  }, fitWord(word, wordLimit, 14)));
  return svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT, "font-size": 14 },
    svg("g", {}, ...lines),
    ...words(map.rows.words, layout.rows, left - 2, "end", "row"),
    ...words(map.columns.words, layout.columns, right + 2, "start", "column"));
}

class LinksView {
  constructor(container, onSpot) {
    this.container = container;
    container.addEventListener("pointermove", (event) => event.pointerType === "mouse" && onSpot(this.at(event), event));
    container.addEventListener("pointerleave", (event) => onSpot(null, event));
    container.addEventListener("click", (event) => onSpot(this.at(event), event, true));
    new ResizeObserver(() => this.resize()).observe(container.parentElement);
  }

  show(content) {
    this.content = content;
    this.resize();
  }

  resize() {
    if (!this.content || this.container.hidden) return;
    const { map, shades, colours } = this.content;
    this.layout = linksLayout(map, Math.min(this.container.parentElement.clientWidth - 16, 760));
    this.container.replaceChildren(drawLinks(map, shades, colours, this.layout));
    this.spot(this.content.spot);
  }

  /** Emphasize the links of a word, or the link of a cell. */
  spot(spot) {
    this.content.spot = spot;
    const drawing = this.container.firstElementChild;
    if (!drawing) return;
    drawing.classList.toggle("lifted", spot !== null);
    for (const shape of drawing.querySelectorAll("[data-row], [data-column]")) {
      const agrees = (side) => spot?.[side] == null || !(side in shape.dataset) || Number(shape.dataset[side]) === spot[side];
      shape.classList.toggle("on", spot !== null && agrees("row") && agrees("column"));
    }
  }

  /** The link or the word below the pointer. */
  at(event) {
    const { row, column } = event.target.dataset ?? {};
    if (row !== undefined && column !== undefined) return { row: Number(row), column: Number(column) };
    const box = this.container.firstElementChild.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const nearest = (positions) => positions.findIndex((at, i) => y < (at + (positions[i + 1] ?? Infinity)) / 2);
    if (x <= this.layout.left) return { row: nearest(this.layout.rows), column: null };
    if (x >= this.layout.right) return { row: null, column: nearest(this.layout.columns) };
    return null;
  }

  box({ row, column }) {
    const box = this.container.firstElementChild.getBoundingClientRect();
    const y = row === null ? this.layout.columns[column] : this.layout.rows[row];
    return { x: box.left + (row === null ? this.layout.right : 0), y: box.top + y - 13, width: this.layout.left, height: 26 };
  }

  reveal({ row, column }) {
    const y = row === null ? this.layout.columns[column] : this.layout.rows[row];
    const view = this.container;
    if (y < view.scrollTop + 20 || y > view.scrollTop + view.clientHeight - 20) view.scrollTop = y - view.clientHeight / 2;
  }
}
