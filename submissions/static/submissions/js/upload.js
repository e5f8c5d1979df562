// Several documents at once, in pieces: each shows how far it is, goes on by itself after a broken line, and where the
// page was reloaded goes on when the same file is chosen again. The server checks and stores; without this script the
// form is sent as a whole.
(function () {
  "use strict";

  var form = document.querySelector("form[data-upload]");
  if (!form || !window.FormData || !window.crypto) {
    return;
  }
  var PIECE = 512 * 1024;
  var MOST = 200;
  var AT_ONCE = 2;
  var TIMEOUT = 120000;
  var RETRIES = [1000, 3000, 8000, 15000, 30000];
  var NIL = "00000000-0000-0000-0000-000000000000";
  var texts = form.dataset;
  var input = form.querySelector("input[type=file]");
  var list = form.querySelector("[data-upload-list]");
  var common = form.querySelector("[data-upload-common]");
  var summary = form.querySelector("[data-upload-summary]");
  var button = form.querySelector("button[type=submit]");
  var rowTemplate = form.querySelector("[data-upload-row]");
  var rows = [];
  var running = 0;

  function uuid() {
    if (crypto.randomUUID) { return crypto.randomUUID(); }
    return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, function (c) {
      return (Number(c) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(c) / 4)))).toString(16);
    });
  }

  function cookie(name) {
    var match = document.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]+)"));
    return match ? decodeURIComponent(match[1]) : "";
  }

  function size(bytes) {
    var language = document.documentElement.lang || "vi";
    if (bytes < 100000) { return Math.max(1, Math.round(bytes / 1000)).toLocaleString(language) + "\u00a0kB"; }
    return (bytes / 1000000).toLocaleString(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) + "\u00a0MB";
  }

  // --- one file ----------------------------------------------------------------------------------------------------
  function Row(file, number) {
    var row = this;
    this.file = file;
    this.state = "waiting";
    this.offset = 0;
    this.tries = 0;
    this.stuck = 0;
    this.key = ["portal-upload", texts.user, texts.upload, file.name, file.size, file.lastModified].join(":");
    this.uid = this.known() || uuid();
    this.element = rowTemplate.content.firstElementChild.cloneNode(true);
    this.element.querySelectorAll("[data-name]").forEach(function (place, at) {
      place.textContent = (at ? " " : "") + file.name;
    });
    this.element.querySelector("[data-size]").textContent = size(file.size);
    this.words = this.element.querySelector("[data-state]");
    this.bar = this.element.querySelector("progress");
    this.bar.setAttribute("aria-label", file.name);
    this.facts = this.element.querySelector("[data-facts]");
    this.element.querySelectorAll("[data-fact]").forEach(function (field) {
      field.id = "upload-" + number + "-" + field.name;
      field.previousElementSibling.htmlFor = field.id;
    });
    this.action = this.element.querySelector("[data-remove]");
    this.action.addEventListener("click", function () {
      if (row.state === "failed" && !row.refused) { row.again(); } else { row.remove(); }
    });
    this.say("waiting", texts.textWaiting);
  }

  Row.prototype.known = function () {
    try { return localStorage.getItem(this.key); } catch (error) { return null; }
  };

  Row.prototype.remember = function () {
    try { localStorage.setItem(this.key, this.uid); } catch (error) { /* without it a reload begins again */ }
  };

  Row.prototype.forget = function () {
    try { localStorage.removeItem(this.key); } catch (error) { /* nothing to forget */ }
  };

  Row.prototype.say = function (state, words) {
    this.state = state;
    this.words.textContent = words;
    this.element.classList.toggle("file--broken", state === "failed");
    this.words.classList.toggle("strong", state === "failed" || state === "offline");
    this.action.hidden = state !== "waiting" && state !== "failed";
    this.action.firstElementChild.textContent = state === "failed" && !this.refused ? texts.textAgain : texts.textRemove;
    this.bar.hidden = state === "waiting" || state === "failed" || state === "done";
  };

  Row.prototype.remove = function () {
    rows = rows.filter(function (row) { return row !== this; }, this);
    this.element.remove();
    layout();
    input.focus();
  };

  Row.prototype.again = function () {
    this.tries = 0;
    this.stuck = 0;
    this.say("waiting", texts.textWaiting);
    next();
  };

  // What is known of the document: of the row where several are chosen, of the form where there is one.
  Row.prototype.described = function () {
    var source = rows.length > 1 ? this.element : common;
    var found = {};
    source.querySelectorAll("input[name], textarea[name]").forEach(function (field) { found[field.name] = field.value; });
    return found;
  };

  Row.prototype.start = function () {
    var row = this;
    running += 1;
    this.say("sending", texts.textSending);
    if (!this.known()) {
      this.remember();
      this.send();
      return;
    }
    this.request("GET", null, function (status, data) {
      if (data.state === "partial") { row.offset = data.received; row.send(); } else { row.answered(status, data, 0); }
    });
  };

  Row.prototype.send = function () {
    var row = this;
    var piece = this.file.slice(this.offset, Math.min(this.offset + PIECE, this.file.size));
    var body = new FormData();
    var described = this.described();
    Object.keys(described).forEach(function (name) { body.append(name, described[name]); });
    body.append("as_user", texts.user);
    body.append("name", this.file.name);
    body.append("size", this.file.size);
    body.append("offset", this.offset);
    body.append("piece", piece, "piece");
    if (this.offset + piece.size >= this.file.size) { this.words.textContent = texts.textChecking; }
    this.request("POST", body, function (status, data) { row.answered(status, data, piece.size); });
  };

  Row.prototype.request = function (method, body, then) {
    var row = this;
    var request = new XMLHttpRequest();
    request.open(method, texts.upload.replace(NIL, this.uid));
    request.timeout = TIMEOUT;
    request.setRequestHeader("X-CSRFToken", cookie("csrftoken"));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Requested-With", "fetch");
    request.upload.addEventListener("progress", function (event) {
      row.bar.value = Math.min(100, 100 * (row.offset + event.loaded) / Math.max(row.file.size, 1));
    });
    request.addEventListener("load", function () {
      var data = {};
      try { data = JSON.parse(request.responseText); } catch (error) { /* no answer of ours */ }
      then(request.status, data);
    });
    ["error", "timeout", "abort"].forEach(function (name) {
      request.addEventListener(name, function () { row.wait(); });
    });
    request.send(body);
  };

  Row.prototype.answered = function (status, data, sent) {
    if (data.state === "done") {
      this.done(data);
    } else if (data.state === "busy") {
      this.wait(1500, texts.textChecking);
    } else if (data.state === "partial") {
      this.go(data.received, sent);
    } else if (data.state === "invalid" || data.state === "refused") {
      this.fail(data);
    } else if (data.state === "signed_out" || status === 403) {
      this.signedOut(data.login || "");
    } else {
      this.wait(0, data.message);
    }
  };

  Row.prototype.go = function (received, sent) {
    this.tries = 0;
    this.stuck = received > this.offset ? 0 : this.stuck + 1;
    if (received < this.offset || this.stuck > 3) {
      // The server has forgotten the upload: begin again under another number.
      this.uid = uuid();
      this.remember();
      this.stuck = 0;
    }
    this.offset = received;
    this.say("sending", texts.textSending);
    this.send();
  };

  Row.prototype.wait = function (delay, words) {
    var row = this;
    this.say("offline", words || texts.textOffline);
    clearTimeout(this.timer);
    this.timer = setTimeout(function () { row.resume(); }, delay || RETRIES[Math.min(this.tries++, RETRIES.length - 1)]);
  };

  // The server knows best what has arrived.
  Row.prototype.resume = function () {
    var row = this;
    clearTimeout(this.timer);
    if (this.state !== "offline") { return; }
    this.say("sending", texts.textSending);
    this.request("GET", null, function (status, data) {
      if (data.state === "partial") {
        row.tries = 0;
        row.offset = data.received;
        row.send();
      } else {
        row.answered(status, data, 0);
      }
    });
  };

  Row.prototype.signedOut = function (login) {
    var row = this;
    this.say("offline", texts.textSignedOut);
    if (login) {
      var link = document.createElement("a");
      link.href = login;
      link.target = "_blank";
      link.rel = "noopener";
      link.textContent = texts.textSignIn;
      this.words.append(" ", link);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(function () { row.resume(); }, 15000);
  };

  Row.prototype.fail = function (data) {
    running -= 1;
    this.refused = data.state === "refused";
    if (this.refused) { this.forget(); }
    this.say("failed", texts.textFailed + ": " + data.message);
    if (rows.length > 1) { this.facts.open = data.state === "invalid"; }
    next();
  };

  Row.prototype.done = function (data) {
    running -= 1;
    this.forget();
    this.say("done", texts.textDone + ": ");
    var link = document.createElement("a");
    link.href = data.url;
    link.textContent = data.title;
    this.words.append(link);
    this.warned = data.warnings.length > 0;
    data.warnings.forEach(function (warning) {
      var line = document.createElement("p");
      line.className = "file__warning";
      line.textContent = warning;
      this.words.after(line);
    }, this);
    this.facts.hidden = true;
    next();
  };

  // --- all of them -------------------------------------------------------------------------------------------------
  function next() {
    var waiting = rows.filter(function (row) { return row.state === "waiting"; });
    while (running < AT_ONCE && waiting.length) { waiting.shift().start(); }
    if (!running && !waiting.length) { finished(); }
  }

  function finished() {
    var done = rows.filter(function (row) { return row.state === "done"; });
    var failed = rows.length - done.length;
    var words = failed ? texts.textSummaryFailed : texts.textSummary;
    summary.textContent = words.replace("{done}", done.length).replace("{all}", rows.length).replace("{failed}", failed);
    button.disabled = false;
    if (!failed && rows.length === 1 && !rows[0].warned) {
      window.location.assign(texts.back || window.location.href);
    } else if (!failed) {
      rows = [];
      input.value = "";
      layout();
    }
  }

  function layout() {
    var several = rows.length > 1;
    common.hidden = several;
    list.hidden = !list.children.length;
    rows.forEach(function (row) { row.facts.hidden = !several; });
  }

  input.addEventListener("change", function () {
    if (running) { return; }
    var files = Array.prototype.slice.call(input.files);
    summary.textContent = "";
    list.replaceChildren();
    rows = [];
    if (files.length > MOST) {
      summary.textContent = texts.textTooMany.replace("{number}", files.length).replace("{most}", MOST);
      input.value = "";
    } else {
      rows = files.map(function (file, number) { return new Row(file, number); });
      rows.forEach(function (row) { list.append(row.element); });
    }
    layout();
  });

  form.addEventListener("submit", function (event) {
    // Nothing chosen: the server says what is missing.
    if (!rows.length) { return; }
    event.preventDefault();
    if (running) { return; }
    button.disabled = true;
    summary.textContent = "";
    rows.forEach(function (row) { if (row.state === "failed" && !row.refused) { row.again(); } });
    next();
  });

  window.addEventListener("online", function () { rows.forEach(function (row) { row.resume(); }); });
  window.addEventListener("focus", function () { rows.forEach(function (row) { row.resume(); }); });
  window.addEventListener("beforeunload", function (event) {
    if (running) { event.preventDefault(); }
  });
})();
