// What every page has: its data, and the choice between light and dark.

/** The block of data with this id, as write_page was given it. */
function readData(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// What is obeyed by whatever shows it, or turns the direction of all that follows; texts/words.py has the same.
const HARMFUL = /[\0-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const ESCAPES = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** Words as a page shows them: what would do harm as Python writes it. */
function harmless(words) {
  return words.map((word) => word.replace(HARMFUL, (c) => {
    const code = c.codePointAt(0).toString(16);
    return ESCAPES[c] ?? (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`);
  }));
}

/** A new element: properties are set on it, children (elements or plain text) go into it. */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// ---- light and dark ---------------------------------------------------------------------------------------------

const systemTheme = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : systemTheme.matches;
}

/** Call `draw` whenever what is drawn with colours of its own must be drawn anew. */
function onThemeChange(draw) {
  document.addEventListener("themechange", draw);
}

function themeChanged() {
  const button = document.getElementById("theme");
  button.textContent = isDark() ? "Light" : "Dark";
  button.title = `Use ${isDark() ? "light" : "dark"} colours (t)`;
  document.dispatchEvent(new Event("themechange"));
}

function toggleTheme() {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("pairlens-theme", document.documentElement.dataset.theme);
  } catch {
    // A browser that keeps nothing for files shows the system's choice next time.
  }
  themeChanged();
}

try {
  const kept = localStorage.getItem("pairlens-theme");
  if (kept === "dark" || kept === "light") document.documentElement.dataset.theme = kept;
} catch {
  // as above
}
document.getElementById("theme").addEventListener("click", toggleTheme);
systemTheme.addEventListener("change", themeChanged);
themeChanged();
