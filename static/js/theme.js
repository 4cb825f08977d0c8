// Light, dark, or as the system says. Runs before the page is drawn, so that nothing flashes.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const now = () => root.dataset.theme || (dark.matches ? "dark" : "light");

  const chosen = read();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const tell = () => button.setAttribute("aria-pressed", String(now() === "dark"));
      button.hidden = false;
      tell();
      button.addEventListener("click", () => {
        root.dataset.theme = now() === "dark" ? "light" : "dark";
        try { localStorage.setItem("theme", root.dataset.theme); } catch { /* the choice lasts this page */ }
        tell();
      });
    }
  });
})();
