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
    var question = event.target.dataset.confirm || (event.submitter && event.submitter.dataset.confirm);
    if (question && !window.confirm(question)) {
      event.preventDefault();
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
