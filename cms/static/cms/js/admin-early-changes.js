/* Wagtail takes its picture of the unchanged form two seconds after loading: what is typed before that would pass for
   unchanged, and neither autosave nor the question on leaving would know of it. Here it is remembered and told. */
(() => {
  const early = new WeakSet();
  const note = (event) => {
    const form = event.target.form;
    // Scripts that set a field up also send these events; a person is in the field.
    if (form && event.target.name && (event.isTrusted || event.target === document.activeElement)) early.add(form);
  };
  document.addEventListener('input', note, true);
  document.addEventListener('change', note, true);
  document.addEventListener('w-unsaved:watch-edits', (event) => {
    const form = event.target;
    if (early.has(form)) form.setAttribute('data-w-unsaved-force-value', 'true');
    early.delete(form);
    document.removeEventListener('input', note, true);
    document.removeEventListener('change', note, true);
  }, { once: true });
})();
