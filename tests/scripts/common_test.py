"""What the shell scripts share: programs that a signal stops."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
# A script whose program says that it is there, and ends with 75 when it hears SIGTERM.
SCRIPT = """source {scripts}/common.sh
stoppable {python} -c '
import pathlib, signal, sys, time
def end(*_):
    time.sleep(0.3)
    sys.exit({code})
signal.signal(signal.SIGTERM, end)
pathlib.Path("{there}").touch()
time.sleep(60)'
"""


def hear_ctrl_c():
    """What is started in the background ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class CommonTest(unittest.TestCase):
    def ended(self, code, kill):
        """(exit code, what was said) of a script whose program ends with `code` when kill(script) is done."""
        with tempfile.TemporaryDirectory() as folder:
            there = pathlib.Path(folder) / "there"
            text = SCRIPT.format(scripts=SCRIPTS, python=sys.executable, code=code, there=there)
            with subprocess.Popen(["bash", "-c", text], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  start_new_session=True, preexec_fn=hear_ctrl_c) as script:
                end = time.monotonic() + 60
                while not there.exists():
                    self.assertIsNone(script.poll())
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.02)
                kill(script)
                return script.wait(60), script.stdout.read()

    def test_a_signal_to_the_script_alone_stops_its_program(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            code, said = self.ended(75, lambda script, number=number: script.send_signal(number))
            self.assertEqual((code, "stopped: the same command goes on" in said), (75, True), said)

    def test_ctrl_c_reaches_both_and_is_waited_for(self):
        code, said = self.ended(75, lambda script: os.killpg(script.pid, signal.SIGINT))
        self.assertEqual((code, "stopped: the same command goes on" in said), (75, True), said)

    def test_programs_that_die_of_it_or_had_nothing_left_to_do_are_stopped_too(self):
        for code in (0, 143):
            for kill in (lambda script: script.terminate(), lambda script: os.killpg(script.pid, signal.SIGTERM)):
                ended, said = self.ended(code, kill)
                self.assertEqual((ended, "stopped: the same command goes on" in said), (75, True), said)
        for number in (signal.SIGTERM, signal.SIGHUP):
            with subprocess.Popen(["bash", "-c", f"source {SCRIPTS}/common.sh; echo there; stoppable sleep 60; echo went further"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as script:
                self.assertEqual(script.stdout.readline(), "there\n")
                time.sleep(0.3)
                os.killpg(script.pid, number)
                said = script.communicate(timeout=60)[0]
                self.assertEqual((script.returncode, "went further" in said), (75, False), said)

    def test_other_ends_are_failures(self):
        code, said = self.ended(3, lambda script: script.terminate())
        self.assertEqual((code, "FAILED" in said), (3, True), said)

    def test_the_exit_code_is_the_programs(self):
        for code in (0, 4):
            done = subprocess.run(["bash", "-c", f"source {SCRIPTS}/common.sh; stoppable sh -c 'exit {code}' || echo got $?"],
                                  capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, f"got {code}\n" if code else ""))


if __name__ == "__main__":
    unittest.main()
