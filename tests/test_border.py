"""The border between the halves: where torch is installed, serving still does not import it."""

import subprocess
import sys


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_serving_imports_nothing_of_the_training_half():
    done = run("from scripts.border import strangers; print(strangers())")
    assert done.stdout.endswith("[]\n"), done.stdout + done.stderr


def test_guard_sees_a_stranger():
    done = run("import training; from scripts.border import strangers; print(strangers())")
    assert done.stdout.endswith("['training']\n"), done.stdout + done.stderr
