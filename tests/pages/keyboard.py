"""A person who has a keyboard and a screen reader: finds things by role and name alone, goes there by Tab."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

STOPS = 300  # more than any screen of the unit has


class Keyboard:
    """Moves over a page as the focus does. The mouse is never used, nor is anything found by its place in the code."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.on("dialog", lambda dialog: dialog.accept())  # Enter on the question's first button

    def reach(self, target: Locator) -> None:
        """Press Tab until the focus is on the target. Raises AssertionError where it never comes there."""
        target.wait_for()
        for _ in range(STOPS):
            if target.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reaches {target}")

    def press(self, target: Locator, key: str = "Enter") -> None:
        """Go to the target and press the key on it."""
        self.reach(target)
        self.page.keyboard.press(key)

    def write(self, target: Locator, text: str) -> None:
        """Go to the field and type, instead of what stands there."""
        self.reach(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def skip_to_content(self, name: str) -> None:
        """Take the first stop of every screen, the jump over the menu."""
        self.page.keyboard.press("Tab")
        self.press(self.page.get_by_role("link", name=name, exact=True))
