/* A row of a rule's list that is called by what it says while it is folded, and whose mark is suggested
   (criteria_pages/blocks/rules.py). */
(() => {
  const { StructBlockDefinition } = window.wagtailStreamField.blocks;

  const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
  /** Give a row without mark the first letter that no other row of its list has. */
  const suggestMark = (row, prefix) => {
    const mark = row.childBlocks.value;
    const list = /^(.*-)\d+-value$/.exec(prefix);
    if (!mark || !list || mark.getState()) return;
    const taken = [...document.querySelectorAll(`input[name^="${list[1]}"][name$="-value-value"]`)]
      .filter((input) => input.name.slice(list[1].length).split('-').length === 3)
      .filter((input) => (document.querySelector(`input[name="${input.name.slice(0, -'value-value'.length)}deleted"]`) || {}).value !== '1')
      .map((input) => input.value.trim());
    const letter = [...LETTERS].find((other) => !taken.includes(other));
    if (letter) mark.setState(letter);
  };

  class RowBlockDefinition extends StructBlockDefinition {
    render(placeholder, prefix, initialState, initialError) {
      const row = super.render(placeholder, prefix, initialState, initialError);
      const said = (name, options) => {
        const field = row.childBlocks[name];
        return (field && field.getTextLabel && field.getTextLabel(options)) || '';
      };
      const filled = (part, options) => part.replace(/\{(\w+)\}/g, (all, name) => said(name, options));
      const names = (part) => [...part.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      row.getTextLabel = (options) => filled(
        this.meta.labelFormat.replace(/\[([^\]]*)\]/g, (all, part) => (names(part).every((name) => said(name)) ? part : '')),
        options,
      );
      queueMicrotask(() => suggestMark(row, prefix));
      return row;
    }
  }
  window.telepath.register('criteria_pages.blocks.RowBlock', RowBlockDefinition);
})();
