// Colours as the device asks, or as chosen here. Loaded before the body so that nothing flashes; without it the device decides.
(function () {
  "use strict";
  var root = document.documentElement;
  var MEDIA = { auto: "screen and (prefers-color-scheme: dark)", dark: "screen", light: "not all" };
  var ORDER = ["auto", "light", "dark"];
  root.classList.add("js");

  function stored() {
    try {
      var value = window.localStorage.getItem("portal-theme");
      return ORDER.indexOf(value) >= 0 ? value : "auto";
    } catch (refused) {
      return "auto";
    }
  }

  function apply(theme) {
    var sheet = document.querySelector("link[data-theme-sheet]");
    if (sheet) {
      sheet.media = MEDIA[theme];
    }
    document.querySelectorAll(".theme-switch").forEach(function (button) {
      button.dataset.theme = theme;
      var text = button.querySelector("[data-theme-text]");
      text.textContent = button.dataset.label + ": " + button.dataset[theme];
      button.title = text.textContent;
    });
  }

  apply(stored());

  document.addEventListener("DOMContentLoaded", function () {
    apply(stored());
    document.addEventListener("click", function (event) {
      var button = event.target.closest(".theme-switch");
      if (button) {
        var next = ORDER[(ORDER.indexOf(button.dataset.theme) + 1) % ORDER.length];
        try {
          window.localStorage.setItem("portal-theme", next);
        } catch (refused) {
          // Private windows may refuse to store; the choice then holds for this page.
        }
        apply(next);
        return;
      }
      // A menu closes when one acts elsewhere.
      document.querySelectorAll("details.menu[open], details.site-menu[open]").forEach(function (menu) {
        if (!menu.contains(event.target)) {
          menu.open = false;
        }
      });
    });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") {
        return;
      }
      document.querySelectorAll("details.menu[open], details.site-menu[open]").forEach(function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    });
  });
})();
