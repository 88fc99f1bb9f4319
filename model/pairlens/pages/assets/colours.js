// Colours that the colour-blind can tell apart: viridis, which begins at the page's own ground, so that no weight is no ink.

const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

/** red, green, blue of a colour as getComputedStyle or VIRIDIS writes it. */
function channels(colour) {
  if (colour.startsWith("#")) return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return colour.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function mix(from, to, share) {
  return from.map((channel, i) => Math.round(channel + (to[i] - channel) * share));
}

function css([red, green, blue]) {
  return `rgb(${red},${green},${blue})`;
}

/** The colours of a theme ("light" or "dark"), and its ramp: 256 colours from no weight, which is the colour of the
 *  ground ("paper" or "surface"), to the strongest. */
function palette(theme, ground = "paper") {
  const probe = element("span", { hidden: true });
  probe.dataset.theme = theme;
  document.body.append(probe);
  const colours = {};
  for (const name of ["paper", "surface", "ink", "muted", "line"]) {
    probe.style.color = `var(--${name})`;
    colours[name] = css(channels(getComputedStyle(probe).color));
  }
  probe.remove();
  colours.ground = colours[ground];
  const anchors = VIRIDIS.map(channels);
  if (theme === "light") anchors.reverse();
  // In the light, viridis's yellow would shout where there is little; its greens say it softly.
  const none = channels(colours.ground);
  const stops = theme === "light" ? [none, mix(none, anchors[1], 0.4), ...anchors.slice(2)]
    : [none, mix(none, anchors[1], 0.5), ...anchors.slice(1)];
  const ramp = Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * (stops.length - 1);
    const stop = Math.min(Math.floor(place), stops.length - 2);
    return mix(stops[stop], stops[stop + 1], place - stop);
  });
  return { ...colours, ramp, onRamp: ramp.map(readableOn) };
}

/** Black or white, whichever has the better contrast (WCAG 2) on a colour. */
function readableOn(colour) {
  const [red, green, blue] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function level(shade) {
  return Math.round(Math.min(Math.max(shade, 0), 1) * 255);
}
