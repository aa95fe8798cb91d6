"""The installed library: doc/first-handler.md pasted line by line, and a program built by pkg-config."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from app import free_port

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "doc/first-handler.md"
BUILD = os.environ["BUILD"]
STRICT = "set -eu\n"


def blocks():
    """What is pasted, and the lines that it says are printed."""
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE):
        lines = block.splitlines()
        # In a file that is written, such a line is its own.
        printed = [line[4:] for line in lines if line.startswith("#   ")]
        yield "\n".join(line for line in lines if not line.startswith("#   ")) + "\n", printed


class Package(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.environment = {**os.environ, "HOME": str(self.home),
                            "PKG_CONFIG_PATH": str(self.home / ".local/lib/pkgconfig")}

    def run_shell(self, script):
        done = subprocess.run(["bash", "-c", STRICT + script], cwd=self.home, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=280, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def installed_here(self, text):
        """`make install` would build; that is done. And ports that are free here."""
        install = "make install PREFIX=$HOME/.local"
        text = text.replace(install, f'cmake --install "{BUILD}" --prefix $HOME/.local >/dev/null; '
                                     'echo "installed in $HOME/.local"')
        for port, free in self.ports.items():
            text = text.replace(port, free)
        return text

    def test_the_page_for_newcomers_does_what_it_says_and_pkg_config_finds_the_library_too(self):
        self.ports = {"127.0.0.1:9092": f"127.0.0.1:{free_port()}", "127.0.0.1:8081": f"127.0.0.1:{free_port()}"}
        steps = list(blocks())
        self.assertGreaterEqual(len(steps), 5)
        kafka, http = self.ports.values()
        # The page's ports are those that klamm looks at by itself.
        script = f'klamm() {{ KLAMM_BOOTSTRAP={kafka} KLAMM_REGISTRY=http://{http} command klamm "$@"; }}\n'
        script += "".join(f"echo '@@{number}'\n{self.installed_here(commands)}"
                         for number, (commands, _) in enumerate(steps))
        printed = re.split(r"^@@\d+\n", self.run_shell(script), flags=re.MULTILINE)[1:]
        self.assertEqual(len(printed), len(steps))
        for (commands, promised), said in zip(steps, printed):
            at = 0
            for line in map(self.installed_here, promised):
                found = said.find(line, at)
                self.assertGreaterEqual(found, 0, f"'{line}' is not printed by\n{commands}\nbut\n{said}")
                at = found + len(line)

        flags = "$(pkg-config --cflags --libs klamm)"
        self.run_shell(f"g++ -std=c++23 hello/main.cc {flags} -o linked")
        self.assertIn("hello: event handlers, exactly once", self.run_shell("./linked --help"))
        self.assertIn("libpq", self.run_shell("pkg-config --print-requires klamm-postgres"))

    def test_the_page_shows_the_files_of_the_example(self):
        page = PAGE.read_text()
        for name in ("hello.h", "main.cc", "CMakeLists.txt", "hello_test.cc"):
            text = (ROOT / "examples/hello" / name).read_text()
            self.assertIn(f"cat > {name} <<'END'\n{text}END\n", page, name)


if __name__ == "__main__":
    unittest.main()
