/* Says beside each plus sign of the criteria tree what it adds; the style sheet shows the words (--criteria-add). */
document.addEventListener('criteria:ready', ({ detail: { words } }) => {
  const labels = JSON.parse(words.add);
  const tree = document.getElementById('body-root');
  if (!tree) return;

  const nameOf = (place) => {
    const path = place.dataset.contentpath;
    if (path in labels) return labels[path];
    // The lists inside a condition have no name of their own; the condition has a kind.
    if (!place.parentElement.closest('[data-contentpath="applicability"]')) return null;
    const condition = place.closest('[data-streamfield-child]');
    const kind = condition && condition.querySelector(':scope > input[name$="-type"]');
    return (kind && labels[kind.value]) || null;
  };
  const mark = (root) => [root, ...root.querySelectorAll('[data-contentpath]')]
    .filter((place) => place.dataset.contentpath)
    .forEach((place) => {
      const name = nameOf(place);
      if (name) place.style.setProperty('--criteria-add', JSON.stringify(name));
    });

  tree.style.setProperty('--criteria-add', JSON.stringify(labels.body));
  mark(tree);
  new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => {
    if (node.nodeType === Node.ELEMENT_NODE) mark(node);
  }))).observe(tree, { childList: true, subtree: true });
});
