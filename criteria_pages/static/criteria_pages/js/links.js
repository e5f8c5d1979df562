/* Links beside the tree: what they lead to reads the saved draft, so what stands in the editor is saved first. */
document.addEventListener('criteria:ready', ({ detail: { form, tools, words } }) => {
  const links = tools.querySelector('[data-criteria-links]');
  const status = tools.querySelector('[data-criteria-problems]');

  const hasEdits = () => {
    const { app } = window.wagtail || {};
    const watch = app && app.getControllerForElementAndIdentifier(form, 'w-unsaved');
    if (watch && watch.check) watch.check();
    // Typed before the watch began: it will be saved, and does not count as edited before.
    return form.hasAttribute('data-early-edits')
      || form.getAttribute('data-w-unsaved-has-edits-value') === 'true'
      || form.getAttribute('data-w-unsaved-force-value') === 'true';
  };
  let wanted = '';
  links.addEventListener('click', (event) => {
    const link = event.target.closest('a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !hasEdits()) return;
    event.preventDefault();
    wanted = link.href;
    status.textContent = words.saving;
  });
  // Wagtail tells of the end of saving; the watch is told first, so that nothing is asked on leaving.
  form.addEventListener('w-autosave:success', () => setTimeout(() => {
    if (!wanted || hasEdits()) return;
    const address = wanted;
    wanted = '';
    status.textContent = '';
    window.location.assign(address);
  }));
  form.addEventListener('w-autosave:error', () => {
    if (wanted) status.textContent = words.unsaved;
    wanted = '';
  });

  /* --- a new set has its number once it was saved --- */
  form.addEventListener('w-autosave:success', ({ detail }) => {
    const { pk } = detail.response;
    if (!links.hidden || !pk) return;
    const numbered = (address) => address.replace(/\/0\//, `/${pk}/`).replace(/bo=0$/, `bo=${pk}`);
    links.querySelectorAll('a').forEach((link) => link.setAttribute('href', numbered(link.getAttribute('href'))));
    words.checkUrl = numbered(words.checkUrl);
    words.liveUrl = numbered(words.liveUrl);
    const unitsOf = document.getElementById('criteria-live-set');
    if (unitsOf) unitsOf.value = pk;
    links.hidden = false;
  });
}, { once: true });
