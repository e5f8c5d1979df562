/* A node of the criteria tree whose fields are built only once somebody opens it (criteria_pages/blocks/lazy.py).
   Open or closed, what is posted of it is its form state as JSON, so that opening a node changes nothing. */
(() => {
  const { StructBlockDefinition } = window.wagtailStreamField.blocks;

  /** Every node on the page, open or closed; `criteria_pages/js/editor.js` reads totals and codes from here. */
  const nodes = new Set();
  window.criteriaNodes = nodes;

  const newId = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  };

  /** A deep copy of a form state in which every block has a new id (a list may also be what a select has chosen). */
  const copyWithNewIds = (state) => {
    if (Array.isArray(state)) {
      return state.map((item) => (
        item && typeof item === 'object' ? { ...item, id: newId(), value: copyWithNewIds(item.value) } : item
      ));
    }
    if (state && typeof state === 'object') {
      return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, copyWithNewIds(value)]));
    }
    return state;
  };

  /** Without a past: of two equal nodes only one comes from a node of the set before. */
  const withoutPast = (state) => {
    if (Array.isArray(state)) {
      return state.map((item) => (item && item.value ? { ...item, value: withoutPast(item.value) } : item));
    }
    if (!state || typeof state !== 'object') return state;
    return Object.fromEntries(Object.entries(state).map(([name, value]) => (
      name === 'lineage' && value
        ? [name, { predecessor: '', status: Array.isArray(value.status) ? [''] : '', reason: '' }]
        : [name, withoutPast(value)]
    )));
  };

  const allCodes = (state, found) => {
    if (Array.isArray(state)) state.forEach((item) => allCodes(item && item.value, found));
    else if (state && typeof state === 'object') {
      if (typeof state.code === 'string' && state.code) found.add(state.code);
      Object.values(state).forEach((value) => allCodes(value, found));
    }
    return found;
  };

  const usedCodes = () => {
    const found = new Set();
    nodes.forEach((node) => { if (node.isThere()) allCodes(node.getState(), found); });
    return found;
  };

  /** The next free code after this one: 1.2.3 -> 1.2.4, or 1.2.5 where 1.2.4 is taken. */
  const nextCode = (code, used) => {
    const match = /^(.*?)(\d+)$/.exec(code);
    let number = match ? Number(match[2]) : 1;
    const stem = match ? match[1] : `${code}.`;
    do { number += 1; } while (used.has(`${stem}${number}`));
    return `${stem}${number}`;
  };

  /** Let the codes below a duplicated node follow its new code. */
  const withCode = (state, from, to) => {
    const walk = (part) => {
      if (Array.isArray(part)) {
        return part.map((item) => (item && typeof item === 'object' ? { ...item, value: walk(item.value) } : item));
      }
      if (part && typeof part === 'object') {
        const copy = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, walk(value)]));
        if (typeof copy.code === 'string' && copy.code.startsWith(`${from}.`)) copy.code = to + copy.code.slice(from.length);
        return copy;
      }
      return part;
    };
    return { ...walk(state), code: to };
  };

  window.criteriaCodes = { next: nextCode, used: usedCodes, follow: withCode };

  class LazyBlock {
    constructor(blockDef, placeholder, prefix, state) {
      this.blockDef = blockDef;
      this.type = blockDef.name;
      this.prefix = prefix;
      this.state = state || {};
      this.real = null;
      this.untouched = '';
      this.input = document.createElement('input');
      this.input.type = 'hidden';
      this.input.name = `${prefix}-lazy`;
      this.input.value = JSON.stringify(this.state);
      this.element = document.createElement('div');
      this.element.className = 'criteria-lazy';
      this.element.append(this.input);
      placeholder.replaceWith(this.element);
      nodes.add(this);
      this.panel = this.element.closest('[data-panel]');
      this.toggle = this.panel && this.panel.querySelector('[data-panel-toggle]');
      if (this.toggle) this.toggle.addEventListener('wagtail:panel-toggle', () => this.openIfVisible());
      queueMicrotask(() => this.openIfVisible());
    }

    openIfVisible() {
      if (!this.toggle || this.toggle.getAttribute('aria-expanded') !== 'false') this.open();
    }

    /** Build the fields now. */
    open() {
      if (this.real) return this.real;
      const slot = document.createElement('div');
      this.element.append(slot);
      this.real = this.blockDef.renderNow(slot, this.prefix, this.state);
      this.untouched = JSON.stringify(this.real.getState());
      this.element.dispatchEvent(new CustomEvent('criteria:open', { bubbles: true }));
      return this.real;
    }

    /** Whether the node is part of the set (neither deleted itself nor inside something deleted). */
    isThere() {
      if (!this.element.isConnected) return false;
      let child = this.element.closest('[data-streamfield-child]');
      while (child) {
        const flag = child.querySelector(':scope > input[name$="-deleted"]');
        if (flag && flag.value) return false;
        child = child.parentElement.closest('[data-streamfield-child]');
      }
      return true;
    }

    /** What the node holds; as it came from the server as long as nobody changed it. */
    getState() {
      if (!this.real) return this.state;
      const now = this.real.getState();
      return JSON.stringify(now) === this.untouched ? this.state : now;
    }

    getValue() { return this.real ? this.real.getValue() : this.state; }

    getDuplicatedState() {
      const state = withoutPast(copyWithNewIds(this.getState()));
      const code = state.code || '';
      return code ? withCode(state, code, nextCode(code, usedCodes())) : state;
    }

    setState(state) {
      this.state = state || {};
      this.input.value = JSON.stringify(this.state);
      if (this.real) {
        this.real.setState(this.state);
        this.untouched = JSON.stringify(this.real.getState());
      }
    }

    setError(error) { if (error) this.open().setError(error); }

    focus(options) { this.open().focus(options); }

    getTextLabel(options) {
      const { code, name } = this.getState();
      const label = [code, name].filter(Boolean).join(' ');
      const limit = options && options.maxLength;
      return limit && label.length > limit ? `${label.slice(0, limit - 1)}…` : label;
    }
  }

  class LazyStructBlockDefinition extends StructBlockDefinition {
    render(placeholder, prefix, initialState, initialError) {
      const block = new LazyBlock(this, placeholder, prefix, initialState);
      if (initialError) block.setError(initialError);
      return block;
    }

    renderNow(placeholder, prefix, initialState, initialError) {
      return super.render(placeholder, prefix, initialState, initialError);
    }
  }

  /* Every way of reading the form (submit, autosave, preview, the watch for changes) gets the JSON of the open nodes in
     the place of their fields, and in the same order as if they were closed. */
  document.addEventListener('formdata', ({ target, formData }) => {
    const open = [...nodes].filter((node) => (
      node.real && target.contains(node.element) && !node.element.parentElement.closest('.criteria-lazy')
    ));
    if (!open.length) return;
    const own = new Set(open.map((node) => node.input.name));
    const prefixes = open.map((node) => `${node.prefix}-`);
    [...formData.keys()]
      .filter((name) => !own.has(name) && prefixes.some((prefix) => name.startsWith(prefix)))
      .forEach((name) => formData.delete(name));
    open.forEach((node) => formData.set(node.input.name, JSON.stringify(node.getState())));
  });

  window.telepath.register('criteria_pages.blocks.LazyStructBlock', LazyStructBlockDefinition);
})();
