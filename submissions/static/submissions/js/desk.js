// Choose or clear all boxes of one name on the page, and say how many are chosen; the server decides on each again.
(function () {
  "use strict";

  function boxesOf(name) {
    return Array.prototype.slice.call(document.querySelectorAll("input[type=checkbox][name=" + name + "]"));
  }

  // A button with data-counts bears the number of chosen boxes and asks with it, and with those that are data-bare.
  function tell() {
    document.querySelectorAll("[data-counts]").forEach(function (button) {
      var chosen = boxesOf(button.dataset.counts).filter(function (box) { return box.checked; });
      var bare = chosen.filter(function (box) { return box.hasAttribute("data-bare"); }).length;
      var question = bare ? button.dataset.confirmBare : button.dataset.confirmCounted;
      if (!chosen.length) {
        // Nothing to ask: the server says that nothing was chosen.
        delete button.dataset.confirm;
        button.querySelector("[data-count]").textContent = "";
        return;
      }
      button.dataset.confirm = question.replace("{chosen}", chosen.length).replace("{bare}", bare);
      button.querySelector("[data-count]").textContent = " (" + chosen.length + ")";
    });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-choose-all]");
    if (!button) {
      return;
    }
    var boxes = boxesOf(button.dataset.chooseAll);
    var all = boxes.every(function (box) { return box.checked; });
    boxes.forEach(function (box) { box.checked = !all; });
    tell();
  });
  document.addEventListener("change", tell);
  // Also when the browser gives back a page with its ticks.
  window.addEventListener("pageshow", tell);
})();
