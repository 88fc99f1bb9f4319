// The list of pairs, with search and sorting; only the visible rows are drawn.

const ROW = 76; // px, the same as in attention.css

const length = (pair) => pair.query.length + pair.value.length;
const by = (key) => (a, b) => key(a) - key(b) || a.place - b.place;
const miss = (pair) => Math.abs(pair.score - pair.label);
const mostUniform = (pair) => -Math.min(...pair.distance.map((distance) => distance ?? 0));

/** The orders of the list: a name, a comparison, and whether it needs labels. */
const SORTS = {
  file: { name: "In file order", order: by((pair) => pair.place) },
  high: { name: "Highest score first", order: by((pair) => -pair.score) },
  low: { name: "Lowest score first", order: by((pair) => pair.score) },
  label: { name: "By label", order: by((pair) => pair.label), labels: true },
  miss: { name: "Furthest from label first", order: by((pair) => -miss(pair)), labels: true },
  peaked: { name: "Most peaked attention first", order: by(mostUniform) },
  longest: { name: "Longest first", order: by((pair) => -length(pair)) },
};

function scoreText(score) {
  if (score === null) return "–";
  if (score !== 0 && Math.abs(score) < 0.0005) return score.toExponential(1);
  return score.toFixed(3);
}

/** The pairs whose texts contain every word of the search, also within words; `#12` finds the pair of this number. */
function searchPairs(pairs, search) {
  const number = /^#(\d+)$/.exec(search.trim());
  if (number) return pairs.filter((pair) => pair.pair === Number(number[1]));
  const terms = search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (!terms.length) return pairs;
  return pairs.filter((pair) => {
    pair.text ??= (pair.texts ?? [...pair.query, ...pair.value]).join(" ").toLocaleLowerCase();
    return terms.every((term) => pair.text.includes(term));
  });
}

/** The beginning of a text, as given if the input was texts, otherwise its first words. */
function textOf(pair, side, words) {
  if (!pair.texts) return pair[side].slice(0, words).join(" ");
  return pair.texts[side === "query" ? 0 : 1].slice(0, 10 * words);
}

class PairList {
  /** container: the listbox; onOpen: called with the chosen pair. */
  constructor(container, pairs, onOpen) {
    Object.assign(this, { container, pairs, onOpen, shown: pairs, current: null });
    this.rows = container.firstElementChild;
    container.addEventListener("scroll", () => this.draw(), { passive: true });
    container.addEventListener("click", (event) => {
      const row = event.target.closest("[data-at]");
      if (row) onOpen(this.shown[row.dataset.at]);
    });
    container.addEventListener("keydown", (event) => this.onKey(event));
    new ResizeObserver(() => this.draw()).observe(container);
  }

  /** Apply a search and an order. */
  update(search, sort) {
    this.shown = searchPairs(this.pairs, search).toSorted(SORTS[sort].order);
    this.rows.style.height = `${this.shown.length * ROW}px`;
    this.draw();
  }

  /** The pair `steps` after the current one in the list; the first if the current one is not in it. */
  step(steps) {
    const at = this.shown.indexOf(this.current);
    return at < 0 ? this.shown[0] : this.shown[at + steps];
  }

  select(pair) {
    this.current = pair;
    const at = this.shown.indexOf(pair);
    const view = this.container;
    if (at >= 0 && at * ROW < view.scrollTop) view.scrollTop = at * ROW;
    if (at >= 0 && (at + 1) * ROW > view.scrollTop + view.clientHeight) view.scrollTop = (at + 1) * ROW - view.clientHeight;
    this.draw();
  }

  onKey(event) {
    const page = Math.max(1, Math.floor(this.container.clientHeight / ROW) - 1);
    const at = this.shown.indexOf(this.current);
    const last = this.shown.length - 1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.onOpen(this.shown[Math.min(Math.max(to, 0), last)]);
  }

  draw() {
    const first = Math.max(0, Math.floor(this.container.scrollTop / ROW) - 3);
    const last = Math.min(this.shown.length, Math.ceil((this.container.scrollTop + this.container.clientHeight) / ROW) + 3);
    const rows = [];
    for (let at = first; at < last; at++) rows.push(this.row(at));
    this.rows.replaceChildren(...rows);
    const at = this.shown.indexOf(this.current);
    if (at >= first && at < last) this.container.setAttribute("aria-activedescendant", `row-${at}`);
    else this.container.removeAttribute("aria-activedescendant");
  }

  row(at) {
    const pair = this.shown[at];
    const facts = element("span", { className: "row-facts" },
      element("span", { className: "row-number", textContent: `#${pair.pair}` }),
      element("span", { className: "row-score", textContent: `score ${scoreText(pair.score)}` }));
    if (pair.label !== null) facts.append(element("span", { className: "row-label", textContent: labelText(pair.label) }));
    const text = (side) => element("span", { className: "row-text", dir: "auto", textContent: textOf(pair, side, 40) });
    const row = element("div", { id: `row-${at}`, className: "row" }, facts, text("query"), text("value"));
    row.dataset.at = at;
    row.style.top = `${at * ROW}px`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", pair === this.current);
    row.setAttribute("aria-posinset", at + 1);
    row.setAttribute("aria-setsize", this.shown.length);
    return row;
  }
}
