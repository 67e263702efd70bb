"""How a script that checks the tree is run: [ROOT], a line for every complaint, exit code 1 if there is one."""
import pathlib
import sys


def run(check_tree, what):
    """check_tree(root) returns its complaints and how many things, called `what`, it looked at."""
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    complaints, count = check_tree(root)
    for complaint in complaints:
        print(complaint)
    print(f"{count} {what}, {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)
