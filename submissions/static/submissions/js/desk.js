// Choose or clear all boxes of one name on the page; the server decides on each again.
(function () {
  "use strict";
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-choose-all]");
    if (!button) {
      return;
    }
    var boxes = Array.prototype.slice.call(document.querySelectorAll("input[type=checkbox][name=" + button.dataset.chooseAll + "]"));
    var all = boxes.every(function (box) { return box.checked; });
    boxes.forEach(function (box) { box.checked = !all; });
  });
})();
