"""Every row of tables.py is a configuration that glid_train takes. usage: tables_rows_test.py BIN_FOLDER"""
import argparse
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[2]
BIN = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else ".").resolve()
sys.path.insert(0, str(ROOT / "scripts"))
import series  # noqa: E402
import tables  # noqa: E402


class Named(tables.Runs):
    """Trains nothing: which configuration each run would have."""

    def __init__(self):
        super().__init__(argparse.Namespace(out=pathlib.Path("out"), steps=4, pretrain_steps=4))
        self.asked = {}

    def train(self, name, config, settings):
        self.asked[name] = (config, *settings)
        return super().train(name, config, settings)


def printed(config, *settings):
    """(exit code, its own configuration or what is wrong with that)"""
    words = series.command(config, settings)
    done = subprocess.run([BIN / words[0], *words[1:], "--print-config"], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return done.returncode, done.stdout


class TablesRowsTest(unittest.TestCase):
    def test_each_row_is_taken(self):
        runs = Named()
        for table in tables.TABLES:
            tables.all_runs(runs, table, [0])
        self.assertGreater(len(runs.asked), len(tables.TABLES))
        for name, asked in runs.asked.items():
            code, said = printed(*asked)
            self.assertEqual(code, 0, f"{name}: {said}")

    def test_what_no_model_takes_is_noticed(self):
        for setting in ("task.mask=rings", "task.mask_ratio=2", "model.decoder.depth=6"):
            self.assertEqual(printed("demo_pretrain", setting)[0], 2, setting)

    def test_rows_of_a_table_are_different_runs(self):
        for table, (_, _, tasks, rows) in tables.TABLES.items():
            runs = Named()
            made = tables.all_runs(runs, table, [0])
            self.assertEqual(len(made), len(rows) * len(tasks), f"{table}: two rows have one name")
            finetuned = {of for values in made.values() for of in values}
            self.assertEqual(len(finetuned), len(made), f"{table}: two rows are one run")


if __name__ == "__main__":
    unittest.main()
