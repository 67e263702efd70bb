"""Each rule of scripts/check_docs.py must be able to fail."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import check_docs  # noqa: E402


class SomePrograms:
    """Two programs with two options and keys of their own."""

    def names(self):
        return {"glid_train", "glid_eval", "glid_data"}

    def commands(self, program):
        return {"show"} if program == "glid_data" else set()

    def options(self, _program, _words):
        return {"--out", "--set"}

    def keys(self, program, _words):
        return {"optim", "optim.lr"} if program == "glid_train" else {"eval", "eval.crop"}


class CheckDocsTest(unittest.TestCase):
    def complaints(self, text, name="page.md"):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "other.md").write_text("# The other page\n## One `more` thing\n")
            return list(check_docs.check_page(root, name, text, SomePrograms()))

    def test_clean_pages_pass(self):
        self.assertEqual(self.complaints(
            "See [it](other.md#one-more-thing) and [that](https://x.org/nothing).\n```\nglid_train --out a \\\n"
            "    --set optim.lr=1   # --why not\n```\n`glid_train [--set optim={lr: 2}]` and `--bad` alone\n"), [])

    def test_links_lead_to_files_and_headings(self):
        self.assertIn("leads nowhere", self.complaints("[it](none.md)")[0])
        self.assertIn("no heading", self.complaints("[it](other.md#two)")[0])

    def test_commands_are_known(self):
        self.assertEqual(self.complaints("`glid_data show --out a`"), [])
        self.assertIn("glid_data has no command look", self.complaints("`glid_data look --out a`")[0])

    def test_options_and_keys_are_known(self):
        self.assertIn("no option --ot", self.complaints("```\nglid_train --ot a\n```")[0])
        self.assertIn("no option --ot", self.complaints("call `glid_train --ot=a`")[0])
        self.assertIn("no key optim.rl", self.complaints("```\nglid_train \\\n  --set optim.rl=1\n```")[0])
        self.assertIn("glid_eval has no key optim.lr", self.complaints("`glid_eval --set optim.lr=1`")[0])
        self.assertIn("no program glid_trian", self.complaints("```\nglid_trian --out a\n```")[0])

    def test_keys_that_are_named_are_there(self):
        self.assertEqual(self.complaints("`optim.lr`, `eval.crop: none`, `optim.lr=1`, `data.json`, `our.lr`"), [])
        for text in ("`optim.rl`", "`eval.corp: none`", "`optim.rl=1`"):
            self.assertIn("there is no key", self.complaints(text)[0])

    def test_heads_of_configurations_are_read(self):
        self.assertIn("no option --ot", self.complaints("# Some run\n#   glid_train --ot a\nseed: 0\n", "a.yaml")[0])

    def test_configurations_are_there(self):
        self.assertIn("there is no configs/none.yaml", self.complaints("`configs/none.yaml`")[0])

    def test_each_program_has_its_keys(self):
        with tempfile.TemporaryDirectory() as folder:
            for program, line in (("glid_train", "data.root  text"), ("glid_eval", "eval.crop  text")):
                path = pathlib.Path(folder) / program
                path.write_text(f"#!/bin/sh\necho '{line}'; echo '{program[5:]}.other.key  1'\n")
                path.chmod(0o755)
            programs = check_docs.Programs(pathlib.Path(folder))
            trained = {"data", "data.root", "train", "train.other", "train.other.key"}
            self.assertEqual(programs.keys("glid_train", []), trained)
            self.assertEqual(programs.keys("glid_eval", ["--checkpoint"]), trained)
            self.assertEqual(programs.keys("glid_eval", ["--results"]), {"eval", "eval.crop", "eval.other", "eval.other.key"})
            self.assertEqual(programs.keys("glid_data", ["check"]), {"data", "data.root"})


if __name__ == "__main__":
    unittest.main()
