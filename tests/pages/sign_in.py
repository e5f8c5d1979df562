"""The sign-in screen."""

from __future__ import annotations

from bs4 import BeautifulSoup
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

    def sign_in_by_request(self, username: str, password: str = DEMONSTRATION_PASSWORD) -> None:
        """Sign in without looking at the screen; the browser has the session afterwards."""
        request = self.page.request
        form = BeautifulSoup(request.get(ADDRESS).text(), "html.parser")
        token = form.select_one("input[name=csrfmiddlewaretoken]")["value"]
        data = {"username": username, "password": password, "csrfmiddlewaretoken": token}
        answer = request.post(ADDRESS, form=data, headers={"Referer": request.get(ADDRESS).url})
        assert ADDRESS not in answer.url, f"{username} was not signed in"
