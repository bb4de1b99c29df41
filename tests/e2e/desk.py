"""A reader at the reading screen: sign in, wait for a case, press keys, read the canvas back."""

import base64
from typing import Any

import numpy as np
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from tests.worlds.study import World

PAINTED = "document.documentElement.dataset.painted"
READ_BACK = """(size) => {
  const canvas = document.getElementById("image"), at = Math.floor((canvas.width - size) / 2);
  const data = canvas.getContext("2d").getImageData(at, at, size, size).data;
  let text = "";
  for (let i = 0; i < data.length; i++) text += String.fromCharCode(data[i]);
  return btoa(text);
}"""


def sign_in(context: BrowserContext, world: World, url: str, reader: int = 0) -> None:
    """Give a browser the session of a reader."""
    client = Client()
    client.force_login(world.readers[reader])
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


class Desk:
    """One tab with the reading screen."""

    def __init__(self, page: Page, url: str, world: World) -> None:
        self.page, self.url, self.world = page, url, world
        self.errors: list[str] = []
        self.last_answer = ""
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self) -> "Desk":
        """Open the screen and wait for its first case."""
        self.page.goto(f"{self.url}/read/{self.world.study.slug}/")
        self.page.wait_for_function(f"() => {PAINTED}")
        return self

    @property
    def painted(self) -> str:
        """The address of the case that stands on the screen."""
        return str(self.page.evaluate(f"() => {PAINTED} || ''"))

    def press(self, *keys: str) -> None:
        for key in keys:
            if key == self.last_answer:
                self.page.wait_for_timeout(220)  # sooner it counts as a bounce of the key
            self.page.keyboard.press(key)

    def answer(self, *keys: str) -> str:
        """Press keys that commit a case; wait for the next one. Returns the answered case."""
        before = self.painted
        self.press(*keys)
        self.page.wait_for_function(f"(old) => {PAINTED} !== old", arg=before)
        self.last_answer = "" if keys[-1] == "Enter" else keys[-1]
        return before

    def all_sent(self) -> None:
        self.page.wait_for_function("() => document.documentElement.dataset.pending === '0'")

    def wait_pending(self, count: int) -> None:
        script = "(count) => document.documentElement.dataset.pending === String(count)"
        self.page.wait_for_function(script, arg=count)

    def read_back(self, size: int = 64) -> np.ndarray:
        """Return the (size, size, 4) pixels in the middle of the canvas, at 1:1."""
        self.press(".")
        self.caption("× 1.0")
        middle = self.on_canvas(size)
        assert "× 1.0" in self.page.inner_text("#caption"), "the view was reset meanwhile"
        self.press("=")
        return middle

    def caption(self, words: str) -> None:
        """Wait until the line under the image says so; zoom is loaded when it is first used."""
        script = "(words) => document.getElementById('caption').textContent.includes(words)"
        self.page.wait_for_function(script, arg=words)

    def on_canvas(self, size: int) -> np.ndarray:
        """Return the (size, size, 4) pixels that stand in the middle of the canvas now."""
        packed: Any = self.page.evaluate(READ_BACK, size)
        return np.frombuffer(base64.b64decode(packed), np.uint8).reshape(size, size, 4)
