// While somebody is at work on a page, the server hears of it; when nobody is, they are warned, and the page is left.
(() => {
  const root = document.querySelector("[data-idle-seconds]");
  if (!root) return;
  // The server learns of somebody at most a minute late, and writes it down at most another minute late.
  const TELL_EVERY = 60_000;
  const askAfter = root.dataset.idleSeconds * 1000 - 2 * TELL_EVERY;
  const warnAfter = askAfter - 60_000;
  const warning = document.getElementById("idle");
  let active = Date.now(), told = Date.now();

  // headers: X-Refresh asks only whether the session goes on, and does not count as somebody being there.
  async function tell(headers = {}) {
    const body = new URLSearchParams({ csrfmiddlewaretoken: root.querySelector("[name=csrfmiddlewaretoken]").value });
    try {
      const answer = await fetch(root.dataset.here, { method: "POST", body, headers });
      // It ended, here or elsewhere: what is shown is not for whoever comes by. The sign-in leads back.
      if (answer.status !== 204) location.reload();
    } catch { /* the network is away: told again later */ }
  }

  function seen() {
    active = Date.now();
    if (warning.open) warning.close();
    if (active - told < TELL_EVERY) return;
    told = active;
    tell();
  }

  for (const name of ["keydown", "pointerdown", "input", "scroll"]) {
    document.addEventListener(name, seen, { passive: true, capture: true });
  }

  setInterval(() => {
    const idle = Date.now() - active;
    if (idle >= warnAfter && !warning.open) warning.showModal();
    // In another window somebody may be at work: then it goes on.
    if (idle >= askAfter) tell({ "X-Refresh": "1" });
  }, 10_000);
})();
