// Shared by all pages: reading data, escaping words, and the light and dark themes.

/** Return the block of data with this id that was given to write_page. */
function readData(id) {
  return JSON.parse(document.getElementById(id).textContent);
}

// Control characters, and marks that change the text direction; the same as in texts/words.py.
const HARMFUL = /[\0-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu;
const ESCAPES = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };

/** Escape such characters in words, in Python's notation. */
function harmless(words) {
  return words.map((word) => word.replace(HARMFUL, (c) => {
    const code = c.codePointAt(0).toString(16);
    return ESCAPES[c] ?? (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`);
  }));
}

/** Create an element with these properties and children (elements or plain text). */
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

/** Call `draw` whenever the theme changes; for drawings that do not take their colours from CSS. */
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
    // Browsers without storage for local files use the system's theme next time.
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
