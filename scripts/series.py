"""Series of trainings that can be stopped and go on, and tables of what comes out of them."""
import argparse
import json
import os
import pathlib
import shlex
import signal
import statistics
import subprocess
import sys

import dot_plot

INTERRUPTED = 75  # of glid_train: it goes on with the same command
BY_SIGNALS = [128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)]  # before there was anything to keep
# The metric that a task is judged by, and whether it is a part of 1, shown per cent.
METRICS = {"detection": ("AP50", True), "semantic": ("mIoU", True), "instance": ("AP50", True), "panoptic": ("PQ", True),
           "depth": ("rmse", False)}


class Series:
    """Makes the runs that somebody asks for, each once, in OUT/runs; while `total` is 0 it only counts them."""

    BUDGET = ("steps",)  # arguments that runs don't have in their names

    def __init__(self, arguments, total=0):
        self.arguments = arguments
        self.folder = arguments.out / "runs"
        self.total = total
        self.names = []  # in the order of asking

    def train(self, name, config, settings):
        """The folder of the run NAME, trained to its end."""
        folder = self.folder / name
        if folder not in self.names:
            self.names.append(folder)
            if self.total:
                print(f"== [{len(self.names)} of {self.total}] {folder}", flush=True)
                carry_out([*command(config, settings), "--out", str(folder)], f" and {folder}/log.txt")
        return folder


running = None  # the program that is waited for


def stop(number, frame):
    """Passed on at once: a program that has heard it too takes one within 100 ms for the same."""
    if running:
        running.send_signal(number)
    raise KeyboardInterrupt


def runs(main):
    """Runs a script's main(), which all signals to stop end as Ctrl-C does."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, stop)
    try:
        main()
    except KeyboardInterrupt:
        end_stopped()


def end_stopped():
    print(f"== {pathlib.Path(sys.argv[0]).stem}: stopped: the same command goes on", flush=True)
    sys.exit(INTERRUPTED)


def said(program):
    """What it printed, when it has ended, and whether somebody stopped the script meanwhile."""
    stopped = False
    while True:
        try:
            return *program.communicate(), stopped
        except KeyboardInterrupt:
            stopped = True


def carry_out(words, log="", quiet=False):
    """What a program prints, if it is a quiet one. Where it fails the script ends as it did, with a line: the command, and
    where there is more, `log` too."""
    global running
    pipe = subprocess.PIPE if quiet else None
    try:
        with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True) as program:
            running = program
            output, errors, stopped = said(program)
    except OSError as error:
        sys.exit(f"{words[0]} can't be run: {error.strerror}")
    finally:
        running = None
    code = program.returncode if program.returncode >= 0 else 128 - program.returncode  # as shells have signals
    if code == INTERRUPTED or stopped and code in (0, *BY_SIGNALS):  # one that had nothing left to do ends with 0
        end_stopped()
    if code != 0:
        print(f"{errors or ''}{words[0]} ended with exit code {code}: see its lines above{log}; the command: "
              f"{shlex.join(words)}", file=sys.stderr)
        sys.exit(code)
    return output


def command(config, settings):
    options = [word for setting in settings for word in ("--set", setting)]
    return ["glid_train", "--config", f"configs/{config}.yaml", *options]


def for_steps(count):
    """Settings of a training of so many steps."""
    return [f"train.steps={count}", f"optim.warmup_steps={max(1, count // 10)}"]


def carried_out(arguments, kind, ask):
    """The series, of a `kind`, and what ask(series) made of its runs. With --list their names are all that comes out."""
    plan = kind(arguments)
    ask(plan)
    require_budget(arguments, kind.BUDGET)
    if arguments.list:
        print(*plan.names, sep="\n")
        sys.exit()
    keep_budget(arguments, kind.BUDGET)
    series = kind(arguments, total=len(plan.names))
    return series, ask(series)


def budget_of(arguments, names):
    return {name: str(getattr(arguments, name)) for name in names}


def known_budget(out):
    """What OUT says of its runs; nothing where it has none."""
    file = out / "budget.json"
    if file.exists():
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except ValueError:
            known = None
        return known if isinstance(known, dict) else {"budget.json": "is damaged"}
    has_runs = (out / "runs").is_dir() and any((out / "runs").iterdir())
    return {"budget.json": "is missing"} if has_runs else None


def require_budget(arguments, names):
    """Ends the script where OUT has runs of another one: they would be one table's."""
    known = known_budget(arguments.out)
    if known in (None, budget_of(arguments, names)):
        return
    words = ", ".join(f"{name} {value}" for name, value in known.items())
    print(f"argument --out: has runs of another budget ({words}): choose another folder (got {arguments.out})", file=sys.stderr)
    sys.exit(2)


def keep_budget(arguments, names):
    file = arguments.out / "budget.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_suffix(".tmp")
    whole.write_text(json.dumps(budget_of(arguments, names)) + "\n", encoding="utf-8")
    os.replace(whole, file)


def publish(arguments, name, text, plot, pages):
    """The text as OUT/NAME.md, the plot as OUT/NAME.svg, and pages {name: runs} as OUT/name.html."""
    files = [arguments.out / f"{name}.md", arguments.out / f"{name}.svg"]
    for file, content in zip(files, (text, plot)):
        file.write_text(content, encoding="utf-8")
    print(text)
    for page, runs in pages.items():
        files.append(arguments.out / f"{page}.html")
        carry_out(["glid_report", *map(str, runs), "--out", str(files[-1])])
    print("== " + ", ".join(map(str, files)))


def found_numbers(run, key):
    file = run / "metrics.jsonl"
    if not file.exists():
        sys.exit(f"{file} is not there: remove {run}, and the same command makes it anew")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [line[key] for line in lines if key in line]


def numbers(run, key):
    """All of a name in the run's metrics, in order."""
    found = found_numbers(run, key)
    if not found:
        sys.exit(f"{run}/metrics.jsonl has no {key}: was the run made with other settings?")
    return found


def value_of(run, metric):
    """Of the run's last validation."""
    value = numbers(run, f"val_{metric}")[-1]
    if value is None:
        sys.exit(f"{run}/metrics.jsonl: the last val_{metric} is null: there was nothing to measure")
    return value


def head(task):
    return f"{task} {METRICS[task][0]}{' in %' if METRICS[task][1] else ' in m'}"


def shown(task, value):
    return 100 * value if METRICS[task][1] else value


def cell(task, values):
    digits = 1 if METRICS[task][1] else 3
    mean = f"{statistics.mean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


class Finetuned:
    """What runs reach: {row: [[(run, metric) of each seed] of each task]}, as a table and as a plot."""

    def __init__(self, tasks, rows):
        self.tasks = tasks
        self.rows = rows
        self.values = {row: [[shown(task, value_of(*of)) for of in seeds] for task, seeds in zip(tasks, columns)]
                       for row, columns in rows.items()}

    def markdown(self, first=""):
        return table([first, *map(head, self.tasks)],
                     [[row, *map(cell, self.tasks, columns)] for row, columns in self.values.items()])

    def without_looking(self, column):
        """What the last row's first run, which sees all images, says of those that don't look at them, or None."""
        run, metric = list(self.rows.values())[-1][column][0]
        values = [value[metric] for value in found_numbers(run, "without_looking") if value.get(metric) is not None]
        return shown(self.tasks[column], values[0]) if values else None

    def plot(self, title):
        return dot_plot.svg(title, list(self.values), [
            dot_plot.Panel(head(task), [columns[i] for columns in self.values.values()], self.without_looking(i))
            for i, task in enumerate(self.tasks)])


def of_seeds(seeds):
    """What varies between the runs of a cell: the seed of fine-tuning alone."""
    pretraining = "each pre-training ran once, with seed 0"
    if len(seeds) == 1:
        return f"seed {seeds[0]}; {pretraining}"
    return (f"mean ± standard deviation over the seeds {', '.join(map(str, seeds))} of fine-tuning; {pretraining}, so that ± "
            "leaves out what another one would change")


def table(heads, rows):
    """Lines of Markdown; a row's first cell is its name."""
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *("| " + " | ".join(row) + " |" for row in rows)]


def steps(text):
    if int(text) < 2:
        raise argparse.ArgumentTypeError(f"must be 2 or more (got {text})")
    return int(text)


def seeds(text):
    found = [int(seed) for seed in text.split(",")]
    if len(set(found)) < len(found) or min(found) < 0:
        raise argparse.ArgumentTypeError(f"must be different whole numbers of at least 0 (got {text})")
    return found


def as_seen(text):
    """The path from where the script was started, which then works in the repository's root."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return pathlib.Path(os.environ.get("STARTED_IN", ""), text)


def folder(text):
    """A place where runs can be written."""
    place = as_seen(text)
    above = next(path for path in (place, *place.absolute().parents) if path.exists())
    if not above.is_dir():
        raise argparse.ArgumentTypeError(f"is no folder, but one is written (got {above})")
    if not os.access(above, os.W_OK):
        raise argparse.ArgumentTypeError(f"can't be written there: {above} doesn't allow it (got {text})")
    return place


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")  # one line, without the usage


def add_options(parser, out, **defaults):
    """What every series can be told."""
    parser.add_argument("--seeds", type=seeds, default=defaults.get("seeds", [0]), help="as 0,1,2")
    parser.add_argument("--pretrain-steps", type=steps, default=1000, help="of 32 images")
    parser.add_argument("--steps", type=steps, default=300, help="of fine-tuning, of 8 images")
    parser.add_argument("--out", type=folder, default=pathlib.Path(out),
                        help="folder of the runs, the table and the pages")
    parser.add_argument("--list", action="store_true", help="only name the runs")
