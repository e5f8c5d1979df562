// What every screen of the workspace shares: the token for htmx requests, the way to an error, confirmation of weighty acts.
(function () {
  "use strict";

  function token() {
    var field = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (field) {
      return field.value;
    }
    var match = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    return match ? decodeURIComponent(match[1]) : "";
  }

  document.addEventListener("htmx:configRequest", function (event) {
    if (event.detail.verb !== "get") {
      event.detail.headers["X-CSRFToken"] = token();
    }
  });

  // A form names the question in data-confirm; the answer "no" keeps everything as it is.
  document.addEventListener("submit", function (event) {
    if (event.defaultPrevented) {
      // htmx sends this form and has asked by itself.
      return;
    }
    var question = event.target.dataset.confirm || (event.submitter && event.submitter.dataset.confirm);
    if (question && !window.confirm(question)) {
      event.preventDefault();
    }
  });

  // What asks again by itself (data-poll) rests while nobody looks, and asks at once when somebody looks again.
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (document.hidden && event.detail.elt.hasAttribute("data-poll")) {
      event.preventDefault();
    }
  });
  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && window.htmx) {
      document.querySelectorAll("[data-poll]").forEach(function (element) {
        window.htmx.trigger(element, "poll-now");
      });
    }
  });

  // Selects with data-submit send their form at once; without JavaScript the button beside them does.
  document.addEventListener("change", function (event) {
    if (event.target.matches("select[data-submit]")) {
      event.target.form.requestSubmit();
    }
  });

  document.addEventListener("DOMContentLoaded", function () {
    var summary = document.querySelector(".error-summary");
    if (summary) {
      summary.focus();
    }
  });
})();
