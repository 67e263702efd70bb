"""What tables.sh refuses before it builds anything."""
import pathlib
import subprocess
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "tables.sh"


def said_of(*arguments):
    """(exit code, lines on both streams)"""
    done = subprocess.run([SCRIPT, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout.splitlines()


class TablesTest(unittest.TestCase):
    def test_a_place_without_room_for_runs_is_refused_in_a_line(self):
        for place in ("/dev/null", "/dev/null/tables", str(SCRIPT)):
            code, lines = said_of("partial", "--out", place)
            self.assertEqual(code, 2, place)
            self.assertEqual(len(lines), 1, lines)
            self.assertIn("argument --out: is no folder, but one is written", lines[0])

    def test_other_mistakes_are_a_line_too(self):
        for arguments in (["partial", "--seeds", "0,0"], ["partial", "--steps", "1"], ["columns"], []):
            code, lines = said_of(*arguments)
            self.assertEqual((code, len(lines)), (2, 1), lines)

    def test_a_place_to_be_made_is_fine_and_seen_from_here(self):
        code, lines = said_of("partial", "--list", "--out", "runs/of/tables")
        self.assertEqual(code, 0)
        self.assertIn(f"{pathlib.Path.cwd()}/runs/of/tables/runs/detection_pretrain1000_seed0", lines)

    def test_an_empty_word_is_no_place(self):
        code, lines = said_of("partial", "--out", "")
        self.assertEqual((code, lines), (2, ["tables.py: argument --out: must not be empty"]))


if __name__ == "__main__":
    unittest.main()
