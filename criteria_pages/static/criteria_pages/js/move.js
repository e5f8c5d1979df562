/* Moves a criterion to another domain, or a sub-criterion to another criterion, under its own or a new code. */
(() => {
  const start = ({ detail: editor }) => {
    const { nodes, below, childOf, words, form, tools, reveal } = editor;
    const codes = window.criteriaCodes;
    const listOf = (parent) => parent.open().childBlocks.children || parent.open().childBlocks.criteria;
    const isParent = (node) => node.type === 'domain' || node.type === 'criterion';
    const parentNode = (node) => {
      const child = childOf(node).parentElement.closest('[data-streamfield-child]');
      return nodes().find((other) => childOf(other) === child);
    };
    /** All domains, or all criteria that have sub-criteria, whichever the node may lie in. */
    const targets = (node) => {
      const home = parentNode(node);
      const domains = below(null);
      if (home.type === 'domain') return domains.filter((other) => other !== home);
      domains.forEach((domain) => domain.open());
      return nodes().filter((other) => other.type === home.type && isParent(other) && other !== home && other.isThere());
    };
    const followComments = (from, to) => {
      const { commentApp } = window.comments || {};
      if (!commentApp) return;
      commentApp.selectors.selectComments(commentApp.store.getState()).forEach((comment) => {
        if (comment.contentpath.startsWith(`${from}.`)) {
          commentApp.updateContentPath(comment.localId, to + comment.contentpath.slice(from.length));
        }
      });
    };
    const move = (node, target, keepCode) => {
      const home = listOf(parentNode(node));
      const child = childOf(node);
      const index = home.children.findIndex((other) => other.element === child);
      const moved = home.children[index];
      const from = moved.getContentPath();
      const before = node.getState();
      const code = keepCode ? before.code : codes.next(`${target.getState().code}.0`, codes.used());
      const value = codes.follow(before, before.code, code);
      const list = listOf(target);
      const { id } = moved;
      home.deleteBlock(index, { animate: false });
      // In the order of the codes, so that a node that is moved back lies where it was.
      const after = list.children.findIndex(({ block }) => (
        String(block.getState().code).localeCompare(code, undefined, { numeric: true }) > 0
      ));
      const end = after < 0 ? list.children.length : after;
      const placed = list.insert(node.type === 'criterion' || node.type === 'scored_criterion'
        ? { type: node.type, value, id } : value, end, { id, collapsed: false });
      followComments(from, placed.getContentPath());
      const position = [];
      for (let place = placed.block; place; place = parentNode(place)) {
        const above = parentNode(place);
        position.unshift(below(above ? childOf(above) : null).indexOf(place));
      }
      editor.soon();
      reveal(position);
      const { code: above, name } = target.getState();
      tools.querySelector('[data-criteria-problems]').textContent = `${words.moved} ${above} ${name}: ${before.code} → ${code}`;
    };

    const add = (node) => {
      if (!node.real || node.type === 'domain' || node.element.querySelector(':scope > * > .criteria-move')) return;
      const frame = document.createElement('details');
      frame.className = 'criteria-move';
      const summary = document.createElement('summary');
      summary.textContent = words.move;
      const row = document.createElement('div');
      row.className = 'criteria-tools__row';
      frame.append(summary, row);
      frame.addEventListener('toggle', () => {
        if (!frame.open) return;
        const choice = document.createElement('select');
        choice.setAttribute('aria-label', words.moveTo);
        const found = targets(node);
        found.forEach((target, index) => {
          const { code, name } = target.getState();
          choice.append(new Option(`${code} ${name}`, index));
        });
        const button = (text, keep) => {
          const made = document.createElement('button');
          made.type = 'button';
          made.className = 'button button-small button-secondary';
          made.textContent = text;
          made.disabled = !found.length;
          made.addEventListener('click', () => move(node, found[Number(choice.value)], keep));
          return made;
        };
        row.replaceChildren(choice, button(words.moveRenumbered, false), button(words.moveKept, true));
      });
      // A choice in here is no change of the form.
      frame.addEventListener('input', (event) => event.stopPropagation());
      node.element.lastElementChild.append(frame);
    };
    form.addEventListener('criteria:open', () => setTimeout(() => nodes().forEach(add), 0));
    nodes().forEach(add);
  };
  document.addEventListener('criteria:ready', start, { once: true });
})();
