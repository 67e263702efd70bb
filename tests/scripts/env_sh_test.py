"""The env.sh of a build, sourced as people do. usage: env_sh_test.py BUILD_FOLDER"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SHELLS = ("dash", "bash", "zsh")
BUILD = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else ".").resolve()


def said_by(shell, script):
    """What a shell without start-up files prints, in a folder that is not the tree's."""
    options = {"zsh": ["-f"], "bash": ["--norc"]}.get(shell, [])
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "HOME": folder}
        done = subprocess.run([shell, *options, "-euc", script], cwd=folder, env=environment, capture_output=True,
                              text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{shell}: {done.stderr}")
    return done.stdout.splitlines()


def in_shells(script):
    """Each shell that is installed with the lines that it prints."""
    for shell in SHELLS:
        if shutil.which(shell):
            yield shell, said_by(shell, f'bin="{BUILD}/bin"; env="{BUILD}/env.sh"; {script}')
        else:
            print(f"{shell} is not installed: not tried", file=sys.stderr)


class EnvShTest(unittest.TestCase):
    def test_programs_are_found_and_start(self):
        for shell, lines in in_shells('. "$env"; command -v glid_eval; command -v glid_data; glid_data --version'):
            self.assertEqual(lines[:2], [f"{BUILD}/bin/glid_eval", f"{BUILD}/bin/glid_data"], shell)
            self.assertEqual(len(lines), 3, shell)

    def test_it_prints_nothing_and_keeps_the_path(self):
        for shell, lines in in_shells('before=$PATH; . "$env"; echo "$PATH"; echo "$bin:$before"'):
            self.assertEqual(len(lines), 2, shell)
            self.assertEqual(lines[0], lines[1], shell)

    def test_twice_is_once(self):
        for shell, lines in in_shells('. "$env"; . "$env"; echo "$PATH"'):
            self.assertEqual(lines[0].split(":").count(f"{BUILD}/bin"), 1, shell)

    def test_other_programs_of_the_shell_see_it(self):
        for shell, lines in in_shells('. "$env"; sh -c "command -v glid_eval"'):
            self.assertEqual(lines, [f"{BUILD}/bin/glid_eval"], shell)


if __name__ == "__main__":
    unittest.main()
