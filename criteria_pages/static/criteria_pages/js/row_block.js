/* A row of a rule's list that is called by what it says while it is folded (criteria_pages/blocks/rules.py). */
(() => {
  const { StructBlockDefinition } = window.wagtailStreamField.blocks;

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
      return row;
    }
  }
  window.telepath.register('criteria_pages.blocks.RowBlock', RowBlockDefinition);
})();
