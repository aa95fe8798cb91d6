"""The order saga beside a real PostgreSQL: rows of the outbox become events, decisions come back into the table,
each once, while the application is killed."""
import os
import random
import subprocess
import tempfile
import time
import unittest

from postgres_server import Postgres

PROGRAM = os.environ["ORDER_SAGA"]
ORDERS, KILLS, ITEMS = 400, 12, 40
WAIT_SECONDS = 120


def place(number, cents):
    """An order and its event in one transaction, as a shop in any language would."""
    payload = f'{{"order": "o-{number}", "item": "item-{number % ITEMS}", "cents": {cents}}}'
    return (f"BEGIN; INSERT INTO orders VALUES ('o-{number}', 'placed'); "
            "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) "
            f"VALUES ('order', 'o-{number}', 'order.placed', '{payload}'); COMMIT;\n")


class OrderSaga(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="klamm-saga-")
        self.database = Postgres(self.folder.name + "/postgres")
        self.connection = f"host=127.0.0.1 port={self.database.port} user=postgres dbname=postgres"
        schema = subprocess.run([PROGRAM, "--schema"], check=True, capture_output=True, text=True).stdout
        self.database.sql(schema)
        self.process = None

    def tearDown(self):
        self.end()
        self.database.close()
        self.folder.cleanup()

    def begin(self, ready=True):
        self.log = open(self.folder.name + "/log", "ab")
        self.process = subprocess.Popen(
            [PROGRAM, "--postgres", self.connection, "--data", self.folder.name + "/data", "--quiet"],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        if ready:
            self.assertIn("order-saga ready", self.process.stdout.readline(), self.words())

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.log.close()
            self.process = None

    def words(self):
        with open(self.folder.name + "/log", encoding="utf-8") as log:
            return log.read()[-2000:]

    def wait_for(self, query, wanted):
        until = time.monotonic() + WAIT_SECONDS
        while (found := self.database.sql(query).strip()) != wanted:
            self.assertLess(time.monotonic(), until, f"{query}: {found}, not {wanted}\n{self.words()}")
            time.sleep(0.05)

    def test_each_order_is_decided_once_while_the_application_is_killed(self):
        seed = int(os.environ.get("SEED", random.randrange(10**6)))
        chance = random.Random(seed)
        print(f"SEED={seed}")
        self.begin()
        for kill in range(KILLS):
            first = kill * ORDERS // KILLS
            orders = range(first, (kill + 1) * ORDERS // KILLS)
            self.database.sql("".join(place(n, 5_000 if n % 5 == 0 else 900) for n in orders))
            time.sleep(chance.random() * 0.3)
            self.end()
            self.begin()
        self.wait_for("SELECT count(*) FROM orders WHERE status <> 'placed'", str(ORDERS))
        self.wait_for("SELECT count(*) FROM outbox", "0")
        # Each decision was written once, though the events that led to it may have come again.
        self.assertEqual(self.database.sql("SELECT count(*), count(DISTINCT id) FROM decisions").strip(),
                         f"{ORDERS}|{ORDERS}")
        self.assertEqual(self.database.sql("SELECT count(*) FROM orders o JOIN decisions d ON o.id = d.id "
                                           "AND o.status <> d.status").strip(), "0")
        # Two pieces of each item, and refused cards give theirs back.
        self.assertEqual(self.database.sql(
            "SELECT max(sold) FROM (SELECT count(*) AS sold FROM orders WHERE status = 'confirmed' GROUP BY "
            f"substr(id, 3)::int % {ITEMS}) AS items").strip(), "2")

    def test_a_database_without_the_tables_is_said_and_waited_for(self):
        self.database.sql("DROP TABLE outbox")
        self.begin()
        until = time.monotonic() + WAIT_SECONDS
        while "klamm::outbox_schema()" not in self.words():
            self.assertLess(time.monotonic(), until, self.words())
            time.sleep(0.05)
        schema = subprocess.run([PROGRAM, "--schema"], check=True, capture_output=True, text=True).stdout
        self.database.sql(schema + place(1, 900))
        self.wait_for("SELECT status FROM orders", "confirmed")


if __name__ == "__main__":
    unittest.main()
