/* A page that is locked for whoever looks at it (it waits for its approval, or somebody locked it) is read, not typed in:
   its fields take nothing that saving would refuse. What opens and closes, and comments, stay. */
document.addEventListener('DOMContentLoaded', () => {
  const form = document.querySelector('[data-edit-form]');
  if (!form || !form.querySelector('[data-page-locked]')) return;
  form.classList.add('admin-locked');

  const FIELDS = 'input:not([type="hidden"], [type="search"]), textarea, select';
  const CHANGING = '[data-chooser-action-choose], [data-chooser-action-clear], [data-document-add], [data-chooser-edit-link],'
    + ' .c-sf-add-button, [data-streamfield-child] [data-panel-controls] button, [id$="-ADD"],'
    + ' [data-inline-panel-child] [data-panel-controls] button';
  const own = (element) => !element.closest('[data-criteria-tools], .criteria-try, [data-side-panel], footer, .comments-container');
  const lock = (root) => {
    [...root.querySelectorAll(FIELDS)].filter(own).forEach((field) => {
      if (field.matches('select, [type="checkbox"], [type="radio"], [type="file"]')) field.disabled = true;
      else field.readOnly = true;
    });
    [...root.querySelectorAll(CHANGING)].filter(own).forEach((button) => { button.hidden = true; });
    root.querySelectorAll('[contenteditable="true"]').forEach((text) => text.setAttribute('contenteditable', 'false'));
  };
  const panels = form.querySelector('main, .w-tabs, [data-tabs]') || form;
  let waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; lock(panels); });
  };
  lock(panels);
  new MutationObserver(soon).observe(panels, { childList: true, subtree: true });
});
