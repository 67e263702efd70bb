"""The model of docs/scaling.md: one GPU is what was measured, and each part can be what holds a run up."""
import contextlib
import io
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import scaling  # noqa: E402


def row(gpus, images, *words):
    return scaling.row(scaling.options(list(words)), gpus, images)


class ScalingTest(unittest.TestCase):
    def test_one_gpu_is_the_measured_one(self):
        for images, ms in ((64, 88), (128, 93), (256, 86), (512, 104)):
            self.assertEqual(row(1, images)["step"], ms)
        self.assertEqual(row(1, 2048)["step"], 4 * 104)
        self.assertEqual(row(1, 96)["step"], (88 + 93) / 2)
        self.assertEqual(row(1, 2)["step"], 88)  # the host's

    def test_gradients_travel_twice_around_a_ring(self):
        free = ("--hop-ms", "0", "--parameters", "1e9", "--node-gb-s", "100", "--network-gb-s", "50")
        self.assertAlmostEqual(row(8, 64, *free)["travel"], 2 * 7 / 8 * 4e3 / 100)
        self.assertAlmostEqual(row(16, 64, *free)["travel"], 2 * 7 / 8 * 4e3 / 100 + 4e3 / 50)
        self.assertAlmostEqual(row(16, 64, *free, "--gradient-bytes", "2")["travel"], row(16, 64, *free)["travel"] / 2)
        self.assertEqual(row(1, 64, *free)["travel"], 0)

    def test_every_part_can_be_the_limit(self):
        self.assertEqual(row(4, 512)["limit"], "GPU")
        self.assertEqual(row(8, 256)["limit"], "host")
        self.assertEqual(row(8, 512, "--cores", "4")["limit"], "decoding")
        self.assertEqual(row(8, 512, "--storage-gb-s", "0.5")["limit"], "storage")
        self.assertEqual(row(8, 512, "--storage-gb-s", "0.5", "--cached-part", "1")["limit"], "GPU")
        self.assertEqual(row(16, 512, "--network-gb-s", "5")["limit"], "gradients")

    def test_what_fails_more_often_loses_more(self):
        lost = [row(gpus, 512)["lost"] for gpus in (8, 64, 1024)]
        self.assertEqual(lost, sorted(lost))
        self.assertGreater(row(64, 512, "--every-steps", "10000")["lost"], lost[1])

    def test_what_cannot_be_is_refused(self):
        for words in (["--cores", "0"], ["--hidden-part", "-3"], ["--cached-part", "7"], ["--step-ms", "64:-5"], ["--epochs", "nan"],
                      ["--network-gb-s", "0"], ["--jitter-ms", "-1"], ["--restart-s", "inf"]):
            with self.subTest(words), contextlib.redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit):
                scaling.options(words)
            self.assertIn(f"argument {words[0]}: must be", said.getvalue())

    def test_the_page_has_what_the_script_prints(self):
        self.assertIn(scaling.tables(scaling.options([])), (ROOT / "docs" / "scaling.md").read_text())


if __name__ == "__main__":
    unittest.main()
