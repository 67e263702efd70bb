"""Each rule of scripts/check_docker.py must be able to fail."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_docker  # noqa: E402

BUILD = "FROM debian:12.12 AS build\n"
LAST = "FROM debian:12.12-slim\nCOPY --from=build /opt/a /opt/a\nUSER someone\n"


class CheckDockerTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)
        for folder in ("scripts", "docker"):
            (self.root / folder).mkdir()
        for name, mode in (("a.sh", 0o755), ("words.txt", 0o644)):
            path = self.root / "scripts" / name
            path.write_text("#!/bin/sh\n", encoding="utf-8")
            path.chmod(mode)
        (self.root / ".gitignore").write_text("/build/\n*.pyc\n", encoding="utf-8")
        (self.root / ".dockerignore").write_text("# words\nbuild\n**/*.pyc\n", encoding="utf-8")

    def complaints(self, text):
        (self.root / "docker/a.Dockerfile").write_text(text, encoding="utf-8")
        return check_docker.check_tree(self.root)[0]

    def assert_one(self, words, text):
        found = self.complaints(text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_good_one_passes(self):
        for copy in ("COPY scripts/a.sh scripts/words.txt scripts/\n", "COPY . .\n"):
            self.assertEqual(self.complaints("# words\n" + BUILD + copy + "RUN scripts/a.sh \\\n    && echo ok\n" + LAST), [])

    def test_images_have_a_version(self):
        for image in ("debian", "debian:latest"):
            self.assert_one("has no version", BUILD + LAST.replace("debian:12.12-slim", image))

    def test_what_is_copied_is_there(self):
        self.assert_one("line 2: scripts/b.sh to copy is not there", BUILD + "COPY scripts/b.sh .\n" + LAST)
        self.assert_one("no earlier stage built", BUILD + LAST.replace("=build", "=built"))

    def test_commands_can_be_run(self):
        self.assert_one("is no shell", BUILD + "RUN if true\n" + LAST)
        self.assert_one("scripts/a.sh was not copied before", BUILD + "RUN scripts/a.sh\nCOPY . .\n" + LAST)
        self.assert_one("scripts/words.txt is no program", BUILD + "COPY . .\nRUN scripts/words.txt\n" + LAST)

    def test_the_image_is_small_and_not_roots(self):
        self.assert_one("runs as root", BUILD + LAST.replace("USER someone\n", ""))
        self.assert_one("runs as root", BUILD + LAST + "USER 0\n")
        self.assert_one("what it was built with", BUILD + "USER someone\n")
        self.assert_one("what it was built with", BUILD + LAST.replace("debian:12.12-slim", "build"))

    def test_git_ignores_what_docker_leaves_out(self):
        (self.root / ".dockerignore").write_text("docs\n", encoding="utf-8")
        self.assert_one("docs is not in .gitignore", BUILD + LAST)

    def test_a_tree_without_dockerfiles_is_a_complaint(self):
        (self.root / "docker/a.Dockerfile").unlink(missing_ok=True)
        self.assertEqual(len(check_docker.check_tree(self.root)[0]), 1)


if __name__ == "__main__":
    unittest.main()
