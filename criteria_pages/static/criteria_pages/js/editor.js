/* Tools above the criteria tree: running totals, search, problems, rule as a sentence. Everything that counts is computed
   by the server; the sums shown here only help while one types. */
(() => {
  const start = () => {
    const tools = document.querySelector('[data-criteria-tools]');
    if (!tools || tools.dataset.ready) return;
    tools.dataset.ready = 'yes';
    const words = tools.dataset;
    const form = tools.closest('form');
    // Beside the tree the tools stay in sight however long the set is.
    const tree = document.getElementById('body-root');
    const panel = tools.closest('[data-panel]');
    if (tree) {
      tree.before(tools);
      if (panel) panel.hidden = true;
    }
    const part = (name) => tools.querySelector(`[data-criteria-${name}]`);
    const nodes = () => [...(window.criteriaNodes || [])].filter((node) => node.isThere());
    const token = () => form.querySelector('[name="csrfmiddlewaretoken"]').value;

    const send = async (url, values) => {
      const body = new FormData();
      Object.entries(values).forEach(([name, value]) => body.append(name, value));
      // Asked as a script, the admin refuses with 403 instead of leading to its home page.
      const headers = { 'X-CSRFToken': token(), 'X-Requested-With': 'XMLHttpRequest' };
      const answer = await fetch(url, { method: 'POST', body, headers });
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    };

    /* --- exact sums in millionths, no floating point --- */
    const millionths = (text) => {
      const match = /^\s*(\d{1,9})(?:[.,](\d{1,6}))?\s*$/.exec(text || '');
      return match ? BigInt(match[1]) * 1000000n + BigInt((match[2] || '').padEnd(6, '0')) : null;
    };
    const shown = (value) => {
      const rest = String(value % 1000000n).padStart(6, '0').replace(/0+$/, '');
      const sign = document.documentElement.lang.startsWith('en') ? '.' : ',';
      return `${value / 1000000n}${rest ? sign + rest : ''}`;
    };
    const partsOf = (state) => state.criteria || state.children;
    const sumOf = (items) => items.reduce((sum, item) => sum + (millionths(item.value.maximum) || 0n), 0n);

    /* --- the tree as it stands --- */
    const childOf = (node) => node.element.closest('[data-streamfield-child]');
    const parentOf = (child) => child.parentElement.closest('[data-streamfield-child]');
    const inOrder = (a, b) => (a.element.compareDocumentPosition(b.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1);
    const below = (parent) => nodes().filter((node) => parentOf(childOf(node)) === parent).sort(inOrder);
    const wholeState = () => below(null).map((node) => ({ type: node.type, value: node.getState() }));

    /** The set as it stands in the editor, for the server to look at. */
    const whole = () => ({
      state: JSON.stringify(wholeState()),
      title: (form.querySelector('[name="title"]') || {}).value || '',
      total: (form.querySelector('[name="declared_total"]') || {}).value || '',
    });

    /** The place of a field of the node itself, not of a node below it or of a row of its rule. */
    const fieldOf = (node, name) => [...node.element.querySelectorAll(`[data-contentpath="${name}"]`)].find((place) => (
      place.parentElement.closest('[data-contentpath], [data-streamfield-child]') === childOf(node)
    ));
    const unfold = (node) => {
      if (node.toggle && node.toggle.getAttribute('aria-expanded') === 'false') node.toggle.click();
      node.open();
    };
    const FOCUSABLE = 'input:not([type="hidden"]), select, textarea, button';
    const showField = (part, top) => {
      const folded = part && part.parentElement.closest('[data-panel]');
      const toggle = folded && folded.querySelector('[data-panel-toggle]');
      if (toggle && toggle.getAttribute('aria-expanded') === 'false') toggle.click();
      const field = part && (part.matches(FOCUSABLE) ? part
        : [...part.querySelectorAll(FOCUSABLE)].find((item) => item.offsetParent));
      const place = top || part;
      const scroll = () => {
        const covered = getComputedStyle(tools).position === 'sticky' ? tools.offsetHeight : 30;
        place.style.scrollMarginBlockStart = `${covered + 70}px`;
        place.scrollIntoView({ block: 'start', inline: 'nearest' });
      };
      scroll();
      if (field) field.focus({ preventScroll: true });
      // What was opened on the way grows for a moment still; who has gone on meanwhile is left in peace.
      [100, 400].forEach((wait) => setTimeout(() => {
        if (!field || document.activeElement === field) scroll();
      }, wait));
    };
    /** Open the node at a position (indices of domain, criterion, sub-criterion) and go to one of its fields. */
    const reveal = (position, field = 'code') => {
      let parent = null;
      let node = null;
      for (const index of position) {
        const found = below(parent)[index];
        if (!found) break;
        node = found;
        unfold(node);
        parent = childOf(node);
      }
      if (!node) return;
      const wanted = fieldOf(node, field);
      const code = fieldOf(node, 'code');
      showField(wanted || code, wanted && field !== 'code' ? wanted : childOf(node));
    };
    /** Go to a field of the page itself, out of a panel that is folded up. */
    const revealOfPage = (name) => {
      const field = document.getElementById(`panel-child-content-${name}-section`)
        || form.querySelector(`[name="${name}"]`) || (name === 'body' && tree);
      if (!field) return;
      showField(form.querySelector(`[name="${name}"]`) || field);
    };
    /** Go to a place as `Problem.place` writes it: "0-1-2:maximum", ":declared_total". */
    const goToPlace = (place) => {
      const [position, field] = place.split(':');
      if (position) reveal(position.split('-').map(Number), field || 'code');
      else if (field) revealOfPage(field);
    };

    /* --- comments on fields of nodes that are closed --- */
    const comments = () => {
      const { commentApp } = window.comments || {};
      if (!commentApp) return [];
      return [...commentApp.selectors.selectComments(commentApp.store.getState()).values()]
        .filter((comment) => !comment.deleted && !comment.resolved && comment.contentpath.startsWith('body.'));
    };
    const inside = (node) => {
      const id = childOf(node).dataset.contentpath;
      return comments().filter((comment) => comment.contentpath.split('.').includes(id)).length;
    };
    const openCommented = () => {
      comments().forEach((comment) => {
        let parent = null;
        comment.contentpath.split('.').forEach((id) => {
          const node = below(parent).find((other) => childOf(other).dataset.contentpath === id);
          if (!node) return;
          unfold(node);
          parent = childOf(node);
        });
      });
      // Wagtail puts the comments beside the fields that can be seen now.
      document.body.dispatchEvent(new CustomEvent('commentAnchorVisibilityChange'));
    };
    const commentsPanel = document.querySelector('[data-side-panel="comments"]');
    if (commentsPanel) commentsPanel.addEventListener('show', openCommented);

    /* --- running totals --- */
    /** What other scripts say of a node in its heading: each takes a node and returns a text. */
    const marks = [];
    const recompute = () => {
      let uneven = false;
      nodes().forEach((node) => {
        const state = node.getState();
        const parts = partsOf(state);
        const own = millionths(state.maximum);
        const heading = node.panel && node.panel.querySelector('[data-panel-heading-text]');
        let text = node.getTextLabel({ maxLength: 70 });
        if (own !== null) text += ` · ${shown(own)} ${words.points}`;
        const sum = parts && parts.length ? sumOf(parts) : null;
        if (sum !== null && sum !== own) { text += ` ≠ ${shown(sum)}`; uneven = true; }
        const commented = inside(node);
        if (commented) text += ` · ${words.comments}: ${commented}`;
        marks.map((mark) => mark(node)).filter(Boolean).forEach((mark) => { text += ` · ${mark}`; });
        if (heading && heading.textContent !== text) heading.textContent = text;
        const box = fieldOf(node, 'maximum');
        if (!box || !parts) return;
        let note = box.querySelector('.criteria-sum');
        if (!note) {
          note = document.createElement('p');
          note.className = 'criteria-sum';
          box.append(note);
        }
        note.textContent = sum === null ? '' : `${words.sum} ${shown(sum)} ${sum === own ? '✓' : '≠'}`;
        note.classList.toggle('criteria-sum--off', sum !== null && sum !== own);
      });
      const total = sumOf(wholeState());
      const declared = millionths((form.querySelector('[name="declared_total"]') || {}).value);
      part('total').textContent = `${words.sum} ${shown(total)} / ${declared === null ? '—' : shown(declared)} ${words.points} `
        + (total !== declared ? '≠' : (uneven && `✓ ${words.uneven}`) || '✓');
      part('total').classList.toggle('criteria-sum--off', total !== declared || uneven);
    };
    let timer = 0;
    const soon = () => { clearTimeout(timer); timer = setTimeout(recompute, 200); };
    form.addEventListener('input', soon);
    form.addEventListener('click', () => setTimeout(soon, 300));
    form.addEventListener('criteria:open', soon);
    form.addEventListener('wagtail:panel-toggle', soon, true);

    /* --- search --- */
    const fold = (text) => text.replace(/[đĐ]/g, 'd').normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
    /** Where it stands, in the order of the tree; the node whose code it is comes first. */
    const matches = (wanted) => {
      const found = [];
      const walk = (items, position) => items.forEach((item, index) => {
        const here = [...position, index];
        if (fold(item.value.code || '') === wanted) found.unshift(here);
        else if (fold(`${item.value.code || ''} ${item.value.name || ''}`).includes(wanted)) found.push(here);
        walk(partsOf(item.value) || [], here);
      });
      walk(wholeState(), []);
      return found;
    };
    let searched = '';
    let place = -1;
    const findNext = () => {
      const wanted = fold(part('search').value.trim());
      if (!wanted) return;
      if (wanted !== searched) { searched = wanted; place = -1; }
      const found = matches(wanted);
      if (!found.length) { part('problems').textContent = words.none; return; }
      place = (place + 1) % found.length;
      part('problems').textContent = `${place + 1} / ${found.length}`;
      reveal(found[place]);
    };
    part('find').addEventListener('click', findNext);
    // While one types, how many there are; the button and Enter go there.
    part('search').addEventListener('input', (event) => {
      event.stopPropagation();
      const wanted = fold(part('search').value.trim());
      const found = wanted ? matches(wanted).length : 0;
      part('problems').textContent = !wanted ? '' : (found && `${found} ${words.matches}`) || words.none;
    });
    part('search').addEventListener('keydown', (event) => {
      if (event.key === 'Enter') { event.preventDefault(); findNext(); }
    });
    const isOpen = (node) => node.toggle && node.toggle.getAttribute('aria-expanded') === 'true';
    part('fold').addEventListener('click', () => {
      nodes().forEach((node) => { if (isOpen(node)) node.toggle.click(); });
    });
    /** Open what holds other items, level by level. Scored items stay lines: their fields are too many to be built at once. */
    part('unfold').addEventListener('click', () => {
      const open = (parent) => below(parent).forEach((node) => {
        if (!partsOf(node.getState())) return;
        if (!isOpen(node)) unfold(node);
        open(childOf(node));
      });
      open(null);
    });

    /* --- problems --- */
    let problem = -1;
    const links = () => [...part('problems').querySelectorAll('[data-criteria-place]')];
    const goTo = (link) => {
      links().forEach((other) => other.classList.toggle('criteria-problems__link--here', other === link));
      goToPlace(link.dataset.criteriaPlace);
    };
    part('check').addEventListener('click', async () => {
      try {
        part('problems').innerHTML = await send(words.checkUrl, {
          ...whole(), dropped: (form.querySelector('[name="dropped_codes"]') || {}).value || '',
        });
      } catch (error) {
        part('problems').textContent = words.failed;
      }
      problem = -1;
      part('next').hidden = !links().length;
    });
    part('problems').addEventListener('click', (event) => {
      const link = event.target.closest('[data-criteria-place]');
      if (link) { problem = links().indexOf(link); goTo(link); }
    });
    part('next').addEventListener('click', () => {
      const all = links();
      if (!all.length) return;
      problem = (problem + 1) % all.length;
      goTo(all[problem]);
    });

    /* --- the rule as a sentence, and trying it --- */
    const showRule = async (node, box) => {
      const values = { state: JSON.stringify(node.getState()) };
      box.querySelectorAll('input, select').forEach((field) => { values[field.dataset.tried] = field.value; });
      try {
        box.innerHTML = await send(words.tryUrl, values);
        // Fields of the trial have no name, so that they are never posted with the page.
        box.querySelectorAll('[name]').forEach((field) => {
          field.dataset.tried = field.name;
          field.removeAttribute('name');
        });
      } catch (error) {
        box.textContent = words.failed;
      }
    };
    const addTry = (node) => {
      const anchor = node.real && fieldOf(node, 'rule');
      if (!anchor || anchor.querySelector(':scope > .criteria-try')) return;
      const frame = document.createElement('div');
      frame.className = 'criteria-try';
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'button button-small button-secondary';
      button.textContent = words.try;
      const box = document.createElement('div');
      box.setAttribute('role', 'status');
      frame.append(button, box);
      anchor.append(frame);
      button.addEventListener('click', () => showRule(node, box));
      box.addEventListener('click', (event) => {
        if (event.target.closest('[data-criteria-compute]')) showRule(node, box);
      });
      box.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') { event.preventDefault(); showRule(node, box); }
      });
      box.addEventListener('input', (event) => event.stopPropagation());
    };
    /* --- a new node gets the next free code --- */
    const proposeCode = (node) => {
      const { code, name } = node.getState();
      const place = fieldOf(node, 'code');
      const field = place && place.querySelector('input');
      if (code || name || !field) return;
      const parent = nodes().find((other) => childOf(other) === parentOf(childOf(node)));
      const above = parent ? parent.getState().code : '';
      if (parent && !above) return;
      field.value = window.criteriaCodes.next(parent ? `${above}.0` : '0', window.criteriaCodes.used());
      soon();
    };
    form.addEventListener('criteria:open', (event) => setTimeout(() => {
      nodes().forEach(addTry);
      nodes().filter((node) => node.element === event.target).forEach(proposeCode);
    }, 0));

    nodes().forEach(addTry);
    recompute();

    /* --- what changed in the tree before Wagtail began to watch (see cms/js/admin-unsaved.js) --- */
    const unchanged = JSON.stringify(wholeState());
    document.addEventListener('w-unsaved:watch-edits', (event) => {
      if (JSON.stringify(wholeState()) !== unchanged) event.target.setAttribute('data-w-unsaved-force-value', 'true');
    }, { once: true });
    // The comments are read in once the page is up; on a slow machine that is after this script.
    const followComments = () => {
      if (!(window.comments || {}).commentApp) return false;
      window.comments.commentApp.store.subscribe(soon);
      const shown = commentsPanel && !commentsPanel.hidden;
      if (shown || new URLSearchParams(window.location.search).has('comment')) openCommented();
      soon();
      return true;
    };
    let tries = 0;
    const awaitComments = () => {
      tries += 1;
      if (!followComments() && tries < 60) setTimeout(awaitComments, 250);
    };
    setTimeout(awaitComments, 0);
    part('next').hidden = !links().length;
    const goToHash = () => {
      if (window.location.hash.startsWith('#criteria-')) goToPlace(window.location.hash.slice('#criteria-'.length));
    };
    window.addEventListener('hashchange', goToHash);
    goToHash();
    document.dispatchEvent(new CustomEvent('criteria:ready', {
      detail: { form, tools, words, nodes, below, childOf, fieldOf, reveal, whole, send, soon, marks },
    }));
  };
  // The tree is built by Wagtail's own scripts while the document loads.
  if (document.readyState === 'complete') start();
  else window.addEventListener('load', start);
})();
