// A form with data-confirm="question" asks before it is sent. Without this script it is simply sent.
(() => {
  const dialog = document.getElementById("confirm");
  if (!dialog) return;
  let waiting = null;

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form === waiting) return;
    event.preventDefault();
    waiting = form;
    dialog.querySelector("[data-question]").textContent = form.dataset.confirm;
    dialog.querySelector("[data-yes]").textContent = form.dataset.confirmYes || event.submitter?.textContent.trim() || "OK";
    dialog.returnValue = "";
    dialog.showModal();
  });

  dialog.addEventListener("close", () => {
    const form = waiting;
    if (dialog.returnValue === "yes" && form) form.requestSubmit();
    waiting = null;
  });
})();
