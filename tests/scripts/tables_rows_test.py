"""Every row of tables.py and compare_objectives.py is a configuration that glid_train takes. usage: tables_rows_test.py BIN_FOLDER"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
BIN = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else ".").resolve()
sys.path.insert(0, str(ROOT / "scripts"))
import compare_objectives  # noqa: E402
import series  # noqa: E402
import tables  # noqa: E402


class Named:
    """Trains nothing: which configuration each run would have."""

    def __init__(self, **options):
        super().__init__(argparse.Namespace(out=pathlib.Path("out"), steps=4, pretrain_steps=4, **options))
        self.asked = {}

    def train(self, name, config, settings):
        self.asked[name] = (config, *settings)
        return super().train(name, config, settings)


class NamedRows(Named, tables.Runs):
    pass


class NamedStarts(Named, compare_objectives.Runs):
    pass


def printed(config, *settings):
    """(exit code, its own configuration or what is wrong with that)"""
    words = series.command(config, settings)
    done = subprocess.run([BIN / words[0], *words[1:], "--print-config"], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return done.returncode, done.stdout


class TablesRowsTest(unittest.TestCase):
    def expect_taken(self, runs):
        """Of runs that differ in the run they begin from, one."""
        different = {}
        for name, asked in runs.asked.items():
            different[tuple(word for word in asked if not word.startswith("init.from="))] = name
        for name in different.values():
            code, said = printed(*runs.asked[name])
            self.assertEqual(code, 0, f"{name}: {said}")

    def test_each_row_is_taken(self):
        runs = NamedRows()
        for table in tables.TABLES:
            tables.all_runs(runs, table, [0])
        self.assertGreater(len(runs.asked), len(tables.TABLES))
        self.expect_taken(runs)

    def test_each_objective_is_taken_on_each_encoder(self):
        with tempfile.TemporaryDirectory() as images:
            (pathlib.Path(images) / "train" / "cat").mkdir(parents=True)  # a class
            for encoder in compare_objectives.ENCODERS:
                self.expect_all_taken(encoder, pathlib.Path(images))

    def expect_all_taken(self, encoder, images):
        runs = NamedStarts(encoder=encoder, tasks=compare_objectives.TASKS, seeds=[0], data=images)
        objectives = [name for name in compare_objectives.OBJECTIVES if not compare_objectives.lacks(name, runs.arguments)]
        runs.arguments.objectives = objectives
        compare_objectives.all_runs(runs, runs.arguments)
        self.assertIn("pretrain_supervised", runs.asked)
        self.assertGreater(len(runs.asked), len(objectives))
        self.expect_taken(runs)

    def test_what_no_model_takes_is_noticed(self):
        for setting in ("task.mask=rings", "task.mask_ratio=2", "model.decoder.depth=6"):
            self.assertEqual(printed("demo_pretrain", setting)[0], 2, setting)

    def test_rows_of_a_table_are_different_runs(self):
        for table, (_, _, tasks, rows) in tables.TABLES.items():
            runs = NamedRows()
            made = tables.all_runs(runs, table, [0])
            self.assertEqual(len(made), len(rows), f"{table}: two rows have one name")
            finetuned = [of for columns in made.values() for seeds in columns for of in seeds]
            self.assertEqual(len(finetuned), len(rows) * len(tasks))
            self.assertEqual(len(set(finetuned)), len(finetuned), f"{table}: two rows are one run")


if __name__ == "__main__":
    unittest.main()
