"""cmake/commit.cmake tells the commit of a checkout, whether it was changed, and nothing of a repository that only surrounds the sources."""
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "cmake" / "commit.cmake"


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", folder, *identity, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class CommitTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = pathlib.Path(temporary.name)
        self.sources = self.root / "sources"
        self.inner = self.sources / "inner"
        self.inner.mkdir(parents=True)
        self.file = self.inner / "a.txt"
        self.file.write_text("a", encoding="utf-8")
        git(self.sources, "init", "-q")
        git(self.sources, "add", ".")
        git(self.sources, "commit", "-q", "-m", "one")
        self.commit = git(self.sources, "rev-parse", "--short=12", "HEAD")
        self.output = self.root / "commit.cpp"

    def told(self, folder):
        subprocess.run(["cmake", f"-DSOURCE={folder}", f"-DOUTPUT={self.output}", "-P", SCRIPT], check=True)
        return self.output.read_text(encoding="utf-8").split('return "')[1].split('"')[0]

    def test_a_commit_and_its_changes(self):
        self.assertEqual(self.told(self.sources), self.commit)
        self.file.write_text("b", encoding="utf-8")
        self.assertEqual(self.told(self.sources), self.commit + "-dirty")

    def test_a_tag_changes_nothing(self):
        git(self.sources, "tag", "-a", "v1", "-m", "one")
        self.assertEqual(self.told(self.sources), self.commit)

    def test_a_linked_worktree(self):
        other = self.root / "other"
        git(self.sources, "worktree", "add", "-q", other)
        self.assertEqual(self.told(other), self.commit)

    def test_no_repository_and_one_that_only_surrounds(self):
        self.assertEqual(self.told(self.root), "unknown")
        self.assertEqual(self.told(self.inner), "unknown")

    def test_the_same_answer_leaves_the_file(self):
        self.told(self.sources)
        before = self.output.stat().st_mtime_ns
        self.told(self.sources)
        self.assertEqual(self.output.stat().st_mtime_ns, before)


if __name__ == "__main__":
    unittest.main()
