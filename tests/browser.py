# SPDX-License-Identifier: MIT
"""Debian's Chromium without a window, for the pages that dill writes.

    with Browser() as browser:
        browser.open(path)
        browser.run("return document.title")
        assert browser.messages() == [] and browser.requests() == [path.as_uri()]
"""
import json
import os
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

SWITCHES = (
    "--headless=new", "--window-size=1280,900", "--force-device-scale-factor=1", "--hide-scrollbars", "--disable-gpu",
    "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
)


class Browser:
    """One browser with one page; a context manager that ends it."""

    def __init__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="dill-browser-", ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for switch in SWITCHES:
            options.add_argument(switch)
        options.add_argument(f"--user-data-dir={self._profile.name}")
        if os.geteuid() == 0:  # Chromium's sandbox is not for root
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        try:
            self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        except BaseException:
            self._profile.cleanup()
            raise
        self.driver.set_script_timeout(60)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.driver.quit()
        self._profile.cleanup()

    # --- the page ---

    def open(self, path):
        """Load a file, forgetting the messages and requests of others."""
        self.driver.get("about:blank")
        self.messages()
        self.requests()
        self.driver.get(path.as_uri())
        self.settle()

    def messages(self):
        """What the page has said on the console since the last time, errors too."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self):
        """The addresses that were loaded since the last time; not those that hold their data themselves."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        addresses = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [address for address in addresses if not address.startswith(("data:", "about:"))]

    def run(self, script, *arguments):
        """A script's result."""
        return self.driver.execute_script(script, *arguments)

    def settle(self):
        """Wait until the page is drawn."""
        self.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))")

    def scheme(self, name):
        """Prefer light or dark."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.settle()

    # --- a user ---

    def find(self, selector):
        """The first element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector):
        """Click into the middle of an element, which is scrolled to first."""
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        self.settle()

    def point(self, selector, x, y):
        """Move the mouse to a place in an element."""
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        middle_x, middle_y = element.size["width"] // 2, element.size["height"] // 2
        ActionChains(self.driver, duration=0).move_to_element_with_offset(element, round(x) - middle_x, round(y) - middle_y).perform()
        self.settle()

    def wheel(self, x, y, delta, shift=False):
        """Turn the wheel over a place in the window; a positive delta is towards the user."""
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {
            "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": delta, "modifiers": 8 if shift else 0})
        self.settle()

    def keys(self, selector, *keys):
        """Press keys in an element that has the focus."""
        element = self.find(selector)
        self.run("arguments[0].focus()", element)
        ActionChains(self.driver).send_keys(*keys).perform()
        self.settle()

    def press(self):
        """Click where the mouse is."""
        ActionChains(self.driver).click().perform()
        self.settle()

    def drag(self, selector, start, end):
        """Press the button at one place in an element, and let it go at another."""
        self.point(selector, *start)
        chain = ActionChains(self.driver).click_and_hold()
        chain.move_by_offset(end[0] - start[0], end[1] - start[1]).release().perform()
        self.settle()
