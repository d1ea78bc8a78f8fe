"""A real browser: headless Chromium, driven by keyboard over its own protocol, without script."""

import asyncio
import contextlib
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60
ENOUGH = 4.5
"""WCAG 2.2, 1.4.3: contrast of text."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
KEYS = {"Tab": (9, ""), "Enter": (13, "\r")}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
)


class Tab:
    """One page; `complaints` is what the browser wrote to its console."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []

    async def listen(self) -> None:
        """Take what the browser says, until it goes."""
        async for raw in self._socket:
            said = json.loads(raw)
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif said["method"] == "Log.entryAdded":
                self.complaints.append(said["params"]["entry"]["text"])

    async def tell(self, method: str, **parameters: Any) -> Any:
        """One command, and its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        said = await asyncio.wait_for(answer, PATIENCE)
        assert "error" not in said, said
        return said["result"]

    async def open(self, url: str) -> None:
        """Go there, and wait until it is shown."""
        self._loaded.clear()
        await self.tell("Page.navigate", url=url)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def press(self, *keys: str, leaves: bool = False) -> None:
        """Keys one after the other; `leaves`: the last one leads to another page."""
        self._loaded.clear()
        for key in keys:
            code, text = KEYS[key]
            for kind in ("keyDown", "keyUp"):
                what = {"key": key, "code": key, "windowsVirtualKeyCode": code}
                more = {"text": text} if text and kind == "keyDown" else {}
                await self.tell("Input.dispatchKeyEvent", type=kind, **what, **more)
        if leaves:
            await asyncio.wait_for(self._loaded.wait(), PATIENCE)

    async def roles(self) -> list[tuple[str, str]]:
        """What a screen reader is told: role and name, in order."""
        nodes = (await self.tell("Accessibility.getFullAXTree"))["nodes"]
        shown = [one for one in nodes if not one["ignored"]]
        return [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in shown]

    async def style(self, selector: str) -> dict[str, str]:
        """How an element is painted."""
        root = (await self.tell("DOM.getDocument"))["root"]["nodeId"]
        node = (await self.tell("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
        found = await self.tell("CSS.getComputedStyleForNode", nodeId=node)
        return {one["name"]: one["value"] for one in found["computedStyle"]}

    async def prefer(self, scheme: str, width: int) -> None:
        """As a reader sets up a machine."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.tell("Emulation.setEmulatedMedia", features=features)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        await self.tell("Emulation.setDeviceMetricsOverride", **size)


@asynccontextmanager
async def browser_tab() -> AsyncIterator[Tab]:
    """A fresh browser with one tab that runs no script."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    assert program, f"install one of {', '.join(NAMES)}"
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={folder}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with connect(await _find_page(Path(folder)), max_size=None) as socket:
                tab = Tab(socket)
                listening = asyncio.create_task(tab.listen())
                for area in ("Page", "DOM", "CSS", "Log", "Accessibility"):
                    await tab.tell(f"{area}.enable")
                await tab.tell("Emulation.setScriptExecutionDisabled", value=True)
                yield tab
                listening.cancel()
        finally:
            process.kill()
            await process.wait()


async def _find_page(folder: Path) -> str:
    """Where the first tab is spoken to: the browser writes its port into its folder."""
    async with asyncio.timeout(PATIENCE):
        while True:
            # Half written, or not listening yet, or without its tab.
            with contextlib.suppress(OSError, ValueError, LookupError, httpx.HTTPError):
                port = int((folder / "DevToolsActivePort").read_text().splitlines()[0])
                return await _ask_for_page(port)
            await asyncio.sleep(0.05)


async def _ask_for_page(port: int) -> str:
    async with httpx.AsyncClient() as client:
        listed = (await client.get(f"http://127.0.0.1:{port}/json")).json()
    (page,) = [one for one in listed if one["type"] == "page"]
    return str(page["webSocketDebuggerUrl"])


def brightness(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(one) / 255 for one in re.findall(r"\d+", colour)[:3]]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21."""
    dark, light = sorted((brightness(one), brightness(other)))
    return (light + 0.05) / (dark + 0.05)
