"""Plots of tables: where dots, means and references lie, and what is written."""
import pathlib
import sys
import unittest
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import dot_plot  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


class DotPlotTest(unittest.TestCase):
    def drawn(self, rows, panels):
        return ElementTree.fromstring(dot_plot.svg("a < b", rows, panels))

    def at(self, root, value):
        """Where the axis of the only panel has a value."""
        marks = {float(t.text): float(t.get("x")) for t in root.iter(SVG + "text") if t.get("text-anchor") == "middle"}
        (least, left), (most, right) = min(marks.items()), max(marks.items())
        self.assertTrue(least <= value <= most, marks)
        return left + (value - least) / (most - least) * (right - left)

    def test_dots_bars_and_references_are_where_the_axis_has_their_values(self):
        root = self.drawn(["a", "b"], [dot_plot.Panel("rmse", [[1.8, 2.0, 2.5], [1.9]], 2.31)])
        dots = [float(c.get("cx")) for c in root.iter(SVG + "circle")]
        for dot, value in zip(dots, [1.8, 2.0, 2.5, 1.9], strict=True):
            self.assertAlmostEqual(dot, self.at(root, value), delta=0.11)
        paths = list(root.iter(SVG + "path"))
        bars = [float(p.get("d")[1:].split()[0]) for p in paths if p.get("stroke-width") == "3"]
        for bar, value in zip(bars, [2.1, 1.9], strict=True):
            self.assertAlmostEqual(bar, self.at(root, value), delta=0.11)
        dashed = [float(p.get("d")[1:].split()[0]) for p in paths if p.get("stroke-dasharray")]
        self.assertEqual(len(dashed), 1)
        self.assertAlmostEqual(dashed[0], self.at(root, 2.31), delta=0.11)

    def test_rows_have_their_names_beside_their_dots(self):
        root = self.drawn(["a & b", "c"], [dot_plot.Panel("x", [[1], [2]])])
        names = {t.text: float(t.get("y")) for t in root.iter(SVG + "text") if t.get("text-anchor") == "end"}
        for circle, name in zip(root.iter(SVG + "circle"), ["a & b", "c"], strict=True):
            self.assertLess(abs(names[name] - float(circle.get("cy"))), 8)
        self.assertEqual(root.find(SVG + "title").text, "a < b")
        self.assertFalse(any("without looking" in t.text for t in root.iter(SVG + "text")))

    def test_everything_lies_within_the_picture(self):
        for values in ([[0.0]], [[5, 5]], [[-3, 100]], [[1e-7, 2e-7]], [[0.5]], [[99.9], [100.0]]):
            root = self.drawn(["a"] * len(values), [dot_plot.Panel("x", values), dot_plot.Panel("y", values, 1.0)])
            for circle in root.iter(SVG + "circle"):
                self.assertTrue(0 < float(circle.get("cx")) < float(root.get("width")), values)
                self.assertTrue(0 < float(circle.get("cy")) < float(root.get("height")), values)

    def test_the_longest_name_has_room(self):
        for name in ("a", "W" * 12, "GLID, BiFPN and decoder too, and more of it"):
            root = self.drawn([name], [dot_plot.Panel("x", [[1, 2]])])
            end = next(float(t.get("x")) for t in root.iter(SVG + "text") if t.text == name)
            self.assertGreater(end, dot_plot.LETTER * len(name), name)

    def test_ticks_of_equal_values_differ(self):
        for value in (55.31, 0.0, 1e-9, 1e9):
            root = self.drawn(["a"], [dot_plot.Panel("x", [[value, value]])])
            texts = [t.text for t in root.iter(SVG + "text") if t.get("text-anchor") == "middle"]
            self.assertEqual(len(set(texts)), len(texts), texts)

    def test_ticks_are_round_and_few(self):
        for least, most in ((0.8, 7.2), (1.84, 2.32), (12, 98), (0, 0), (3, 3.0001)):
            marks = dot_plot.ticks(least, most)
            self.assertTrue(marks[0] <= least + 1e-9 and marks[-1] >= most - 1e-9, marks)
            self.assertTrue(2 <= len(marks) <= 7, marks)


if __name__ == "__main__":
    unittest.main()
