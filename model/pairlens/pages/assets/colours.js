// The colour-blind safe palette viridis, changed to begin at the page's background, so that zero weight is invisible.

const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];

/** Red, green and blue of a colour in the notation of getComputedStyle or VIRIDIS. */
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

/** The colours of a theme ("light" or "dark"), with a ramp of 256 colours from no weight, which has the colour of the
 *  background `ground` ("paper" or "surface"), to the strongest. */
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
  // On a light background, viridis's yellow would make small weights stand out, so it is mixed with the background.
  const none = channels(colours.ground);
  const stops = theme === "light" ? [none, mix(none, anchors[1], 0.4), ...anchors.slice(2)]
    : [none, mix(none, anchors[1], 0.5), ...anchors.slice(1)];
  const ramp = Array.from({ length: 256 }, (_, i) => {
    const position = (i / 255) * (stops.length - 1);
    const stop = Math.min(Math.floor(position), stops.length - 2);
    return mix(stops[stop], stops[stop + 1], position - stop);
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
