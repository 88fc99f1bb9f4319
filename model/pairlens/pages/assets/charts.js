// Tips of charts: show the values of the mark nearest to the pointer; arrow keys step through the marks.

const tip = element("div", { className: "tip", hidden: true });
const spoken = element("p", { className: "unseen", role: "status" });
document.body.append(tip, spoken);
let shownMark = null;

function showMark(mark) {
  hideMark();
  shownMark = mark;
  mark.dataset.on = "";
  tip.textContent = mark.dataset.tip;
  tip.hidden = false;
  placeTip();
}

function placeTip() {
  const { left, right, top, bottom } = shownMark.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const x = Math.min(Math.max(4, (left + right - width) / 2), document.documentElement.clientWidth - width - 4);
  const y = top - height - 8 > 0 ? top - height - 8 : bottom + 8;
  tip.style.left = `${x}px`;
  tip.style.top = `${y}px`;
}

function hideMark() {
  if (shownMark) delete shownMark.dataset.on;
  shownMark = null;
  tip.hidden = true;
}

/** The distance in px from a point to a rectangle, 0 inside. */
function distance(x, y, { left, right, top, bottom }) {
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
}

for (const chart of document.querySelectorAll("svg.chart")) {
  const marks = [...chart.querySelectorAll("[data-tip]")];
  if (marks.length === 0) continue;
  const point = ({ clientX, clientY }) => {
    let [nearest, least] = [null, 40];
    for (const mark of marks) {
      const away = distance(clientX, clientY, mark.getBoundingClientRect());
      if (away < least) [nearest, least] = [mark, away];
    }
    if (nearest) showMark(nearest);
    else hideMark();
  };
  chart.addEventListener("pointermove", point);
  chart.addEventListener("pointerdown", point);
  chart.addEventListener("pointerleave", hideMark);
  chart.tabIndex = 0;
  chart.addEventListener("blur", hideMark);
  chart.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") hideMark();
    if (!step) return;
    event.preventDefault();
    const at = marks.indexOf(shownMark);
    const next = at < 0 ? (step > 0 ? 0 : marks.length - 1) : at + step;
    showMark(marks[Math.min(Math.max(next, 0), marks.length - 1)]);
    spoken.textContent = tip.textContent;
  });
}
addEventListener("scroll", () => shownMark && placeTip(), { passive: true });
