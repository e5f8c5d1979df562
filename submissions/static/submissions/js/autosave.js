// Autosave leaf by leaf. What is typed is kept on this computer until the server has acknowledged it, so a lost line,
// a reload or an ended session loses nothing. The server computes the score, refuses stale writes and knows the time.
(function () {
  "use strict";

  // What was typed for something that is decided by now is kept no longer.
  document.querySelectorAll("[data-forget]").forEach(function (place) {
    try { localStorage.removeItem("portal-form:" + place.dataset.forget); } catch (error) { /* nothing to forget */ }
  });
  var root = document.querySelector("[data-form]");
  if (!root || !root.dataset.writable) {
    return;
  }
  var DELAY = 1200;
  var TIMEOUT = 20000;
  var RETRIES = [2000, 5000, 10000, 20000, 30000];
  var prefix = "portal-form:" + root.dataset.user + ":" + root.dataset.submission + ":";
  var texts = root.dataset;
  var leaves = {};

  // --- what is kept on this computer -------------------------------------------------------------------------------
  function keep(leaf, submitted) {
    try {
      localStorage.setItem(prefix + leaf.code, JSON.stringify({
        values: leaf.values(), version: leaf.version(), own: leaf.own, at: Date.now(), submitted: submitted || undefined
      }));
    } catch (error) { /* a full or forbidden storage: the page itself still holds the text */ }
  }

  function forget(leaf) {
    try { localStorage.removeItem(prefix + leaf.code); } catch (error) { /* nothing to forget */ }
  }

  function kept(leaf) {
    try { return JSON.parse(localStorage.getItem(prefix + leaf.code)); } catch (error) { return null; }
  }

  function uuid() {
    if (window.crypto && crypto.randomUUID) { return crypto.randomUUID(); }
    return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, function (c) {
      return (Number(c) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(c) / 4)))).toString(16);
    });
  }

  function cookie(name) {
    var match = document.cookie.match(new RegExp("(?:^|; )" + name + "=([^;]+)"));
    return match ? decodeURIComponent(match[1]) : "";
  }

  // --- one leaf ----------------------------------------------------------------------------------------------------
  function Leaf(card) {
    this.card = card;
    this.code = card.dataset.leaf;
    // In the unit's form fields bear the code of their leaf; a screen of one leaf alone names them plainly.
    this.prefix = "plainFields" in card.dataset ? "" : this.code + "-";
    this.form = card.querySelector("[data-leaf-form]");
    this.state = card.querySelector("[data-save-state]");
    this.own = [];
    this.timer = null;
    this.sending = false;
    this.dirty = false;
    this.tries = 0;
    this.blocked = "";
  }

  Leaf.prototype.field = function (name) {
    return this.form.elements[this.prefix + name];
  };

  // Boxes of one name are kept as the values that are ticked; null for any other field.
  Leaf.prototype.boxes = function (name) {
    var found = this.field(name);
    var all = found.tagName ? [found] : Array.prototype.slice.call(found);
    return all.length && all[0].type === "checkbox" ? all : null;
  };

  Leaf.prototype.names = function () {
    var names = [];
    var own = this.prefix;
    var none = ["version", "csrfmiddlewaretoken"];
    Array.prototype.forEach.call(this.form.elements, function (element) {
      if (element.name && element.name.indexOf(own) === 0 && element.type !== "submit") {
        var name = element.name.slice(own.length);
        if (none.indexOf(name) < 0 && names.indexOf(name) < 0) { names.push(name); }
      }
    });
    return names;
  };

  Leaf.prototype.values = function () {
    var found = {};
    this.names().forEach(function (name) {
      var boxes = this.boxes(name);
      found[name] = boxes ? boxes.filter(function (box) { return box.checked; }).map(function (box) { return box.value; }).join(",") : this.field(name).value;
    }, this);
    return found;
  };

  Leaf.prototype.fill = function (values) {
    this.names().forEach(function (name) {
      if (!(name in values)) { return; }
      var boxes = this.boxes(name);
      if (boxes) {
        var ticked = values[name].split(",");
        boxes.forEach(function (box) { box.checked = ticked.indexOf(box.value) >= 0; });
        return;
      }
      var field = this.field(name);
      field.value = values[name];
      // Nothing that is restored stays hidden.
      var box = values[name] && field.closest ? field.closest("details") : null;
      if (box) { box.open = true; }
    }, this);
  };

  Leaf.prototype.version = function () { return this.field("version").value || "0"; };

  Leaf.prototype.say = function (kind, text, link) {
    this.state.className = "save-state" + (kind ? " save-state--" + kind : "");
    this.state.textContent = text;
    if (link) {
      var a = document.createElement("a");
      a.href = link;
      a.target = "_blank";
      a.rel = "noopener";
      a.textContent = texts.textSignIn;
      this.state.append(" ", a);
    }
    total();
  };

  Leaf.prototype.changed = function () {
    this.dirty = true;
    keep(this);
    if (this.blocked === "stale") { return; }
    this.blocked = "";
    this.say("", texts.textWaiting);
    this.plan(DELAY);
  };

  Leaf.prototype.plan = function (delay) {
    var leaf = this;
    clearTimeout(this.timer);
    this.timer = setTimeout(function () { leaf.send(); }, delay);
  };

  Leaf.prototype.send = function () {
    var leaf = this;
    if (this.sending || !this.dirty || this.blocked === "stale") { return; }
    clearTimeout(this.timer);
    var sent = JSON.stringify(this.values());
    var id = uuid();
    var body = new URLSearchParams(new FormData(this.form));
    // The token of the page is old after a new sign-in; the header carries the one of the cookie.
    body.delete("csrfmiddlewaretoken");
    body.set(this.prefix + "version", this.version());
    body.set("write_id", id);
    body.set("as_user", root.dataset.user);
    body.set("own_writes", this.own.join(","));
    this.own.push(id);
    this.own = this.own.slice(-20);
    keep(this);
    this.sending = true;
    this.say("", texts.textSaving);
    var abort = new AbortController();
    var clock = setTimeout(function () { abort.abort(); }, TIMEOUT);
    fetch(this.card.dataset.saveUrl, {
      method: "POST", body: body, signal: abort.signal, credentials: "same-origin", redirect: "error",
      headers: { "X-CSRFToken": cookie("csrftoken"), "Accept": "application/json", "X-Requested-With": "fetch" }
    }).then(function (response) {
      return response.json().then(function (data) { return { status: response.status, data: data }; });
    }).then(function (answer) {
      leaf.tries = 0;
      leaf.answered(answer.status, answer.data, sent);
    }).catch(function () {
      leaf.say("offline", texts.textOffline);
      leaf.plan(RETRIES[Math.min(leaf.tries, RETRIES.length - 1)]);
      leaf.tries += 1;
    }).finally(function () {
      clearTimeout(clock);
      leaf.sending = false;
      if (leaf.again) {
        leaf.again = false;
        leaf.plan(0);
      }
    });
  };

  Leaf.prototype.answered = function (status, data, sent) {
    this.errors({});
    if (data.state === "saved") {
      this.own = [];
      this.field("version").value = data.version;
      if (data.domains) { this.show(data); }
      if (JSON.stringify(this.values()) === sent) {
        this.dirty = false;
        forget(this);
        this.say("saved", texts.textSaved + " " + data.saved_at + (data.was_signed ? " · " + texts.textVoid : ""));
      } else {
        keep(this);
        this.again = true;
      }
      return;
    }
    if (data.state === "stale") {
      this.own = [];
      this.blocked = "stale";
      this.stale(data);
      this.say("error", texts.textStale);
    } else if (data.state === "invalid") {
      this.own = [];
      this.errors(data.errors);
      this.say("error", texts.textInvalid);
      if (JSON.stringify(this.values()) !== sent) { this.again = true; }
    } else if (data.state === "signed_out") {
      this.say("error", texts.textSignedOut, data.login);
      this.blocked = "signed_out";
    } else if (status === 403 && !data.state) {
      // No token, or an old one: the session has ended. A sign-in in another tab brings the new one.
      this.say("error", texts.textSignedOut, texts.login);
      this.blocked = "signed_out";
    } else if (data.state === "refused") {
      this.say("error", texts.textRefused + ": " + data.message);
    } else {
      // The server is there but cannot store now (a full disk says so in a sentence): kept here, tried again.
      this.say("offline", data.message || texts.textOffline);
      this.plan(RETRIES[Math.min(this.tries++, RETRIES.length - 1)]);
    }
  };

  Leaf.prototype.show = function (data) {
    this.card.querySelector("[data-points]").textContent = data.points;
    if (data.sentence) { this.card.querySelector("[data-sentence]").textContent = data.sentence; }
    this.card.classList.remove("leaf--missing", "leaf--done", "leaf--error", "leaf--asked");
    this.card.classList.add(data.lack ? "leaf--missing" : "leaf--done");
    var badge = this.card.querySelector("[data-lack] .badge");
    if (badge) {
      badge.className = "badge badge--" + (data.lack ? "amber" : "teal");
      badge.textContent = data.lack ? data.lack_label : root.dataset.textDone;
    }
    var mark = document.querySelector('[data-mark="' + this.code + '"]');
    if (mark) { mark.className = "tree__mark tree__mark--" + (data.lack ? "missing" : "done"); }
    Object.keys(data.domains).forEach(function (code) {
      ring(document.querySelector('[data-ring="' + code + '"]'), data.domains[code][0], data.domains[code][1]);
    });
    ring(document.querySelector("[data-progress-total]"), data.done, data.total);
    var finding = document.querySelector("[data-finding]");
    if (finding && data.finding) { finding.textContent = data.finding; }
  };

  Leaf.prototype.errors = function (errors) {
    var leaf = this;
    this.form.querySelectorAll("[data-auto-error]").forEach(function (old) { old.remove(); });
    this.form.querySelectorAll(".field--error").forEach(function (old) {
      old.classList.remove("field--error");
      old.querySelectorAll("[aria-invalid]").forEach(function (input) { input.removeAttribute("aria-invalid"); });
    });
    this.card.classList.toggle("leaf--error", Object.keys(errors).length > 0);
    Object.keys(errors).forEach(function (name) {
      var found = leaf.field(name);
      var input = found && (found.length && !found.tagName ? found[0] : found);
      var box = input ? input.closest(".field") : leaf.form;
      var line = document.createElement("p");
      line.className = "field__error";
      line.dataset.autoError = "1";
      line.textContent = errors[name];
      box.classList.add("field--error");
      if (input) {
        line.id = "error-" + leaf.code + "-" + name;
        input.setAttribute("aria-invalid", "true");
        input.setAttribute("aria-describedby", line.id);
      }
      box.append(line);
    });
  };

  // Two versions side by side: the fields keep what was typed, the notice shows what is stored.
  Leaf.prototype.stale = function (data) {
    var leaf = this;
    var place = this.card.querySelector("[data-stale]");
    place.innerHTML = data.html;
    this.card.classList.add("leaf--asked");
    function settle() {
      place.replaceChildren();
      leaf.card.classList.remove("leaf--asked");
      leaf.blocked = "";
      leaf.field("version").value = data.current.version;
      // What the person has seen now, where the server names it.
      leaf.fill(data.follow || {});
      leaf.dirty = true;
      keep(leaf);
      leaf.send();
    }
    var keepMine = place.querySelector("[data-keep-mine]");
    var join = place.querySelector("[data-join]");
    var theirs = place.querySelector("[data-take-theirs]");
    keepMine.addEventListener("click", settle);
    if (join) { join.addEventListener("click", function () {
      var text = leaf.card.dataset.joins || "explanation";
      var mine = leaf.field(text).value.trim();
      var stored = (data.current[text] || "").trim();
      if (stored && mine.indexOf(stored) < 0) {
        leaf.field(text).value = mine ? stored + "\n\n" + mine : stored;
      }
      settle();
    }); }
    theirs.addEventListener("click", function () {
      leaf.dirty = false;
      forget(leaf);
      window.location.reload();
    });
    keepMine.focus();
  };

  Leaf.prototype.restore = function () {
    var found = kept(this);
    if (!found) { return; }
    if (found.submitted && this.card.dataset.settled) {
      // It was sent, and what counts now is this person's: nothing is left to restore.
      forget(this);
      return;
    }
    if (JSON.stringify(found.values) === JSON.stringify(this.values())) {
      forget(this);
      return;
    }
    // The server decides: over the version that was typed upon, the write is either fine, our own repeated, or stale.
    this.own = found.own || [];
    this.fill(found.values);
    this.field("version").value = found.version;
    this.dirty = true;
    this.say("", texts.textRestored);
    this.send();
  };

  // --- the whole page ----------------------------------------------------------------------------------------------
  function ring(place, done, all) {
    if (!place) { return; }
    var text = place.querySelector(".ring__text");
    var circle = place.querySelector(".ring__done");
    var share = all ? Math.max(0, Math.min(100, Math.round(100 * done / all))) : 0;
    if (text) { text.lastChild.textContent = done + "/" + all; }
    if (!circle && share) {
      var track = place.querySelector(".ring__track");
      circle = track.cloneNode();
      circle.setAttribute("class", "ring__done");
      track.after(circle);
    }
    if (circle) { circle.setAttribute("stroke-dasharray", share + " 100"); }
  }

  function total() {
    var bar = document.querySelector("[data-total-state]");
    if (!bar) { return; }
    var waiting = Object.keys(leaves).filter(function (code) { return leaves[code].dirty; });
    var words = waiting.length ? texts.textPending + ": " + waiting.join(", ") : texts.textAllSaved;
    var span = bar.querySelector("span") || bar;
    if (span.textContent !== words) { span.textContent = words; }
  }

  function retry() {
    Object.keys(leaves).forEach(function (code) {
      var leaf = leaves[code];
      if (leaf.dirty && leaf.blocked !== "stale") {
        leaf.blocked = "";
        leaf.send();
      }
    });
  }

  root.querySelectorAll("[data-leaf]").forEach(function (card) {
    if (card.dataset.saveUrl && card.querySelector("[data-leaf-form]")) {
      var leaf = new Leaf(card);
      leaves[leaf.code] = leaf;
      leaf.form.addEventListener("input", function () { leaf.changed(); });
      leaf.form.addEventListener("change", function () { leaf.changed(); });
      leaf.form.addEventListener("focusout", function (event) {
        if (leaf.dirty && !leaf.form.contains(event.relatedTarget)) { leaf.plan(0); }
      });
      // A normal save carries everything. What is kept stays until the next page has compared it with the server's.
      leaf.form.addEventListener("submit", function () {
        // After a sign-in in another tab the token of the page is old; the cookie has the one that counts.
        if (leaf.form.elements.csrfmiddlewaretoken && cookie("csrftoken")) {
          leaf.form.elements.csrfmiddlewaretoken.value = cookie("csrftoken");
        }
        clearTimeout(leaf.timer);
        if (kept(leaf)) { keep(leaf, true); }
        leaf.dirty = false;
      });
      if (!card.querySelector("[data-stale] .stale")) { leaf.restore(); }
    }
  });

  // Whoever throws a draft away gives up what is kept on this computer too.
  root.querySelectorAll("form[data-discard]").forEach(function (form) {
    form.addEventListener("submit", function () {
      Object.keys(leaves).forEach(function (code) {
        clearTimeout(leaves[code].timer);
        leaves[code].dirty = false;
        forget(leaves[code]);
      });
    });
  });

  window.addEventListener("online", retry);
  window.addEventListener("focus", retry);
  setInterval(function () {
    if (Object.keys(leaves).some(function (code) { return leaves[code].blocked === "signed_out"; })) { retry(); }
  }, 15000);
  window.addEventListener("beforeunload", function (event) {
    if (Object.keys(leaves).some(function (code) { return leaves[code].dirty; })) {
      event.preventDefault();
    }
  });

  // The side follows the leaf in which one works.
  var side = document.querySelector("[data-leaf-side]");
  var shown = "";
  root.addEventListener("focusin", function (event) {
    var card = event.target.closest("[data-side-url]");
    if (!side || !card || card.dataset.leaf === shown) { return; }
    shown = card.dataset.leaf;
    fetch(card.dataset.sideUrl, { credentials: "same-origin", redirect: "error" }).then(function (response) {
      return response.ok ? response.text() : "";
    }).then(function (html) {
      if (html && shown === card.dataset.leaf) { side.innerHTML = html; }
    }).catch(function () { shown = ""; });
  });

  // The server's clock runs on from the time the page was made.
  var clock = document.querySelector("[data-server-clock]");
  if (clock) {
    var offset = Date.parse(clock.getAttribute("datetime")) - Date.now();
    setInterval(function () {
      var now = new Date(Date.now() + offset);
      clock.textContent = now.toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Ho_Chi_Minh" });
    }, 10000);
  }
})();
