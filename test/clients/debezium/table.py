"""The table that is captured, and what is done to it."""

import random


class Table:
    """The table `accounts`, as it is and as it came to be.

    The primary key is (region, number); all of an old row is logged (REPLICA IDENTITY FULL), so
    that each event has what was before and what is after."""

    CREATE = """
        CREATE TABLE accounts (region text, number int, owner text NOT NULL,
                               balance bigint NOT NULL, note text, PRIMARY KEY (region, number));
        ALTER TABLE accounts REPLICA IDENTITY FULL;
        CREATE TABLE not_captured (number int PRIMARY KEY);
        """
    REGIONS = ("north", "east", "south", "west")
    NUMBERS = 400
    CHANGES_OF_A_TRANSACTION_MAX = 20
    NOTES = (None, "", "it's", 'a "quoted" word', "Brücke über die Klamm", "水", "back\\slash",
             "x" * 300)

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.rows = {}
        self.events = []  # (operation, key, before, after) of what was committed

    def transactions(self, changes):
        """SQL with as many changes more, in transactions; some are rolled back and do not count."""
        wanted = len(self.events) + changes
        sql = []
        while len(self.events) < wanted:
            count = min(self.chance.randint(1, self.CHANGES_OF_A_TRANSACTION_MAX),
                        wanted - len(self.events))
            rows, events = dict(self.rows), len(self.events)
            statements = [self.change() for _ in range(count)]
            end = "COMMIT"
            if self.chance.random() < 0.1:
                self.rows, end = rows, "ROLLBACK"
                del self.events[events:]
            elif self.chance.random() < 0.1:
                statements.append(f"INSERT INTO not_captured VALUES ({len(self.events)})")
            sql += ["BEGIN", *statements, end]
        return "".join(f"{statement};\n" for statement in sql)

    def change(self):
        dice = self.chance.random()
        if not self.rows or (dice < 0.4 and len(self.rows) < len(self.REGIONS) * self.NUMBERS):
            return self.insert()
        key = self.chance.choice(list(self.rows))
        return self.update(key) if dice < 0.8 else self.delete(key)

    def insert(self):
        while True:
            key = self.chance.choice(self.REGIONS), self.chance.randrange(self.NUMBERS)
            if key not in self.rows:
                break
        row = {"region": key[0], "number": key[1], "owner": f"owner {self.chance.randrange(100)}",
               "balance": self.chance.randrange(-2**63, 2**63), "note": self.note()}
        self.rows[key] = row
        self.events.append(("c", key, None, row))
        return f"INSERT INTO accounts VALUES ({', '.join(map(literal, row.values()))})"

    def update(self, key):
        before = self.rows[key]
        after = before | {"balance": self.chance.randrange(10**9), "note": self.note()}
        self.rows[key] = after
        self.events.append(("u", key, before, after))
        return (f"UPDATE accounts SET balance = {after['balance']}, "
                f"note = {literal(after['note'])} WHERE {self.is_key(key)}")

    def delete(self, key):
        self.events.append(("d", key, self.rows.pop(key), None))
        return f"DELETE FROM accounts WHERE {self.is_key(key)}"

    def note(self):
        return self.chance.choice(self.NOTES)

    @staticmethod
    def is_key(key):
        return f"region = {literal(key[0])} AND number = {key[1]}"


def literal(value):
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
