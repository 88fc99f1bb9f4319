// What every page has: its data, and the choice between light and dark.

/** The block of data with this id, as write_page was given it. */
function readData(id) {
  return JSON.parse(document.getElementById(id).textContent);
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
