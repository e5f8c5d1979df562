/* The fields of an open node: what is filled in among those that are folded away, and the source of points that a rule
   leaves no choice about. */
document.addEventListener('criteria:ready', ({ detail: { nodes, fieldOf, form } }) => {
  const FIXED = ['survey', 'central'];
  const kindOf = (node) => (((node.getState().rule || [])[0] || {}).type) || '';

  /* --- more fields: the fold says which of them hold something --- */
  const holds = (value) => {
    if (Array.isArray(value)) return value.some((item) => (item && typeof item === 'object' ? true : Boolean(item)));
    if (value && typeof value === 'object') return Object.values(value).some(holds);
    return Boolean(value);
  };
  const IMPLIED = 'scorer'; // it has a value always: said where it is not the usual one
  const say = (node) => {
    const more = [...node.element.querySelectorAll('.criteria-more')].find((part) => part.closest('.criteria-lazy') === node.element);
    if (!more) return;
    const title = more.closest('[data-panel]').querySelector('[data-panel-heading-text]');
    const state = node.getState();
    const filled = [...more.children].filter((field) => {
      const name = field.dataset.contentpath;
      const value = state[name];
      return name === IMPLIED ? ![].concat(value).includes('self') : holds(value && value.id !== undefined ? value.id : value);
    });
    const names = filled.map((field) => (field.querySelector('.w-field__label, [data-panel-heading-text]') || {}).textContent)
      .filter(Boolean).map((name) => name.trim());
    const text = names.join(', ');
    if (title.textContent !== text) title.textContent = text;
  };

  /* --- source of points --- */
  const kinds = new WeakMap();
  const follow = (node) => {
    const place = fieldOf(node, 'scorer');
    const select = place && place.querySelector('select');
    if (!select) return;
    const kind = kindOf(node);
    const before = kinds.has(node) ? kinds.get(node) : kind;
    kinds.set(node, kind);
    if (kind !== before && FIXED.includes(kind)) select.value = kind;
    else if (kind !== before && FIXED.includes(select.value)) select.value = 'self';
    select.disabled = FIXED.includes(kind);
  };

  const look = () => nodes().forEach((node) => {
    if (!node.real) return;
    follow(node);
    say(node);
  });
  let timer = 0;
  const soon = () => { clearTimeout(timer); timer = setTimeout(look, 150); };
  form.addEventListener('input', soon);
  form.addEventListener('change', soon);
  form.addEventListener('click', soon);
  form.addEventListener('criteria:open', soon);
  // A rule is chosen, or a unit picked, by pieces of Wagtail that lie outside of the form.
  document.addEventListener('click', soon);
  document.addEventListener('keyup', soon);
  look();
}, { once: true });
