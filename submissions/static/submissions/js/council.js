// A show of hands: everybody for, then single votes are changed. Without JavaScript each vote is chosen by itself.
(function () {
  "use strict";
  document.querySelectorAll(".vote__all").forEach(function (box) {
    box.classList.add("is-live");
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-all-vote]");
    if (!button) {
      return;
    }
    button.form.querySelectorAll("input[type=radio][value=" + button.dataset.allVote + "]").forEach(function (radio) {
      radio.checked = true;
    });
  });
})();
