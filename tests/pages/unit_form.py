"""The unit's screens: fill in, attach evidence, review, sign off, send."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

# What a contributor types, by the name of a rule's input; other inputs are variables of formulas.
TYPED = {"numerator": "9", "denominator": "10", "count": "1", "date": "15/12/2025", "points": "0,5"}
# The best of choices is the first; these are chosen where they are offered.
PREFERRED = ("yes", "true")


class UnitForm:
    """The form of one unit in one round."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.address = ""

    def open(self, round_name: str) -> None:
        """Open the unit's form of the round from the list of forms."""
        self.page.goto("/lam-viec/ho-so/")
        link = self.page.get_by_role("link").filter(has_text=round_name).first
        link.click()
        self.page.wait_for_url(re.compile(r"/lam-viec/ho-so/\d+/"))
        found = re.search(r"/lam-viec/ho-so/\d+/", self.page.url)
        assert found
        self.address = found.group(0)

    def domains(self) -> list[str]:
        """Return the addresses of the form's domains."""
        self.page.goto(self.address)
        links = self.page.locator(f"a[href*='{self.address}linh-vuc/']").all()
        return list(dict.fromkeys((link.get_attribute("href") or "").split("?")[0].split("#")[0] for link in links))

    def fill_domain(self, address: str) -> list[str]:
        """Type something into every open leaf of a domain and wait until all is stored; return the leaves' codes."""
        self.page.goto(address)
        codes = []
        for leaf in self.page.locator("[data-leaf]:has([data-leaf-form])").all():
            code = leaf.get_attribute("data-leaf") or ""
            self._fill_leaf(leaf, code)
            codes.append(code)
        self._all_saved()
        return codes

    def _fill_leaf(self, leaf: Locator, code: str) -> None:
        groups: dict[str, list[Locator]] = {}
        for control in leaf.locator("[data-leaf-form] input:not([type=hidden])").all():
            groups.setdefault((control.get_attribute("name") or "").removeprefix(f"{code}-"), []).append(control)
        for name, controls in groups.items():
            if controls[0].get_attribute("type") == "radio":
                values = [control.get_attribute("value") for control in controls]
                chosen = next((value for value in PREFERRED if value in values), values[0])
                controls[values.index(chosen)].check()
            else:
                controls[0].fill(TYPED.get(name, "10"))
        leaf.locator(f"[name='{code}-explanation']").fill(f"Giải trình cho tiêu chí {code}.")

    def _all_saved(self) -> None:
        """Wait until no leaf has an unsaved change, then reload: what stands there now came from the server."""
        for leaf in self.page.locator("[data-leaf]:has([data-leaf-form])").all():
            expect(leaf.locator("[data-save-state]")).to_have_class(re.compile("saved|ok|done"), timeout=20_000)
        self.page.reload()

    def lacking(self) -> int:
        """Return how many leaves the review names as missing."""
        self.page.goto(f"{self.address}ra-soat/")
        return self.page.locator("#missing .list-rows li").count()

    def attach_pdf(self, code: str, *, name: str, content: bytes) -> None:
        """Upload a PDF as evidence of a leaf."""
        self.page.goto(f"{self.address}tieu-chi/{code}/minh-chung/")
        form = self.page.locator("form[data-upload]")
        file = {"name": name, "mimeType": "application/pdf", "buffer": content}
        form.locator("input[type=file]").set_input_files(files=[file])
        form.locator("[data-upload-common] [name=pages]").fill("1")
        form.locator("button[type=submit]").click()
        self.page.wait_for_url(re.compile(r"/linh-vuc/"))
        expect(self.page.locator(".files .file").first).to_be_visible()

    def sign_off(self) -> None:
        """Sign off as the leader; the page then says who signed."""
        self.page.goto(f"{self.address}ra-soat/")
        self.page.locator("form[action$='/ky-duyet/'] button[type=submit]").click()
        expect(self.page.locator("form[action$='/gui-di/'], form[action$='/rut-ky-duyet/']").first).to_be_attached()

    def send(self) -> str:
        """Send; return the number on the receipt."""
        self.page.goto(f"{self.address}ra-soat/")
        self.page.locator("form[action$='/gui-di/'] button[type=submit]").click()
        self.page.wait_for_url(re.compile(r"/bien-nhan/$"))
        return self.page.locator(".receipt").first.inner_text()
