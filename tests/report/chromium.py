"""Drives Chromium over its debugging pipe, with keys as a person presses them."""
import json
import os
import shutil
import subprocess


def installed():
    """The browser's program, or none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Chromium:
    """One page. `console` gathers what the browser says of it."""

    def __init__(self, browser, profile):
        commands, self.to_browser = os.pipe()
        self.from_browser, answers = os.pipe()
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        # The pipe is descriptors 3 and 4; both are moved out of the way first, as they may be each other's.
        shell = ["sh", "-c", f'exec 8<&{commands} 9>&{answers}; exec 3<&8 4>&9 8<&- 9>&-; exec "$@"', "sh"]
        self.process = subprocess.Popen(shell + command, pass_fds=(commands, answers), stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(answers)
        self.unread, self.calls, self.session, self.console = b"", 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.to_browser)
        os.close(self.from_browser)
        self.process.terminate()
        self.process.wait(timeout=60)

    def message(self):
        """The next one of the browser; they end with a 0."""
        while b"\0" not in self.unread:
            more = os.read(self.from_browser, 1 << 20)
            if not more:
                raise RuntimeError("the browser has ended")
            self.unread += more
        text, self.unread = self.unread.split(b"\0", 1)
        message = json.loads(text)
        if message.get("method") in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.console.append(json.dumps(message["params"]))
        return message

    def call(self, method, **parameters):
        self.calls += 1
        request = {"id": self.calls, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(request).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.calls:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, page, width_px, is_dark=False):
        size = {"width": width_px, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=page.as_uri())
        while self.message().get("method") != "Page.loadEventFired":
            pass

    def value(self, expression):
        """Of JavaScript in the page, when it is there."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def press(self, key, code, text=""):
        """"Tab" 9, "Enter" 13 with its text."""
        names = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", **names, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **names)

    def column(self, x, y, height):
        """One column of what is seen: [(red, green, blue), ...]."""
        picture = self.call("Page.captureScreenshot", format="png")["data"]
        numbers = self.value(f"""(async () => {{
          const image = new Image(), canvas = document.createElement('canvas'), context = canvas.getContext('2d');
          image.src = 'data:image/png;base64,{picture}';
          await image.decode();
          [canvas.width, canvas.height] = [image.width, image.height];
          context.drawImage(image, 0, 0);
          return [...context.getImageData({x}, {y}, 1, {height}).data];
        }})()""")
        return [tuple(numbers[i:i + 3]) for i in range(0, len(numbers), 4)]
