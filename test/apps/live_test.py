"""An App as a process: what it prints, how it ends, what it has done after it was killed, and what it does while its
log is not there."""
import collections
import os
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../robustness"))

from app import App, eventually, free_port, greetings, klamm, visit  # noqa: E402
from process import Broker  # noqa: E402

OTHER_HELLO = os.environ["OTHER_HELLO"]


class Case(unittest.TestCase):
    def setUp(self):
        self.data = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "data")
        self.visits = collections.Counter()

    def embedded(self, *flags, **more):
        """With its broker open to Kafka's clients."""
        return App("--data", self.data, "--listen", "127.0.0.1:0", *flags, **more)

    def visit(self, bootstrap, *names):
        visit(bootstrap, names)
        self.visits.update(names)

    def expect_each_visit_once(self, bootstrap):
        expected = {name: list(range(1, count + 1)) for name, count in self.visits.items()}
        eventually(f"greetings of {expected}, there are {greetings(bootstrap)}",
                   lambda: sum(map(len, greetings(bootstrap).values())) >= sum(self.visits.values()))
        self.assertEqual(greetings(bootstrap), expected)


class Flags(Case):
    def refusal(self, *flags, **environment):
        with App(*flags, environment=environment) as app:
            code, said = app.ended()
            self.assertEqual(code, 2, said)
            return said

    def test_wrong_flags_are_named_and_end_it_with_2(self):
        self.assertIn("--bad", self.refusal("--bad"))
        self.assertIn("--durability is 'sometimes'; allowed: synced", self.refusal("--durability", "sometimes"))
        self.assertIn("'nowhere'", self.refusal("--listen", "nowhere"))
        self.assertIn("session_timeout is 5 ms; allowed: 1000 to", self.refusal("--session-timeout", "5"))
        self.assertIn("'lonely' is not NAME=VALUE", self.refusal("--client", "lonely"))
        self.assertIn("with bootstrap there is none",
                      self.refusal("--bootstrap", "127.0.0.1:1", "--listen", "127.0.0.1:0"))

    def test_flags_may_come_from_the_environment(self):
        self.assertIn("--durability is 'never'", self.refusal(KLAMM_DURABILITY="never"))


class Embedded(Case):
    def test_it_says_where_it_is_works_and_leaves_when_it_is_told_to(self):
        with self.embedded() as app:
            ready = app.wait_until_ready()
            self.assertEqual(ready["data"], self.data)
            self.assertEqual(ready["http"], f"127.0.0.1:{app.http_port}")
            self.visit(ready["kafka"], "ann", "bob", "ann")
            self.expect_each_visit_once(ready["kafka"])
            self.assertEqual(app.get("/healthz"), (200, '{"healthy":true,"problems":[]}\n'))
            self.assertEqual(app.get("/readyz")[0], 200)
            metrics = app.get("/metrics")[1]
            self.assertIn('klamm_app_done_total{app="hello"} 3\n', metrics)
            self.assertIn("klamm_", metrics.replace("klamm_app_", ""), "the broker's are there, too")
            self.assertEqual(app.stop(), 0)

    def test_killed_at_any_moment_it_is_back_at_once_and_counts_each_visit_once(self):
        for _ in range(8):
            with self.embedded() as app:
                kafka = app.wait_until_ready(20)["kafka"]  # not after a session of 45 s
                self.visit(kafka, "ann", "bob", "cid", "ann")
                app.kill()
        with self.embedded() as app:
            self.expect_each_visit_once(app.wait_until_ready(20)["kafka"])

    def test_a_quiet_one_logs_nothing_while_nothing_is_wrong(self):
        said = []
        for flags in ((), (), ("--quiet",)):
            with self.embedded(*flags) as app:
                app.wait_until_ready()
                app.kill()
                said.append(app.stderr())
        self.assertIn("recovered", said[1])
        self.assertEqual(said[2], "")

    def test_a_second_process_on_the_same_data_is_told_who_has_it(self):
        with self.embedded() as app:
            app.wait_until_ready()
            with App("--data", self.data) as second:
                code, said = second.ended()
            self.assertEqual(code, 1)
            self.assertIn(f"is in use by another process (process {app.process.pid})", said)

    def test_a_visit_without_a_name_is_a_dead_letter_and_health_says_so(self):
        with self.embedded() as app:
            kafka = app.wait_until_ready()["kafka"]
            klamm("produce", "visits", "--key-separator", ":", "-b", kafka, text='eve:{"name":""}\n')
            eventually("poisoned", lambda: app.problems() == ["poisoned"])
            self.visit(kafka, "ann")
            self.expect_each_visit_once(kafka)

    def test_a_schema_that_breaks_the_registered_one_ends_the_start_with_the_registrys_words(self):
        with self.embedded() as app:
            app.wait_until_ready()
            self.assertEqual(app.stop(), 0)
        with self.embedded(program=OTHER_HELLO) as other:
            code, said = other.ended()
        self.assertEqual(code, 1, said)
        self.assertIn("greetings", said)
        self.assertIn("visits", said)
        self.assertIn("incompatible", said.lower())


class OnACluster(Case):
    def test_the_same_program_works_on_a_server(self):
        with Broker(self.data) as broker, \
                App("--bootstrap", f"127.0.0.1:{broker.port}", "--instance", "one") as app:
            ready = app.wait_until_ready()
            self.assertEqual(ready["instance"], "one")
            self.visit(ready["bootstrap"], "ann", "bob", "ann")
            self.expect_each_visit_once(ready["bootstrap"])
            self.assertEqual(app.get("/healthz")[0], 200)
            self.assertIn('klamm_app_done_total{app="hello"} 3\n', app.get("/metrics")[1])
            self.assertEqual(app.stop(), 0)

    def test_killed_it_takes_over_under_its_name_before_its_session_has_ended(self):
        with Broker(self.data) as broker:
            kafka = f"127.0.0.1:{broker.port}"
            by_librdkafka = ("--client", "client.id=one")
            for client in ((), (), by_librdkafka, ()):  # each takes over from the one before
                with App("--bootstrap", kafka, "--instance", "one", *client) as app:
                    app.wait_until_ready(30)
                    self.visit(kafka, "ann", "bob")
                    app.kill()
            with App("--bootstrap", kafka, "--instance", "one") as app:
                app.wait_until_ready(30)
                self.expect_each_visit_once(kafka)

    def test_a_cluster_that_is_away_at_the_start_is_waited_for(self):
        port = free_port()
        with App("--bootstrap", f"127.0.0.1:{port}") as app:
            eventually("health that says it is away", lambda: "engine_away" in app.problems())
            self.assertEqual(app.get("/readyz")[0], 503)
            with Broker(self.data, listen=f"127.0.0.1:{port}"):
                app.wait_until_ready()
                self.visit(f"127.0.0.1:{port}", "ann")
                self.expect_each_visit_once(f"127.0.0.1:{port}")
                eventually("health", lambda: app.get("/healthz")[0] == 200)

    def test_an_app_whose_cluster_is_away_can_be_stopped(self):
        with App("--bootstrap", f"127.0.0.1:{free_port()}") as app:
            eventually("health that says it is away", lambda: "engine_away" in app.problems())
            self.assertEqual(app.stop(), 0)

    def test_a_server_that_hangs_or_dies_is_waited_for_and_nothing_is_counted_twice(self):
        with Broker(self.data) as broker:
            port = broker.port
            with App("--bootstrap", f"127.0.0.1:{port}") as app:
                kafka = app.wait_until_ready()["bootstrap"]
                self.visit(kafka, "ann", "bob")
                broker.process.send_signal(signal.SIGSTOP)
                eventually("health that says it is away", lambda: "engine_away" in app.problems(), 120)
                broker.process.send_signal(signal.SIGCONT)
                eventually("health", lambda: app.get("/healthz")[0] == 200, 120)
                self.visit(kafka, "ann", "cid")
                broker.kill()
                eventually("health that says it is away", lambda: "engine_away" in app.problems(), 120)
                with Broker(self.data, listen=f"127.0.0.1:{port}"):
                    eventually("health", lambda: app.get("/healthz")[0] == 200, 120)
                    self.visit(kafka, "ann")
                    self.expect_each_visit_once(kafka)
                    self.assertEqual(app.stop(), 0)


if __name__ == "__main__":
    unittest.main()
