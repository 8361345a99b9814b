// What every page has: the theme switch, tables that sort, dialogs opened by a button.

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-theme-switch], th[aria-sort] button, [data-opens], [data-closes], [data-copies]");
  if (!target) return;
  if (target.dataset.themeSwitch !== undefined) switchTheme();
  else if (target.dataset.opens) document.getElementById(target.dataset.opens).showModal();
  else if (target.dataset.closes !== undefined) target.closest("dialog").close();
  else if (target.dataset.copies) navigator.clipboard.writeText(target.dataset.copies);
  else sortBy(target.closest("th"));
});

function switchTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try { localStorage.setItem("theme", next); } catch { /* kept for this page only */ }
  document.dispatchEvent(new CustomEvent("theme"));
}

function sortBy(head) {
  const rows = [...head.closest("table").tBodies[0].rows];
  const descending = head.getAttribute("aria-sort") !== "descending";
  for (const other of head.parentElement.cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const key = (row) => {
    const cell = row.cells[head.cellIndex];
    const text = cell.dataset.value ?? cell.textContent.trim();
    const value = parseFloat(text);
    return Number.isNaN(value) ? text : value;
  };
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  rows.sort((a, b) => (descending ? -1 : 1) * compare(key(a), key(b)));
  head.closest("table").tBodies[0].append(...rows);
}

document.addEventListener("change", (event) => {
  const name = event.target.dataset.ticks;
  if (name) for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)) box.checked = event.target.checked;
});
