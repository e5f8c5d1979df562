// The ranking filters, sorts and turns its pages without a reload. The server stays the one that computes: what is shown is
// the answer to the very address that the form or the link would lead to, so it can be linked, printed and gone back to.
(function () {
  "use strict";
  var FORM = "[data-filter-form]";
  var LIST = "[data-ranking]";
  var WAIT = 220;
  var BUSY_AFTER = 300;
  var timer = 0;
  var running = null;
  var shown = window.location.pathname + window.location.search;

  function addressOf(form) {
    var query = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      if (value !== "") {
        query.append(name, value);
      }
    });
    var text = query.toString();
    return form.getAttribute("action") + (text ? "?" + text : "");
  }

  function show(address, remember) {
    if (running) {
      running.abort();
    }
    running = new AbortController();
    var asked = running;
    var list = document.querySelector(LIST);
    var busy = window.setTimeout(function () {
      list.setAttribute("aria-busy", "true");
    }, BUSY_AFTER);
    fetch(address, { signal: asked.signal, credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) {
          throw new Error(String(answer.status));
        }
        return answer.text();
      })
      .then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        replace(page);
        if (remember) {
          window.history[remember === "push" ? "pushState" : "replaceState"]({ ranking: true }, "", address);
        }
        shown = window.location.pathname + window.location.search;
      })
      .catch(function (error) {
        // Whatever the server has to say about the address, it says on a page of its own.
        if (error.name !== "AbortError") {
          window.location.assign(address);
        }
      })
      .finally(function () {
        window.clearTimeout(busy);
        document.querySelector(LIST).removeAttribute("aria-busy");
        if (running === asked) {
          running = null;
        }
      });
  }

  function replace(page) {
    var fresh = page.querySelector(LIST);
    var list = document.querySelector(LIST);
    var chosen = checked();
    list.replaceWith(document.adoptNode(fresh));
    // The fields that the reader is in stay as they are; what hangs on the answer (order, the way back) is taken over.
    var extras = page.querySelector("[data-filter-extras]");
    document.querySelector("[data-filter-extras]").replaceWith(document.adoptNode(extras));
    chosen.forEach(function (code) {
      var box = document.querySelector('input[data-compare][value="' + code + '"]');
      if (box) {
        box.checked = true;
      }
    });
    limit();
  }

  function fill(form, address) {
    var query = new URL(address, window.location.href).searchParams;
    Array.prototype.forEach.call(form.elements, function (field) {
      if (field.name && field.type !== "hidden") {
        field.value = query.get(field.name) || "";
      }
    });
  }

  function checked() {
    return Array.prototype.map.call(document.querySelectorAll("input[data-compare]:checked"), function (box) {
      return box.value;
    });
  }

  function limit() {
    var count = checked().length;
    document.querySelectorAll("input[data-compare]").forEach(function (box) {
      box.disabled = !box.checked && count >= 4;
    });
  }

  document.addEventListener("DOMContentLoaded", function () {
    var form = document.querySelector(FORM);
    if (!form || !window.fetch || !window.AbortController) {
      return;
    }
    form.addEventListener("input", function (event) {
      window.clearTimeout(timer);
      timer = window.setTimeout(
        function () {
          show(addressOf(form), "replace");
        },
        event.target.type === "search" ? WAIT : 0
      );
    });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      window.clearTimeout(timer);
      show(addressOf(form), "push");
    });
    document.addEventListener("change", function (event) {
      if (event.target.matches("input[data-compare]")) {
        limit();
      }
    });
    document.addEventListener("click", function (event) {
      var link = event.target.closest(LIST + " a.sort, " + LIST + " .pagination a, a[data-show-all]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) {
        return;
      }
      event.preventDefault();
      fill(form, link.href);
      show(link.getAttribute("href"), "push");
      if (link.matches(".pagination a")) {
        document.getElementById("bang-xep-hang").scrollIntoView();
      }
    });
    window.addEventListener("popstate", function () {
      // A jump to a row on this page is no other page.
      if (window.location.pathname + window.location.search === shown) {
        return;
      }
      fill(form, window.location.href);
      show(window.location.href, "");
    });
  });
})();
