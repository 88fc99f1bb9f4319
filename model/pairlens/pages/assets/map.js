// One direction of a pair's attention: words at the side (rows), words on top (columns), a weight for each cell.
//
// A reading is the scope in which weights are compared: the whole "map", the cell's "row" or its "column". Colours are
// relative to the strongest weight in the scope; ranks and "strongest k" count within it.

class AttentionMap {
  /** rows, columns: {name, words}; weights: Float32Array, row by row. */
  constructor(rows, columns, weights) {
    Object.assign(this, { rows, columns, weights });
    this.height = rows.words.length;
    this.width = columns.words.length;
    this.sorted = {};
  }

  weight(row, column) {
    return this.weights[row * this.width + column];
  }

  /** The weights that a cell is compared with. */
  scope(reading, row, column) {
    if (reading === "map") return this.weights;
    if (reading === "row") return this.weights.subarray(row * this.width, (row + 1) * this.width);
    return Float32Array.from({ length: this.height }, (_, i) => this.weight(i, column));
  }

  scopeSize(reading) {
    return { map: this.weights.length, row: this.width, column: this.height }[reading];
  }

  /** The rank of a cell, 1 for the strongest; equal weights share a rank. */
  rank(reading, row, column) {
    const own = this.weight(row, column);
    return this.scope(reading, row, column).reduce((rank, weight) => rank + (weight > own), 1);
  }

  /** The scopes of a reading, each sorted by descending weight. */
  sortedScopes(reading) {
    if (!this.sorted[reading]) {
      const count = { map: 1, row: this.height, column: this.width }[reading];
      this.sorted[reading] = Array.from({ length: count }, (_, i) => this.scope(reading, i, i).slice().sort().reverse());
    }
    return this.sorted[reading];
  }

  /** A shade from 0 to 1 for each cell; -1 if hidden, that is below `minimum` or not among the `top` of its scope. */
  shades(reading, minimum, top) {
    const scopes = this.sortedScopes(reading);
    const shades = new Float32Array(this.weights.length);
    for (let row = 0, cell = 0; row < this.height; row++) {
      for (let column = 0; column < this.width; column++, cell++) {
        const scope = scopes[{ map: 0, row, column }[reading]];
        const weight = this.weights[cell];
        const weakest = top < scope.length ? scope[top - 1] : -Infinity;
        shades[cell] = weight < minimum || weight < weakest ? -1 : scope[0] > 0 ? weight / scope[0] : 0;
      }
    }
    return shades;
  }

  /** The strongest weight in the map. */
  strongest() {
    return this.sortedScopes("map")[0][0] ?? 0;
  }

  /** At most `count` cells {row, column, weight} for which `allowed(row, column)`, by descending weight. */
  strongestCells(count, allowed = () => true) {
    const indices = (cell) => [Math.floor(cell / this.width), cell % this.width];
    const candidates = this.weights.filter((_, cell) => allowed(...indices(cell))).sort();
    const weakest = candidates.length > count ? candidates[candidates.length - count] : -Infinity;
    const cells = [];
    for (let cell = 0; cell < this.weights.length; cell++) {
      if (!(this.weights[cell] >= weakest)) continue;
      const [row, column] = indices(cell);
      if (allowed(row, column)) cells.push({ row, column, weight: this.weights[cell] });
    }
    return cells.sort((a, b) => b.weight - a.weight).slice(0, count);
  }
}

/** Decode float32 numbers from the base64 of their little-endian bytes. */
function decodeWeights(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/** 0.8914 as "89.1 %"; small weights have two significant digits. */
function percent(weight) {
  const share = 100 * weight;
  if (share === 0 || share >= 0.1) return `${share.toFixed(1)} %`;
  return share < 1e-4 ? "< 0.0001 %" : `${share.toPrecision(2)} %`;
}
