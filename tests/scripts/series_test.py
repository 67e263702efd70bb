"""Series of runs with stand-ins of the programs: what they are asked for, that a stopped series goes on, and the tables."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
# Writes down its words. glid_train leaves numbers that tell its seed, or stops where the file `stop` names its run, or on
# Ctrl-C where there is a file `hang`; the file `leaves` tells it to leave no numbers; the program that the file `fail` names fails.
STAND_IN = """#!/usr/bin/env python3
import json, pathlib, signal, sys, time
folder = pathlib.Path(__file__).parent
with open(folder / "asked.jsonl", "a", encoding="utf-8") as asked:
    print(json.dumps([pathlib.Path(sys.argv[0]).name, *sys.argv[1:]]), file=asked)
fail = folder / "fail"
if fail.exists() and fail.read_text() == pathlib.Path(sys.argv[0]).name:
    print("where: what", file=sys.stderr)
    sys.exit(3)
if "--profile" in sys.argv:
    if not (folder / "silent").exists():
        print("37.1 images/s, 0.4321 GFLOP an image, 0.016 TFLOP/s, peak 100 MiB")
    print("profile: no run was written")
elif sys.argv[0].endswith("glid_train"):
    run = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
    if (folder / "hang").exists():
        code = int((folder / "hang").read_text())
        heard = []
        def hear(*_):
            heard.append(time.monotonic())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, hear)
        (folder / "hangs").touch()
        end = time.monotonic() + 60
        while not heard and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.5)  # for copies
        (folder / "heard").write_text(json.dumps(heard))
        (folder / "hangs").unlink()
        sys.exit(code)
    stop = folder / "stop"
    if stop.exists() and stop.read_text() == run.name:
        sys.exit(75)
    seed = next((int(word[5:]) for word in sys.argv if word.startswith("seed=")), 0)
    lines = [{"without_learning": {"zero": 1.0, "interpolation": 0.45}}, {"without_looking": {"rmse": 2.3, "mIoU": None}},
             {"loss": 1, "images_per_s": 10 + len(run.name)},
             {"val_loss": 0.9, "val_rmse": 9, "val_mIoU": 0, "val_AP50": 0},
             {"val_loss": 0.25, "val_rmse": 2 + seed, "val_mIoU": 0.5 + seed / 100, "val_AP50": 0.5}]
    run.mkdir(parents=True, exist_ok=True)
    leaves = (folder / "leaves").read_text() if (folder / "leaves").exists() else ""
    if leaves == "nothing":
        sys.exit()
    if leaves == "null":
        lines[-1]["val_AP50"] = None
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + chr(10) for line in lines))
"""


def hear_ctrl_c():
    """What is started in the background ignores it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class SeriesTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        for program in ("glid_train", "glid_data", "glid_report"):
            file = self.folder / program
            file.write_text(STAND_IN, encoding="utf-8")
            file.chmod(0o755)

    def run_script(self, name, *options):
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run([sys.executable, "-B", SCRIPTS / name, *options, "--out", str(self.folder / "out")],
                              env={**os.environ, "PATH": path}, cwd=self.folder, capture_output=True, text=True, check=False)

    def asked(self, program):
        lines = (self.folder / "asked.jsonl").read_text(encoding="utf-8").splitlines()
        return [words[1:] for words in map(json.loads, lines) if words[0] == program]

    def trainings(self):
        return [words for words in self.asked("glid_train") if "--out" in words]

    def settings(self, run):
        """Of the last training of that name."""
        words = [words for words in self.trainings() if words[-1].endswith(f"/{run}")][-1]
        return [words[i + 1] for i, word in enumerate(words) if word == "--set"]

    def test_encoders_of_all_objectives_are_fine_tuned_alone(self):
        done = self.run_script("compare_objectives.py", "--seeds", "0,2")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("simmim", "mae", "mixmae", "beit", "aim", "supervised", "masked_image"):
            pretraining = self.folder / "out" / "runs" / f"pretrain_{name}"
            for task in ("depth", "semantic"):
                settings = self.settings(f"{task}_{name}_seed2")
                self.assertIn(f"init.from={pretraining}", settings)
                self.assertIn("init.parts=[encoder]", settings)
                self.assertIn("seed=2", settings)
        self.assertFalse([s for s in self.settings("depth_scratch_seed0") if s.startswith("init")])
        whole = self.settings("depth_masked_image_whole_seed0")
        self.assertEqual([s for s in whole if s.startswith("init")],
                         [f"init.from={self.folder}/out/runs/pretrain_masked_image"])
        self.assertEqual(len(self.trainings()), 7 + 2 * 2 * 9)  # each run once

    def test_tables_have_means_and_deviations(self):
        done = self.run_script("compare_objectives.py", "--seeds", "0,2", "--objectives", "mae")
        self.assertIn("| MAE | 0.250 | 0.450 (interpolation) | 22 | 0.4321 |", done.stdout)
        self.assertIn("| from scratch | 3.000 ± 1.414 | 51.0 ± 1.4 |", done.stdout)
        self.assertIn((self.folder / "out" / "objectives.md").read_text(encoding="utf-8"), done.stdout)
        plot = (self.folder / "out" / "objectives.svg").read_text(encoding="utf-8")
        self.assertEqual(plot.count("<circle"), 2 * 2 * 2)  # seeds, tasks, starts
        self.assertEqual(plot.count("stroke-dasharray"), 1)  # of the one task that says what is reached without looking
        pages = {words[-1].rsplit("/", 1)[1]: len(words) - 2 for words in self.asked("glid_report")}
        self.assertEqual(pages, {"pretraining.html": 1, "depth.html": 4, "semantic.html": 4})

    def test_a_stopped_series_goes_on_with_the_same_command(self):
        (self.folder / "stop").write_text("depth_mae_seed0", encoding="utf-8")
        options = ("compare_objectives.py", "--objectives", "mae", "--tasks", "depth", "--seeds", "0")
        self.assertEqual(self.run_script(*options).returncode, 75)
        self.assertFalse(self.asked("glid_report"))
        (self.folder / "stop").unlink()
        self.assertEqual(self.run_script(*options).returncode, 0)
        self.assertTrue(self.asked("glid_report"))

    def test_all_objectives_see_as_many_images(self):
        self.run_script("compare_objectives.py", "--pretrain-steps", "40", "--seeds", "0", "--tasks", "depth",
                        "--encoder", "tiny")
        names = [words[-1].rsplit("/", 1)[1] for words in self.trainings() if "pretrain" in words[-1]]
        self.assertEqual(names, [f"pretrain_{name}" for name in ("masked_image", "simmim", "mae", "mixmae", "beit",
                                                                  "supervised")])
        for name in names:
            self.assertIn("train.steps=40", self.settings(name))
            self.assertIn("optim.warmup_steps=4", self.settings(name))

    def test_codes_of_beit_are_made_of_the_same_images(self):
        self.run_script("compare_objectives.py", "--seeds", "0", "--tasks", "depth", "--objectives", "beit", "--data", "photos")
        book = str(self.folder / "out" / "codebook_8px.safetensors")
        made = next(words for words in self.asked("glid_data") if words[0] == "codebook")
        self.assertEqual(dict(zip(made[1::2], made[2::2])), {"--data": "photos", "--out": book, "--size": "256",
                                                             "--patch": "8", "--image-size": "96"})
        task = next(setting for setting in self.settings("pretrain_beit") if setting.startswith("task="))
        self.assertEqual(task, f"task={{name: beit, codebook: {book}, masked: 55, smallest_block: 12}}")

    def test_each_encoder_has_codes_of_its_own(self):
        for encoder in ("tiny", "tiny_vit"):
            self.run_script("compare_objectives.py", "--encoder", encoder, "--seeds", "0", "--tasks", "depth", "--objectives",
                            "beit", "--data", "photos")
            book = self.asked("glid_data")[-1][self.asked("glid_data")[-1].index("--out") + 1]
            pathlib.Path(book).touch()  # as it is there from now on
        made = [words[words.index("--patch") + 1] for words in self.asked("glid_data") if words[0] == "codebook"]
        self.assertEqual(made, ["16", "8"])

    def test_images_without_classes_have_no_supervised_objective(self):
        options = ("compare_objectives.py", "--seeds", "0", "--tasks", "depth", "--data", "photos")
        said = "has no classes in photos"
        done = self.run_script(*options)
        self.assertIn(f"Not among them: supervised, which {said}.", done.stdout)
        self.assertFalse([words for words in self.trainings() if "supervised" in words[-1]])
        done = self.run_script(*options, "--objectives", "mae,supervised")
        self.assertEqual((done.returncode, f"supervised {said}" in done.stderr), (2, True))
        (self.folder / "photos" / "train" / "cat").mkdir(parents=True)
        done = self.run_script(*options, "--objectives", "supervised")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("data.root=photos", self.settings("pretrain_supervised"))
        self.assertNotIn("data.name=folder", self.settings("pretrain_supervised"))

    def test_a_profile_without_its_line_is_a_line(self):
        (self.folder / "silent").touch()
        done = self.run_script("compare_objectives.py", "--seeds", "0", "--tasks", "depth", "--objectives", "mae")
        self.assertEqual(done.returncode, 1)
        self.assertIn("glid_train --profile has said no GFLOP an image", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_what_cant_be_compared_is_refused(self):
        for options, word in ((("--encoder", "tiny", "--objectives", "aim"), "aim has no tiny"),
                              (("--objectives", "mae,mae"), "different ones"),
                              (("--seeds", "1,1"), "different whole numbers")):
            done = self.run_script("compare_objectives.py", *options)
            self.assertEqual(done.returncode, 2)
            self.assertIn(word, done.stderr)

    def test_runs_of_the_papers_tables_keep_their_names(self):
        done = self.run_script("tables.py", "partial", "--list", "--seeds", "1")
        names = [line.rsplit("/", 1)[1] for line in done.stdout.splitlines()]
        self.assertEqual(names[:5], ["detection_scratch_seed1", "depth_scratch_seed1", "pretrain1000",
                                     "detection_pretrain1000_encoder_seed1", "depth_pretrain1000_encoder_seed1"])
        done = self.run_script("tables.py", "partial", "--seeds", "0,1")
        self.assertIn("| from scratch | 50.0 ± 0.0 | 2.500 ± 0.707 |", done.stdout)
        self.assertIn("over the seeds 0, 1 of fine-tuning; each pre-training ran once, with seed 0", done.stdout)

    def test_a_program_that_fails_ends_it_with_a_line(self):
        for program, where in (("glid_train", "/log.txt"), ("glid_report", "/partial.html"), ("glid_data", "make-demo")):
            (self.folder / "fail").write_text(program, encoding="utf-8")
            done = self.run_script(*(("compare_objectives.py",) if program == "glid_data" else ("tables.py", "partial")))
            self.assertEqual(done.returncode, 3, done.stderr)
            lines = done.stderr.splitlines()
            self.assertEqual((len(lines), lines[0]), (2, "where: what"), done.stderr)
            self.assertIn(f"{program} ended with exit code 3: see its lines above", lines[1])
            self.assertIn(f"the command: {program} ", lines[1])
            self.assertIn(where, lines[1])

    def test_a_program_that_is_not_there_is_a_line(self):
        (self.folder / "glid_train").unlink()
        done = subprocess.run([sys.executable, "-B", SCRIPTS / "tables.py", "partial", "--out", str(self.folder / "out")],
                              env={**os.environ, "PATH": str(self.folder)}, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, "glid_train can't be run: No such file or directory\n"))

    def stopped(self, code, kill=lambda script: os.killpg(script.pid, signal.SIGINT), begin=hear_ctrl_c):
        """How a series ends whose first training ends so when it is stopped, by Ctrl-C or as `kill` does it."""
        (self.folder / "hang").write_text(str(code), encoding="utf-8")
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        with subprocess.Popen([sys.executable, "-B", SCRIPTS / "tables.py", "partial", "--out", str(self.folder / "out")],
                              env={**os.environ, "PATH": path}, start_new_session=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, preexec_fn=begin) as script:
            end = time.monotonic() + 60
            while not (self.folder / "hangs").exists():
                self.assertIsNone(script.poll(), "it ended before it trained")
                self.assertLess(time.monotonic(), end)
                time.sleep(0.02)
            (self.folder / "hang").unlink()  # a second one would not wait
            kill(script)
            errors = script.communicate()[1]
        return script.returncode, errors

    def test_ctrl_c_waits_for_the_checkpoint(self):
        self.assertEqual(self.stopped(75), (75, ""))

    def test_a_signal_to_the_script_alone_is_passed_on(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            self.assertEqual(self.stopped(75, lambda script, number=number: script.send_signal(number)), (75, ""))

    def test_of_a_signal_to_all_a_program_hears_no_late_copy(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.stopped(75, lambda script, number=number: os.killpg(script.pid, number))
            heard = json.loads((self.folder / "heard").read_text(encoding="utf-8"))
            self.assertLess(max(heard) - min(heard), 0.1, heard)  # which glid_train takes for the same

    def test_what_nohup_has_started_outlives_its_terminal(self):
        ignores = lambda: (hear_ctrl_c(), signal.signal(signal.SIGHUP, signal.SIG_IGN))  # noqa: E731

        def kill(script):
            script.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            self.assertIsNone(script.poll())
            script.terminate()
        self.assertEqual(self.stopped(75, kill, ignores)[0], 75)

    def test_a_damaged_budget_is_a_line(self):
        (self.folder / "out" / "runs" / "a").mkdir(parents=True)
        for text, said in ((None, "budget.json is missing"), ("", "budget.json is damaged"), ("[]", "budget.json is damaged")):
            if text is not None:
                (self.folder / "out" / "budget.json").write_text(text, encoding="utf-8")
            done = self.run_script("tables.py", "partial", "--list")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
            self.assertIn(said, done.stderr)

    def test_ctrl_c_before_there_is_a_checkpoint_is_no_failure(self):
        self.assertEqual(self.stopped(130), (75, ""))

    def test_failures_are_told_though_somebody_stops_it(self):
        code, errors = self.stopped(3)
        self.assertEqual((code, "glid_train ended with exit code 3" in errors), (3, True))

    def test_runs_of_another_budget_are_not_mixed(self):
        self.assertEqual(self.run_script("tables.py", "partial", "--steps", "4").returncode, 0)
        done = self.run_script("tables.py", "partial", "--steps", "6")
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1))
        self.assertIn("has runs of another budget (steps 4): choose another folder", done.stderr)
        self.assertEqual(self.run_script("tables.py", "partial", "--steps", "4", "--pretrain-steps", "8").returncode, 0)

    def test_runs_that_measured_nothing_are_a_line(self):
        for left, said in (("null", "the last val_AP50 is null"), ("nothing", "/metrics.jsonl is not there: remove ")):
            (self.folder / "leaves").write_text(left, encoding="utf-8")
            done = self.run_script("tables.py", "partial")
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1), done.stderr)
            self.assertIn(said, done.stderr)
            shutil.rmtree(self.folder / "out")

    def test_ctrl_c_begins_no_other_run(self):
        self.assertEqual(self.stopped(0), (75, ""))  # the program was at its end
        self.assertEqual(len(self.trainings()), 1)



if __name__ == "__main__":
    unittest.main()
