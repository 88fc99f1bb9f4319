// The heat map: a canvas that shows the visible part, with the words along its edges.

const FONT = getComputedStyle(document.documentElement).fontFamily;
const WORD_SIZE = 13; // px
const LONGEST_WORD = 150; // px
const pen = document.createElement("canvas").getContext("2d");

function wordWidth(word, size = WORD_SIZE) {
  pen.font = `${size}px ${FONT}`;
  return pen.measureText(word).width;
}

/** The word, or as much of its beginning as fits into `width` px with an ellipsis. */
function fitWord(word, width, size = WORD_SIZE) {
  if (wordWidth(word, size) <= width) return word;
  const letters = Array.from(word.slice(0, 200));
  let [fits, tooLong] = [0, letters.length];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (wordWidth(`${letters.slice(0, middle).join("")}…`, size) <= width) fits = middle;
    else tooLong = middle;
  }
  return `${letters.slice(0, fits).join("")}…`;
}

/** The layout in px: cells are `w` by `h`; words have `left` at the side and `top` above, rotated by `angle`. */
function heatLayout(map, available, zoom) {
  const widest = (words) => Math.min(Math.max(24, ...words.slice(0, 2000).map((word) => wordWidth(word))), LONGEST_WORD);
  const left = Math.ceil(Math.min(widest(map.rows.words), Math.max(64, available * 0.28)) + 14);
  const word = widest(map.columns.words);
  const upright = (word + 12) * map.width <= available - left;
  const square = Math.min(Math.max((available - left - 0.7 * word) / map.width, 15), 34);
  const w = Math.max(2, (upright ? Math.min(Math.max(word + 14, 46), (available - left) / map.width) : square) * zoom);
  const h = Math.max(2, (upright ? 34 : square) * zoom);
  const angle = w >= word + 8 ? 0 : w >= 17 ? -Math.PI / 4 : -Math.PI / 2;
  const top = Math.ceil(angle === 0 ? 30 : word * Math.sin(-angle) + 20);
  const right = Math.ceil(angle === -Math.PI / 4 ? word * 0.72 : 2);
  return { w, h, left, top, right, angle, width: left + w * map.width + right, height: top + h * map.height + 2 };
}

/** n if only every n-th word fits, at `size` px per word. */
function wordStep(size) {
  return Math.max(1, Math.ceil(12 / size));
}

class HeatView {
  constructor(container, onSpot) {
    this.container = container;
    this.sizer = container.firstElementChild;
    this.canvas = container.querySelector("canvas");
    this.onSpot = onSpot; // called with {row, column} or null, the pointer event, and true if it was clicked
    this.waiting = false;
    container.addEventListener("scroll", () => this.drawSoon(), { passive: true });
    new ResizeObserver(() => this.resize()).observe(container.parentElement);
    container.addEventListener("pointermove", (event) => event.pointerType === "mouse" && onSpot(this.at(event), event));
    container.addEventListener("pointerleave", (event) => onSpot(null, event));
    container.addEventListener("click", (event) => onSpot(this.at(event), event, true));
  }

  /** What to show: {map, shades, zoom, spot, reading, colours}. */
  show(content) {
    this.content = content;
    this.resize();
  }

  spot(spot) {
    this.content.spot = spot;
    this.drawSoon();
  }

  resize() {
    if (!this.content || this.container.hidden) return;
    const { map, zoom } = this.content;
    const layout = heatLayout(map, this.container.parentElement.clientWidth, zoom);
    const before = this.shown === map ? this.layout : layout;
    const middle = this.middle(before);
    Object.assign(this, { layout, shown: map });
    this.sizer.style.width = `${layout.width}px`;
    this.sizer.style.height = `${layout.height}px`;
    if (before.w !== layout.w || before.h !== layout.h) { // keep the same cell in the middle
      const now = this.middle(layout);
      this.container.scrollBy((middle.column - now.column) * layout.w, (middle.row - now.row) * layout.h);
    }
    this.drawSoon();
  }

  /** The cell in the middle of the visible part, with fractions. */
  middle({ w, h, left, top }) {
    const view = this.container;
    return { row: (view.scrollTop + (view.clientHeight - top) / 2) / h, column: (view.scrollLeft + (view.clientWidth - left) / 2) / w };
  }

  drawSoon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.content && !this.container.hidden) this.draw();
    });
  }

  /** The cell below the pointer; on a word at the edge, only its row or column. */
  at(event) {
    const box = this.container.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const { map } = this.content;
    const { w, h, left, top } = this.layout;
    const column = x < left ? null : Math.floor((x - left + this.container.scrollLeft) / w);
    const row = y < top ? null : Math.floor((y - top + this.container.scrollTop) / h);
    if ((row === null && column === null) || row >= map.height || column >= map.width) return null;
    return { row, column };
  }

  /** The box of a cell in the window. */
  box({ row, column }) {
    const { w, h, left, top } = this.layout;
    const box = this.container.getBoundingClientRect();
    const x = box.left + (column === null ? 0 : left + column * w - this.container.scrollLeft);
    const y = box.top + (row === null ? 0 : top + row * h - this.container.scrollTop);
    return { x, y, width: column === null ? left : w, height: row === null ? top : h };
  }

  /** Scroll until a cell is visible: just enough if it is near, otherwise to the middle. */
  reveal({ row, column }) {
    const { w, h, left, top } = this.layout;
    const view = this.container;
    const into = (at, size, scroll, visible) => {
      const beyond = Math.max(scroll - at, at + size - scroll - visible);
      if (beyond > 3 * size) return at - (visible - size) / 2;
      return at < scroll ? at : Math.max(scroll, at + size - visible);
    };
    view.scrollLeft = into(column * w, w, view.scrollLeft, view.clientWidth - left);
    view.scrollTop = into(row * h, h, view.scrollTop, view.clientHeight - top);
  }

  draw() {
    const view = this.container;
    const [width, height] = [view.clientWidth, view.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    const draw = this.canvas.getContext("2d");
    draw.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw.fillStyle = this.content.colours.ground;
    draw.fillRect(0, 0, width, height);
    const { map } = this.content;
    const { w, h, left, top } = this.layout;
    const part = {
      row: Math.floor(view.scrollTop / h),
      rows: Math.min(map.height, Math.ceil((view.scrollTop + height - top) / h)),
      column: Math.floor(view.scrollLeft / w),
      columns: Math.min(map.width, Math.ceil((view.scrollLeft + width - left) / w)),
      x: (column) => left + column * w - view.scrollLeft,
      y: (row) => top + row * h - view.scrollTop,
    };
    draw.save();
    draw.beginPath();
    draw.rect(left, top, width - left, height - top);
    draw.clip();
    if (part.rows > part.row && part.columns > part.column) this.drawCells(draw, part);
    draw.restore();
    this.drawWords(draw, part, width, height);
  }

  drawCells(draw, part) {
    const { map, shades, colours, spot } = this.content;
    const { w, h } = this.layout;
    const [rows, columns] = [part.rows - part.row, part.columns - part.column];
    const image = new ImageData(columns, rows); // one pixel per cell, enlarged when drawn
    for (let row = part.row, at = 0; row < part.rows; row++) {
      for (let column = part.column; column < part.columns; column++, at += 4) {
        const [red, green, blue] = colours.ramp[level(shades[row * map.width + column])];
        image.data[at] = red;
        image.data[at + 1] = green;
        image.data[at + 2] = blue;
        image.data[at + 3] = 255;
      }
    }
    this.pixels ??= document.createElement("canvas");
    this.pixels.width = columns;
    this.pixels.height = rows;
    this.pixels.getContext("2d").putImageData(image, 0, 0);
    draw.imageSmoothingEnabled = false;
    draw.drawImage(this.pixels, part.x(part.column), part.y(part.row), columns * w, rows * h);
    this.drawGrid(draw, part);
    if (w >= 30 && h >= 18) this.drawNumbers(draw, part);
    if (spot) this.drawSpot(draw, part, spot);
  }

  drawGrid(draw, part) {
    const { w, h } = this.layout;
    if (Math.min(w, h) < 7) return;
    draw.strokeStyle = this.content.colours.line;
    draw.globalAlpha = Math.min(w, h) > 12 ? 0.7 : 0.35;
    draw.lineWidth = 1;
    draw.beginPath();
    for (let row = part.row; row <= part.rows; row++) {
      draw.moveTo(part.x(part.column), Math.round(part.y(row)) + 0.5);
      draw.lineTo(part.x(part.columns), Math.round(part.y(row)) + 0.5);
    }
    for (let column = part.column; column <= part.columns; column++) {
      draw.moveTo(Math.round(part.x(column)) + 0.5, part.y(part.row));
      draw.lineTo(Math.round(part.x(column)) + 0.5, part.y(part.rows));
    }
    draw.stroke();
    draw.globalAlpha = 1;
  }

  drawNumbers(draw, part) {
    const { map, shades, colours } = this.content;
    const { w, h } = this.layout;
    draw.font = `12px ${FONT}`;
    draw.textAlign = "center";
    draw.textBaseline = "middle";
    for (let row = part.row; row < part.rows; row++) {
      for (let column = part.column; column < part.columns; column++) {
        const shade = shades[row * map.width + column];
        const number = Math.round(100 * map.weight(row, column));
        if (shade < 0 || number === 0) continue;
        draw.fillStyle = colours.onRamp[level(shade)];
        draw.fillText(number, part.x(column) + w / 2, part.y(row) + h / 2 + 0.5);
      }
    }
  }

  drawSpot(draw, part, { row, column }) {
    const { map, colours } = this.content;
    const { w, h } = this.layout;
    draw.strokeStyle = colours.ink;
    draw.lineWidth = 1;
    draw.globalAlpha = 0.45;
    if (row !== null) draw.strokeRect(part.x(0) + 0.5, part.y(row) + 0.5, map.width * w, h);
    if (column !== null) draw.strokeRect(part.x(column) + 0.5, part.y(0) + 0.5, w, map.height * h);
    draw.globalAlpha = 1;
    if (row === null || column === null) return;
    draw.lineWidth = 2;
    draw.strokeRect(part.x(column) + 0.5, part.y(row) + 0.5, w, h);
  }

  drawWords(draw, part, width, height) {
    const { map, colours, spot } = this.content;
    const { w, h, left, top, angle } = this.layout;
    const each = (first, last, size, chosen, drawWord) => {
      const step = wordStep(size);
      for (let i = first; i < last; i++) {
        const isChosen = i === chosen;
        // If words are crowded, leave out the neighbours of the chosen one.
        const crowded = step > 1 && chosen != null && !isChosen && Math.abs(i - chosen) * size < 14;
        if (!isChosen && (i % step || crowded)) continue;
        draw.font = `${isChosen ? "600 " : ""}${WORD_SIZE}px ${FONT}`;
        draw.fillStyle = isChosen ? colours.ink : colours.muted;
        drawWord(i);
      }
    };
    draw.textBaseline = "middle";
    draw.save();
    draw.beginPath();
    draw.rect(0, top, left, height - top);
    draw.clip();
    draw.textAlign = "right";
    each(part.row, part.rows, h, spot?.row, (row) => {
      if (h < 12 && part.y(row) + h / 2 < top + 7) return; // it would be cut in half
      draw.fillText(fitWord(map.rows.words[row], left - 14), left - 8, part.y(row) + h / 2);
    });
    draw.restore();
    draw.save();
    draw.beginPath();
    draw.rect(angle ? left - 4 : left, 0, width, top);
    draw.clip();
    draw.textAlign = angle ? "left" : "center";
    each(part.column, part.columns, w, spot?.column, (column) => {
      draw.save();
      draw.translate(part.x(column) + w / 2, top - (angle ? 8 : 13));
      draw.rotate(angle);
      draw.fillText(fitWord(map.columns.words[column], angle ? LONGEST_WORD : w - 6), 0, 0);
      draw.restore();
    });
    draw.restore();
  }
}
