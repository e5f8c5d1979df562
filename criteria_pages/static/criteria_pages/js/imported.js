/* What an import from Excel guessed or left open: listed above the tree, and shown at the item itself. */
document.addEventListener('criteria:ready', ({ detail: editor }) => {
  const { nodes, below, childOf, fieldOf, reveal, send, soon, words, tools, form } = editor;
  const list = tools.querySelector('[data-criteria-imports]');
  if (!list) return;
  const entries = () => [...list.querySelectorAll('[data-criteria-imported]')];
  const entryOf = (id) => entries().find((entry) => entry.dataset.criteriaImported === id);
  const idOf = (node) => childOf(node).dataset.contentpath;

  /** Where the item with this block stands now, as `reveal` takes it; null where it is gone. */
  const positionOf = (id) => {
    const within = (items, position) => {
      for (let index = 0; index < items.length; index += 1) {
        const here = [...position, index];
        if (items[index].id === id) return here;
        const { value } = items[index];
        const found = within(value.criteria || value.children || [], here);
        if (found) return found;
      }
      return null;
    };
    return within(below(null).map((node) => ({ id: idOf(node), value: node.getState() })), []);
  };

  /* --- the mark in the heading of an item, and of those that it lies in --- */
  let waiting = new Map();
  const count = () => {
    waiting = new Map(entries().map((entry) => [
      entry.dataset.criteriaImported, entry.querySelectorAll('ul > li').length,
    ]));
  };
  const inside = (id, state) => (state.criteria || state.children || []).reduce(
    (sum, item) => sum + inside(item.id, item.value), waiting.get(id) || 0,
  );
  editor.marks.push((node) => {
    const found = waiting.size ? inside(idOf(node), node.getState()) : 0;
    return found ? `${words.imported}: ${found}` : '';
  });

  /* --- the notes at the item itself --- */
  const show = (node) => {
    node.element.querySelectorAll('.criteria-imported-here, .criteria-imported-field').forEach((old) => {
      if (old.closest('.criteria-lazy') !== node.element) return;
      if (old.matches('.criteria-imported-here')) old.remove();
      else old.classList.remove('criteria-imported-field');
    });
    const entry = node.real && entryOf(idOf(node));
    if (!entry) return;
    entry.querySelectorAll('[data-criteria-imported-field]').forEach((note) => {
      const field = fieldOf(node, note.dataset.criteriaImportedField);
      if (field) field.classList.add('criteria-imported-field');
    });
    const box = document.createElement('div');
    box.className = 'criteria-imported-here';
    const title = document.createElement('p');
    title.textContent = words.importedHere;
    const notes = entry.querySelector('[data-criteria-imported-notes]').cloneNode(true);
    notes.hidden = false;
    box.append(title, notes);
    node.element.prepend(box);
  };
  const showAll = () => {
    count();
    nodes().forEach(show);
    soon();
  };
  const confirm = async (values) => {
    try {
      const folded = list.querySelector('details:not([open])');
      list.innerHTML = await send(words.importsUrl, values);
      if (folded) list.querySelectorAll('details').forEach((details) => { details.open = false; });
      list.hidden = !entries().length;
      showAll();
    } catch (error) {
      tools.querySelector('[data-criteria-problems]').textContent = words.failed;
    }
  };
  form.addEventListener('click', (event) => {
    const one = event.target.closest('[data-criteria-confirm]');
    if (one) confirm({ block: one.dataset.criteriaConfirm });
    else if (event.target.closest('[data-criteria-confirm-all]')) confirm({ all: '1' });
    const link = event.target.closest('[data-criteria-imported-link]');
    const position = link && positionOf(link.closest('[data-criteria-imported]').dataset.criteriaImported);
    if (position) reveal(position);
    else if (link) tools.querySelector('[data-criteria-problems]').textContent = words.gone;
  });
  form.addEventListener('criteria:open', () => setTimeout(() => nodes().forEach(show), 0));
  showAll();
}, { once: true });
