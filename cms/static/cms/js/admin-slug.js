/* Proposes the address of a new page from its title, as the server makes it: "Đổi mới" gives "doi-moi". Stops once the
   address was typed by hand. Wagtail's own proposal writes đ as dj. */
(function () {
  "use strict";

  function slug(text) {
    return text
      .replace(/[đĐ]/g, "d")
      .normalize("NFD")
      .replace(/[\u0300-\u036f]/g, "")
      .toLowerCase()
      .replace(/[^a-z0-9\s_-]/g, "")
      .trim()
      .replace(/[\s-]+/g, "-")
      .replace(/^[-_]+|[-_]+$/g, "");
  }

  function start() {
    var title = document.getElementById("id_title");
    var address = document.getElementById("id_slug");
    if (!title || !address || address.value) {
      return;
    }
    var proposed = "";
    title.addEventListener("input", function () {
      if (address.value === "" || address.value === proposed) {
        proposed = slug(title.value).slice(0, 255);
        address.value = proposed;
        address.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", start);
  } else {
    start();
  }
})();
