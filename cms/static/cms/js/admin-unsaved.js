/* Nothing typed in Wagtail's editors is lost unnoticed. Its watch for unsaved changes has three gaps:
   it takes its picture of the unchanged form two seconds after loading, so what was typed before would pass for
   unchanged; on a page that came back with errors it never starts; and what is typed while a draft is being saved passes
   for saved. Each is told to Wagtail's own controller here, which then saves and asks on leaving. Where saving by itself
   stopped, it goes on once the cause is mended, or says who saved meanwhile and what to do. */
(() => {
  const FORCE = 'data-w-unsaved-force-value';
  const force = (form) => form.setAttribute(FORCE, 'true');

  /* --- before the watch begins --- */
  const EARLY = 'data-early-edits';
  const note = (event) => {
    const { form } = event.target;
    // Scripts that set a field up also send these events; a person is in the field.
    if (form && event.target.name && (event.isTrusted || event.target === document.activeElement)) form.setAttribute(EARLY, '');
  };
  document.addEventListener('input', note, true);
  document.addEventListener('change', note, true);
  document.addEventListener('w-unsaved:watch-edits', ({ target: form }) => {
    if (form.hasAttribute(EARLY)) force(form);
    form.removeAttribute(EARLY);
    document.removeEventListener('input', note, true);
    document.removeEventListener('change', note, true);
  }, { once: true });

  /* --- a page that came back with errors: the watch is started as on any other page, with something to save --- */
  const starts = new WeakMap();
  document.addEventListener('w-unsaved:ready', ({ target: form }) => {
    const forced = form.getAttribute(FORCE) === 'true';
    if (!forced && !starts.has(form)) return;
    // The controller starts its clock when this value changes and nothing is forced; Stimulus connects it twice.
    const interval = (starts.get(form) || 500) - 1;
    starts.set(form, interval);
    form.setAttribute(FORCE, 'false');
    form.setAttribute('data-w-unsaved-check-interval-value', String(interval));
    if (forced) setTimeout(() => force(form));
  });

  /* --- while a draft is being saved --- */
  const OWN = new Set(['csrfmiddlewaretoken', 'next', 'loaded_revision_id', 'loaded_revision_created_at', 'overwrite_revision_id']);
  const flat = (data, updated) => [...data]
    .filter(([name]) => !OWN.has(name) && !name.startsWith('comments-') && !(name in updated))
    .map(([name, value]) => `${name}=${value instanceof File ? [value.name, value.size, value.type] : value}`)
    .join('\n');
  const sent = new WeakMap();
  const told = new WeakMap();
  document.addEventListener('w-autosave:save', ({ target: form, detail }) => sent.set(form, detail.formData));
  document.addEventListener('w-autosave:success', ({ target: form, detail }) => {
    if (!sent.has(form)) return;
    const updated = detail.response.field_updates || {};
    const now = flat(new FormData(form), updated);
    // A difference that saving did not remove is none of a person's making.
    if (now === flat(sent.get(form), updated) || now === told.get(form)) return;
    told.set(form, now);
    force(form);
  });

  /* --- saving failed, then what was wrong was taken back: nothing differs any more, and still "paused" would stand --- */
  const failed = new WeakSet();
  document.addEventListener('w-autosave:error', ({ target: form }) => failed.add(form));
  document.addEventListener('w-autosave:success', ({ target: form }) => failed.delete(form));
  document.addEventListener('w-unsaved:clear', ({ target: form }) => {
    if (!failed.has(form)) return;
    failed.delete(form);
    force(form);
  });

  /* --- somebody else, or oneself elsewhere, saved meanwhile --- */
  const page = /\/pages\/\d+\/edit\/$/;
  document.addEventListener('w-autosave:deactivated', async ({ target: form, detail }) => {
    const address = form.action.split('?')[0];
    if (!page.test(address) || (detail.response || {}).error_code !== 'invalid_revision') return;
    const answer = await fetch(address.replace(/edit\/$/, 'last-saved/'), { headers: { Accept: 'application/json' } });
    if (!answer.ok) return;
    const { sentence, reload } = await answer.json();
    const place = [...document.querySelectorAll('.footer__save-warning p')].pop();
    if (!place) return;
    const link = document.createElement('a');
    link.href = window.location.pathname;
    link.textContent = reload;
    link.className = 'admin-reload';
    place.replaceChildren(`${sentence} `, link);
  });
})();
