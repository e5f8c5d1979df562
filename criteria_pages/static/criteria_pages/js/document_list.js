/* A list of legal documents, each with its own chooser (criteria_pages/document_list.py). */
document.addEventListener('DOMContentLoaded', () => {
  document.querySelectorAll('[data-document-list]').forEach((list) => {
    const pattern = list.querySelector('template');
    const add = list.querySelector('[data-document-add]');
    const rows = () => [...list.querySelectorAll('[data-document-row]')];
    const inputOf = (row) => row.querySelector('input[type="hidden"]');
    let number = rows().length;

    const blank = () => {
      const row = document.createElement('div');
      row.dataset.documentRow = '';
      row.innerHTML = pattern.innerHTML.replaceAll('__number__', String(number));
      number += 1;
      add.before(row);
      new window.Chooser(inputOf(row).id, JSON.parse(list.dataset.options));
      return row;
    };
    add.addEventListener('click', () => {
      const row = rows().find((other) => !inputOf(other).value) || blank();
      row.querySelector('[data-chooser-action-choose]').click();
    });
    // A document that is taken out leaves no empty line behind.
    list.addEventListener('change', (event) => {
      const row = event.target.closest('[data-document-row]');
      if (row && !inputOf(row).value) row.remove();
    });
  });
});
