// The appraiser's desk by keyboard. Every key does what a link, button or field of the page does, so that nothing is
// allowed here that is not allowed there. Single keys rest while somebody types and can be switched off (WCAG 2.1.4).
(function () {
  "use strict";

  var dialog = document.querySelector("[data-keys-dialog]");
  if (!dialog) {
    return;
  }
  var SWITCH = "portal-single-keys";
  var toggle = dialog.querySelector("[data-keys-switch]");
  var texts = ["text", "search", "email", "url", "tel", "password", "number", "date", "datetime-local", "time"];

  function on() {
    try { return localStorage.getItem(SWITCH) !== "off"; } catch (error) { return toggle.checked; }
  }

  function typing(element) {
    return element.isContentEditable || element.matches("textarea, select")
      || (element.tagName === "INPUT" && texts.indexOf(element.type) >= 0);
  }

  function find(name) {
    return document.querySelector("[data-key=" + name + "]");
  }

  function click(name) {
    return function () {
      var target = find(name);
      if (target) { target.click(); }
      return Boolean(target);
    };
  }

  // The field itself, or the first one in the place that is named; what is folded is opened.
  function focus(name) {
    return function () {
      var place = find(name);
      var field = place && (place.matches("input, textarea, select") ? place
        : place.querySelector("input:not([type=hidden]), textarea, select"));
      if (!field) { return false; }
      var folded = field.closest("details");
      if (folded) { folded.open = true; }
      field.focus();
      field.scrollIntoView({ block: "center" });
      return true;
    };
  }

  function rows() {
    return Array.prototype.slice.call(document.querySelectorAll("[data-key-row]"));
  }

  function row(step) {
    return function () {
      var all = rows();
      var here = document.activeElement.closest("tr");
      var at = all.findIndex(function (link) { return here && here.contains(link); });
      var next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + step))];
      if (!next) { return false; }
      next.focus();
      return true;
    };
  }

  function tick() {
    var here = document.activeElement.closest("tr");
    var box = here && here.querySelector("input[type=checkbox]");
    if (box) { box.click(); }
    return Boolean(box);
  }

  function help() {
    toggle.checked = on();
    if (!dialog.open) { dialog.showModal(); }
    return true;
  }

  var list = rows().length > 0;
  var KEYS = {
    j: list ? row(1) : click("next"),
    k: list ? row(-1) : click("previous"),
    x: tick,
    a: click("accept"),
    s: focus("score"),
    r: focus("reason"),
    q: click("queue"),
    "?": help
  };

  document.addEventListener("keydown", function (event) {
    // A syllable that is being composed (Vietnamese keyboards) is no key of ours, nor is one that is held down.
    if (event.defaultPrevented || event.isComposing || event.repeat || dialog.open) {
      return;
    }
    var target = event.target.closest ? event.target : document.body;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey) {
      var store = find("store");
      if (store && (target === document.body || store.form.contains(target))) {
        event.preventDefault();
        store.click();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Escape" && typing(target)) {
      // Out of the field, so that single keys work again.
      target.blur();
      return;
    }
    var act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act && on() && !typing(target) && act()) {
      event.preventDefault();
    }
  });

  toggle.addEventListener("change", function () {
    try { localStorage.setItem(SWITCH, toggle.checked ? "on" : "off"); } catch (error) { /* holds for this page */ }
  });
  document.querySelectorAll("[data-keys-help]").forEach(function (button) {
    button.addEventListener("click", help);
  });
  toggle.checked = on();
})();
