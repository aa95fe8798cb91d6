"""The demo as a process: the main job, from a fresh directory and again on what it left."""
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from process import BINARY, Broker


class Demo(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.data = self.directory.name + "/data"

    def tearDown(self):
        self.directory.cleanup()

    def command(self, *flags, listen="127.0.0.1:0", data=None):
        return [BINARY, "demo", "--fast", "--listen", listen, "--http", "127.0.0.1:0", "--data", data or self.data,
                *flags]

    def demo(self, *flags, code=0, **more):
        done = subprocess.run(self.command(*flags, **more), capture_output=True, timeout=200)
        self.assertEqual(done.returncode, code, done.stdout.decode() + done.stderr.decode())
        return (done.stdout + done.stderr).decode()

    def assert_sums_up(self, text):
        self.assertIn("count and sum per airport equal those of the file: 220 airports, 20,000 flights, "
                      "154,078 minutes", text)
        self.assertIn("1,108 notices and 93 compensations, each once: none lost, none doubled", text)
        self.assertIn("compensations were dead letters, redriven in order", text)
        self.assertNotIn("\x1b", text, "colors without a terminal")

    def test_it_sums_up_across_a_kill_and_again_on_what_is_left(self):
        text = self.demo("--exit")
        self.assert_sums_up(text)
        self.assertIn("SIGKILL", text)
        self.assertIn("started again", text)
        text = self.demo("--exit")
        self.assert_sums_up(text)

    def test_it_sums_up_across_a_hundred_kills(self):
        text = self.demo("--exit", "--kills", "100")
        self.assert_sums_up(text)
        self.assertIn("SIGKILL, 100 times", text)

    def test_it_uses_another_cluster_and_leaves_it_running(self):
        with Broker(self.data) as broker:
            text = self.demo("--bootstrap", f"127.0.0.1:{broker.port}")
            self.assert_sums_up(text)
            self.assertIn("SIGKILL to the application", text)
            self.assertIsNone(broker.process.poll())

    def test_it_stays_until_it_is_told_to_stop(self):
        process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True)
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "Ctrl-C" in line:
                    break
            self.assert_sums_up("".join(lines))
            address = next(line for line in lines if "stays up" in line).split("its broker on ")[1].split(". ")[0]
            host, port = address.split(":")
            socket.create_connection((host, int(port)), 10).close()
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), 0)
            with self.assertRaises(OSError):
                socket.create_connection((host, int(port)), 10).close()
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_the_application_does_not_outlive_a_demo_that_is_killed(self):
        process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True)
        try:
            ready = next(line for line in process.stdout if "application ready" in line)
            application = int(ready.rsplit(" ", 1)[1])
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        # Gone, or waiting to be reaped by init, within the time that it takes to drain.
        for _ in range(300):
            try:
                with open(f"/proc/{application}/stat", encoding="utf-8") as stat:
                    if stat.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except FileNotFoundError:
                return
            time.sleep(0.1)
        self.fail(f"application {application} still runs")

    def test_a_port_that_is_taken_is_said(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assertIn(address, self.demo("--exit", listen=address, code=1))

    def test_a_directory_in_use_is_said(self):
        with Broker(self.data):
            self.assertIn("in use by another process", self.demo("--exit", code=1))

    def test_wrong_flags_and_files_are_said(self):
        self.assertIn("listen: 'nowhere' has no port", self.demo("--exit", listen="nowhere", code=2))
        self.assertIn("/nowhere.csv", self.demo("--exit", "--flights", "/nowhere.csv", code=1))
        path = self.directory.name + "/flights.csv"
        with open(path, "w", encoding="utf-8") as file:
            file.write("date,delay,distance,origin,destination\n2001/01/01 00:00,late,1,A,B\n")
        self.assertIn("flights.csv:2: not a flight", self.demo("--exit", "--flights", path, code=1))


if __name__ == "__main__":
    unittest.main()
