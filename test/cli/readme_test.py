"""The registry session of README.md, line by line as it is pasted: every line that it says is printed is printed."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from process import BINARY, Broker

README = pathlib.Path(__file__).parents[2] / "README.md"


def session():
    """Commands, each with the lines that README says it prints."""
    block = re.search(r"## A registry session\n.*?```sh\n(.*?)```", README.read_text(), re.DOTALL)[1]
    steps = []
    for line in block.splitlines():
        if line.startswith("#   "):
            steps[-1][1].append(line[4:].rstrip())
        elif line and not line.startswith("#"):
            steps.append((line, []))
    return steps


class Readme(unittest.TestCase):
    def test_the_registry_session_prints_what_it_says(self):
        directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        broker = self.enterContext(Broker(directory / "data", "--memory"))
        (directory / "build").mkdir()
        (directory / "build/klamm").symlink_to(os.path.abspath(BINARY))
        steps = session()
        self.assertGreater(len(steps), 8)
        for command, promised in steps:
            done = subprocess.run(["sh", "-c", command], cwd=directory, capture_output=True, text=True, timeout=60,
                                  check=False, env={**os.environ, "KLAMM_BOOTSTRAP": f"127.0.0.1:{broker.port}",
                                                    "KLAMM_REGISTRY": f"http://127.0.0.1:{broker.http_port}"})
            printed = [line.rstrip() for line in (done.stdout + done.stderr).splitlines()]
            if promised:
                self.assertEqual([line for line in printed if line], [line for line in promised if line], command)
            else:
                self.assertEqual(done.returncode, 0, command + "\n" + done.stderr)


if __name__ == "__main__":
    unittest.main()
