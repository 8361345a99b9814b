// The review page by keyboard: reject and fix first open what they need, and are sent by a second press.
(() => {
  const form = document.getElementById("verdict");
  if (!form) return;
  const button = (verdict) => document.querySelector(`button[name=verdict][value=${verdict}]`);
  const panel = (opener) => document.getElementById(opener.dataset.shows);
  const opened = () => [...document.querySelectorAll("[data-shows]")].find((opener) => !panel(opener).hidden);

  function open(opener) {
    for (const other of document.querySelectorAll("[data-shows]")) panel(other).hidden = other !== opener;
    const box = panel(opener).querySelector("textarea");
    box.focus();
    panel(opener).scrollIntoView({ block: "end" });
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-shows]");
    if (!opener || !panel(opener).hidden) return;
    event.preventDefault();
    open(opener);
  });

  const KEYS = {
    a: () => button("accept").click(), r: () => button("reject").click(), f: () => button("fix")?.click(),
    g: () => document.getElementById("guidelines")?.showModal(), "?": () => document.getElementById("keys").showModal(),
  };
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && opened()) { event.preventDefault(); opened().click(); return; }
    const typing = event.target.matches("textarea, input");
    if (event.key === "Escape" && typing) { event.target.blur(); return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
})();
