"""The sign-in screen."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.portal_process import DEMONSTRATION_PASSWORD

ADDRESS = "/tai-khoan/dang-nhap/"


class SignInPage:
    """Sign in as one of the demonstration accounts."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def sign_in(self, username: str, password: str = DEMONSTRATION_PASSWORD) -> None:
        """Fill in the form and arrive at the workspace."""
        self.page.goto(ADDRESS)
        self.page.locator("input[name=username]").fill(username)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("form:has(input[name=password]) button[type=submit]").click()
        expect(self.page).not_to_have_url(self.page.url.split("/tai-khoan/")[0] + ADDRESS)
