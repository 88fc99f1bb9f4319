// The whole map as a vector graphic, for papers, slides and the printer.

/** One path for all cells of a colour, with neighbours in a row merged. */
function cellPaths(map, shades, colours, { left, top, w, h }) {
  const paths = new Map();
  const number = (value) => Number(value.toFixed(2));
  for (let row = 0; row < map.height; row++) {
    for (let column = 0; column < map.width; ) {
      const shade = level(shades[row * map.width + column]);
      let end = column + 1;
      while (end < map.width && level(shades[row * map.width + end]) === shade) end++;
      if (shade > 0) {
        const box = `M${number(left + column * w)} ${number(top + row * h)}h${number((end - column) * w)}v${number(h)}`;
        paths.set(shade, `${paths.get(shade) ?? ""}${box}h${number((column - end) * w)}z`);
      }
      column = end;
    }
  }
  return [...paths].map(([shade, d]) => svg("path", { d, fill: css(colours.ramp[shade]) }));
}

function gridPath(map, { left, top, w, h }) {
  const across = Array.from({ length: map.height + 1 }, (_, row) => `M${left} ${top + row * h}h${w * map.width}`);
  const down = Array.from({ length: map.width + 1 }, (_, column) => `M${left + column * w} ${top}v${h * map.height}`);
  return [...across, ...down].join("");
}

function heatPicture(map, shades, colours) {
  const layout = heatLayout(map, 900, 1);
  const { w, h, left, top, angle } = layout;
  const drawing = svg("g", { "shape-rendering": "crispEdges" }, ...cellPaths(map, shades, colours, layout));
  drawing.append(svg("path", { d: gridPath(map, layout), fill: "none", stroke: colours.line, "stroke-width": 0.5 }));
  const words = svg("g", { fill: colours.ink });
  map.rows.words.forEach((word, row) => words.append(svg("text",
    { x: left - 8, y: top + (row + 0.5) * h, "text-anchor": "end", "dominant-baseline": "central" },
    fitWord(word, left - 14))));
  map.columns.words.forEach((word, column) => {
    const [x, y] = [left + (column + 0.5) * w, top - (angle ? 8 : 13)];
    const turn = angle ? { transform: `rotate(${Math.round((angle * 180) / Math.PI)} ${x} ${y})` } : { "text-anchor": "middle" };
    words.append(svg("text", { x, y, "dominant-baseline": "central", ...turn },
      fitWord(word, angle ? LONGEST_WORD : w - 6)));
  });
  if (w >= 30) {
    for (const { row, column, weight } of map.strongestCells(2000)) {
      const shade = shades[row * map.width + column];
      if (shade < 0 || Math.round(100 * weight) === 0) continue;
      words.append(svg("text", {
        x: left + (column + 0.5) * w, y: top + (row + 0.5) * h, "text-anchor": "middle", "dominant-baseline": "central",
        "font-size": 12, fill: colours.onRamp[level(shade)],
      }, String(Math.round(100 * weight))));
    }
  }
  return { drawing: svg("g", { "font-size": WORD_SIZE }, drawing, words), width: layout.width, height: layout.height };
}

/** An <svg> of the map as it is shown (view, hidden cells), in a theme's colours, with a title and a legend. */
function picture({ view, map, shades, title, subtitle, legend }, theme) {
  const colours = palette(theme, "surface");
  let content;
  if (view === "links") {
    const layout = linksLayout(map, 760);
    content = { drawing: drawLinks(map, shades, colours, layout), width: layout.width, height: layout.height };
  } else {
    content = heatPicture(map, shades, colours);
  }
  const margin = 20;
  const width = Math.max(content.width, 420) + 2 * margin;
  const height = content.height + 118;
  const placed = svg("g", { transform: `translate(${margin} 66)` }, content.drawing);
  const stops = colours.ramp.filter((_, i) => i % 15 === 0).map((colour, i) =>
    svg("stop", { offset: (i / 17).toFixed(3), "stop-color": css(colour) }));
  const bottom = height - 26;
  return svg("svg", {
    xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, "font-family": FONT, role: "img",
  },
    svg("title", {}, `${title}, ${subtitle}`),
    svg("defs", {}, svg("linearGradient", { id: "legend" }, ...stops)),
    svg("rect", { width, height, fill: colours.surface }),
    svg("text", { x: margin, y: 30, "font-size": 16, "font-weight": 600, fill: colours.ink }, title),
    svg("text", { x: margin, y: 50, "font-size": 12, fill: colours.muted }, subtitle),
    placed,
    svg("g", { "font-size": 11, fill: colours.muted },
      svg("text", { x: margin, y: bottom + 9 }, "0 %"),
      svg("rect", { x: margin + 26, y: bottom, width: 140, height: 10, fill: "url(#legend)", stroke: colours.line, "stroke-width": 0.5 }),
      svg("text", { x: margin + 174, y: bottom + 9 }, legend)));
}

const svgText = (drawing) => `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(drawing)}\n`;

/** A PNG of an <svg> at twice its size, or less if browsers cannot draw that much. */
async function pngOf(drawing) {
  const [width, height] = ["width", "height"].map((name) => Number(drawing.getAttribute(name)));
  const scale = Math.min(2, Math.sqrt(4e7 / (width * height)), 16000 / Math.max(width, height));
  const address = URL.createObjectURL(new Blob([svgText(drawing)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = element("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Let the browser save a Blob. */
function save(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
