"""Each rule of scripts/run_docs.py must be able to fail."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import run_docs  # noqa: E402


class RunDocsTest(unittest.TestCase):
    def complaints(self, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name in run_docs.TREE:
                (root / name).mkdir()
            (root / "configs/a.yaml").write_text("seed: 0\n")
            (root / "bin").mkdir()
            program = root / "bin/glid_some"
            program.write_text("#!/bin/sh\necho some $1; exit $1\n")
            program.chmod(0o755)
            (root / "page.md").write_text(text)
            return list(run_docs.run_page(root, "page.md", root / "bin"))

    def test_blocks_share_a_folder_with_the_configurations_and_have_the_programs(self):
        self.assertEqual(self.complaints(
            "# A page\n<!-- run\nmkdir data\n-->\nWords\n"
            "<!-- run -->\n```\nls data configs/a.yaml   # there\nglid_some 0 \\\n    >data/out\n```\n"
            "<!-- run: cat > mine.yaml -->\n```yaml\nseed: 1\n```\n"
            "<!-- run -->\n```\ngrep 1 mine.yaml\ngrep some data/out\n```\n"), [])

    def test_blocks_without_a_mark_are_not_run(self):
        self.assertEqual(self.complaints("```\nglid_some 1\n```\n"), [])

    def test_a_failing_block_is_told_with_its_line_and_its_output(self):
        found = self.complaints("A page\n<!-- run -->\n```\nglid_some 3\ntrue\n```\n")
        self.assertEqual(found, ["page.md:2: ended with exit code 3\n    some 3"])

    def test_hidden_blocks_and_commands_of_a_block_can_fail(self):
        self.assertIn("page.md:1: ended with exit code 3", self.complaints("<!-- run\nglid_some 3\n-->\n")[0])
        yaml = "<!-- run: grep 2 -->\n```yaml\nseed: 1\n```\n"
        self.assertIn("page.md:1: ended with exit code 1", self.complaints(yaml)[0])

    def test_the_rest_of_a_page_is_left_out(self):
        block = "<!-- run -->\n```\nglid_some 3\n```\n"
        self.assertEqual(len(self.complaints(block + block)), 1)

    def test_a_block_ends_in_time(self):
        with mock.patch.object(run_docs, "TIMEOUT_S", 0.2):
            self.assertIn("took longer than 0.2 s", self.complaints("<!-- run -->\n```\nsleep 9\n```\n")[0])

    def test_a_mark_without_a_block_is_told(self):
        self.assertIn("1 marks", self.complaints("<!-- run -->\n\n```\nglid_some 0\n```\n")[0])


if __name__ == "__main__":
    unittest.main()
