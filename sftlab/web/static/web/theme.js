// Before the first paint, so that a dark page never flashes light.
try {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch { /* storage may be switched off; the system's choice then holds */ }
