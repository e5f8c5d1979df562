// Keeps the respondent's answers: in this browser at once, on the server under the link two seconds later.
(() => {
  const form = document.querySelector("[data-survey]");
  if (document.querySelector("[data-survey-done]")) {
    // Sent: nothing of the answers stays on a shared computer.
    Object.keys(sessionStorage)
      .filter((name) => name.startsWith("survey:"))
      .forEach((name) => sessionStorage.removeItem(name));
  }
  if (!form) return;
  const state = form.querySelector("[data-survey-state]");
  const key = `survey:${location.pathname}`;
  let timer = 0;

  const answers = () => Object.fromEntries([...new FormData(form)].filter(([name]) => name.startsWith("q-")));
  const isEmpty = () => Object.values(answers()).every((value) => !value);

  const restore = () => {
    const kept = sessionStorage.getItem(key);
    if (!kept || !isEmpty()) return;
    for (const [name, value] of Object.entries(JSON.parse(kept))) {
      const field = form.elements[name];
      if (field) field.value = value;
    }
    keep();
  };

  const keep = async () => {
    state.textContent = form.dataset.saving;
    const body = new FormData(form);
    body.set("action", "keep");
    try {
      const response = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" } });
      const result = await response.json();
      state.textContent = result.saved ? form.dataset.saved : result.message;
      if (result.saved) sessionStorage.removeItem(key);
    } catch {
      state.textContent = form.dataset.offline;
    }
  };

  form.addEventListener("input", () => {
    sessionStorage.setItem(key, JSON.stringify(answers()));
    clearTimeout(timer);
    timer = setTimeout(keep, 2000);
  });
  window.addEventListener("online", keep);
  restore();
})();
