// An element with data-refresh="seconds" asks for itself again, while the page is looked at and nobody is in it.
(() => {
  const isBusy = (element) =>
    document.hidden || element.contains(document.activeElement) || !getSelection().isCollapsed;

  setInterval(() => {
    for (const element of document.querySelectorAll("[data-refresh]")) {
      const due = Number(element.dataset.refreshedAt || performance.timeOrigin) + element.dataset.refresh * 1000;
      if (Date.now() < due || isBusy(element)) continue;
      element.dataset.refreshedAt = String(Date.now());
      htmx.trigger(element, "refresh");
    }
  }, 1000);

  // What a page fetches by itself says so: it is no sign that somebody is there.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.triggeringEvent?.type === "refresh") event.detail.headers["X-Refresh"] = "1";
  });

  // A session that has ended answers with the sign-in page: show that as a page, not as a part of this one.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    const asked = new URL(requestConfig.path, location.href).pathname;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
})();
