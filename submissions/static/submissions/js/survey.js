// Keeps the respondent's answers: in this browser at once, on the server under the link two seconds later.
(() => {
  if (document.querySelector("[data-survey-done]")) {
    // Sent: nothing of the answers stays on a shared computer.
    Object.keys(sessionStorage)
      .filter((name) => name.startsWith("survey:"))
      .forEach((name) => sessionStorage.removeItem(name));
  }
  // Sending twice would end on a page that says that the link is used up.
  document.querySelector("[data-once]")?.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
  const form = document.querySelector("[data-survey]");
  if (!form) return;
  const state = form.querySelector("[data-survey-state]");
  const key = `survey:${location.pathname}`;
  let timer = 0;
  let busy = false;
  let again = false;
  let leaving = false;
  let waiting = null;

  const answers = () => Object.fromEntries([...new FormData(form)].filter(([name]) => name.startsWith("q-")));
  const isEmpty = () => Object.values(answers()).every((value) => !value);
  const say = (text) => {
    const groups = form.querySelectorAll("fieldset").length;
    const done = form.querySelectorAll("input[type=radio]:checked").length;
    state.textContent = `${text} ${form.dataset.count} ${done}/${groups}`;
  };

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
    if (leaving) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    say(form.dataset.saving);
    const body = new FormData(form);
    body.set("action", "keep");
    try {
      const response = await fetch(location.href, { method: "POST", body, headers: { Accept: "application/json" } });
      const result = await response.json();
      if (result.saved) {
        form.elements.version.value = result.version;
        sessionStorage.removeItem(key);
      }
      say(result.saved ? form.dataset.saved : result.message);
    } catch {
      say(form.dataset.offline);
    }
    busy = false;
    if (waiting) {
      form.requestSubmit(waiting);
    } else if (again) {
      again = false;
      keep();
    }
  };

  form.addEventListener("input", () => {
    sessionStorage.setItem(key, JSON.stringify(answers()));
    clearTimeout(timer);
    timer = setTimeout(keep, 2000);
  });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (busy) {
      // What is being kept right now gives the form a newer version; the button is pressed again after it.
      event.preventDefault();
      waiting = event.submitter;
      return;
    }
    leaving = true;
  });
  window.addEventListener("online", keep);
  restore();
})();
