"""Testing pages in headless Chromium: what it shows, requests and reports as errors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


class Page:
    """The actions and queries of a test on the open page."""

    def __init__(self, driver: webdriver.Chrome, saved: Path) -> None:
        self.driver = driver
        self._saved = saved

    def open(self, path: Path, fragment: str = "") -> None:
        """Open a page on a large, light screen; reload it even if only the fragment differs from the open page."""
        self.resize(1280, 900)
        self.prefer("light")
        self.driver.get("about:blank")
        forget = {"origin": "file://", "storageTypes": "local_storage"}
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", forget)
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(path.as_uri() + fragment)

    def script(self, code: str, *arguments: Any) -> Any:
        """Run code in the page and return its result; wait for a promise."""
        return self.driver.execute_script(code, *arguments)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.texts(selector)[0]

    def texts(self, selector: str) -> list[str]:
        """The texts of all matching elements at one moment."""
        read = "return [...document.querySelectorAll(arguments[0])].map((element) => element.innerText.trim())"
        texts: list[str] = self.script(read, selector)
        return texts

    def click(self, selector: str) -> None:
        """Click an element; try again if the page redraws it after it was found."""
        patient = WebDriverWait(self.driver, 5, 0.02, ignored_exceptions=[StaleElementReferenceException])
        patient.until(lambda _: self.find(selector).click() or True)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, on the focused element."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def hover(self, x: float, y: float) -> None:
        """Move the mouse to a position in the window, in CSS pixels."""
        actions = ActionChains(self.driver, duration=0)
        actions.w3c_actions.pointer_action.move_to_location(int(x), int(y))
        actions.perform()

    def wait(self, condition: str) -> Any:
        """Wait until a JavaScript expression is true; return its value."""
        return WebDriverWait(self.driver, 5, poll_frequency=0.02).until(lambda _: self.script(f"return {condition}"))

    def saved(self, name: str) -> bytes:
        """Wait for the file that the page makes the browser save; return it and remove it from the folder."""
        path = self._saved / name
        WebDriverWait(self.driver, 10, poll_frequency=0.02).until(lambda _: path.exists() and path.stat().st_size)
        data = path.read_bytes()
        path.unlink()
        return data

    def resize(self, width: int, height: int) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Set the system's colour scheme to "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def complaints(self) -> list[str]:
        """The console messages since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """The addresses requested since the page was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [event["request"]["url"] for event in sent if event["request"]["url"] != "about:blank"]

    def assert_harmless(self, path: Path) -> None:
        """Assert that the page has requested only its own file, reported no error and run no injected code."""
        assert self.requests() == [path.as_uri()]
        assert self.complaints() == []
        assert self.script("return window.intruded") is None
        assert self.script("return document.querySelectorAll('main img, main script').length") == 0


@contextmanager
def chromium(folder: Path) -> Iterator[Page]:
    """A browser with its own profile in `folder`."""
    browser, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    assert browser, "there is no chromium on the PATH; `make browser` installs it"
    assert chromedriver, "there is no chromedriver on the PATH; `make browser` installs it"
    options = Options()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(chromedriver))  # with a path, selenium does not search for a driver
    driver.set_page_load_timeout(60)
    driver.set_script_timeout(60)
    saved = {"behavior": "allow", "downloadPath": str(folder / "saved")}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", saved)
    try:
        yield Page(driver, folder / "saved")
    finally:
        driver.quit()
