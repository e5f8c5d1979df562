/* The form that a unit would get from what stands in the editor now, and the points that answers would give. The server
   computes; nothing is stored. */
(() => {
  const WAIT = 700;

  const start = ({ detail: editor }) => {
    const { words, form, send, tools } = editor;
    const drawer = document.querySelector('[data-criteria-live]');
    const toggle = tools.querySelector('[data-criteria-live-toggle]');
    if (!drawer || !toggle) return;
    const box = drawer.querySelector('[data-criteria-live-form]');
    const unit = drawer.querySelector('[data-criteria-live-unit] input[type="hidden"]');
    let timer = 0;
    let last = 0;

    const refresh = async () => {
      if (drawer.hidden) return;
      const values = { ...editor.whole(), unit: unit ? unit.value : '' };
      box.querySelectorAll('[data-tried]').forEach((field) => { values[field.dataset.tried] = field.value; });
      const here = box.contains(document.activeElement) && document.activeElement.dataset.tried;
      const open = [...box.querySelectorAll('details')].map((details) => details.open);
      last += 1;
      const own = last;
      let html = '';
      try {
        html = await send(words.liveUrl, values);
      } catch (error) {
        html = '';
      }
      if (own !== last) return;
      if (!html) { box.textContent = words.failed; return; }
      const caret = here ? document.activeElement.selectionStart : null;
      const typed = here ? document.activeElement.value : null;
      box.innerHTML = html;
      // Fields of the trial have no name, so that they are never posted with the page.
      box.querySelectorAll('[name]').forEach((field) => {
        field.dataset.tried = field.name;
        field.removeAttribute('name');
      });
      box.querySelectorAll('details').forEach((details, index) => { if (open[index]) details.open = true; });
      if (!here) return;
      const field = box.querySelector(`[data-tried="${CSS.escape(here)}"]`);
      if (!field) return;
      field.value = typed;
      field.focus({ preventScroll: true });
      if (caret !== null && field.setSelectionRange) field.setSelectionRange(caret, caret);
    };
    const soon = () => { clearTimeout(timer); timer = setTimeout(refresh, WAIT); };
    const show = (shown) => {
      drawer.hidden = !shown;
      toggle.setAttribute('aria-expanded', String(shown));
      if (shown) refresh();
    };

    document.body.append(drawer);
    toggle.addEventListener('click', () => show(drawer.hidden));
    drawer.querySelector('[data-criteria-live-close]').addEventListener('click', () => { show(false); toggle.focus(); });
    drawer.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') { show(false); toggle.focus(); }
      if (event.key === 'Enter' && event.target.matches('input')) { event.preventDefault(); refresh(); }
    });
    drawer.addEventListener('input', soon);
    drawer.addEventListener('change', soon);
    form.addEventListener('input', soon);
    form.addEventListener('click', soon);
    form.addEventListener('criteria:open', soon);
  };
  document.addEventListener('criteria:ready', start, { once: true });
})();
