"""A client of a hundred lines: when does a broker acknowledge its first record?

A JVM or librdkafka would take longer to start than what is measured, so these few requests are written by hand:
Metadata 1, CreateTopics 2 and Produce 3, the oldest that all sides speak.
"""
import socket
import struct
import time

ACKS_ALL = -1
RETRY_SECONDS = 0.0005


def _crc32c_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ 0x82F63B78 if n & 1 else n >> 1
        table.append(n)
    return table


_TABLE = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _string(text):
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def batch(value):
    """One record with `value`, not compressed."""
    def varint(n):
        n = (n << 1) ^ (n >> 63)
        out = bytearray()
        while n > 0x7F:
            out.append(n & 0x7F | 0x80)
            n >>= 7
        return bytes(out + bytes([n]))

    record = b"\0" + varint(0) + varint(0) + varint(-1) + varint(len(value)) + value + varint(0)
    record = varint(len(record)) + record
    now = int(time.time() * 1000)
    covered = struct.pack(">hiqqqhii", 0, 0, now, now, -1, -1, -1, 1) + record
    rest = struct.pack(">ibI", -1, 2, crc32c(covered)) + covered
    return struct.pack(">qi", 0, len(rest)) + rest


class Probe:
    def __init__(self, port, timeout=30.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = 0

    def close(self):
        self.socket.close()

    def ask(self, key, version, body):
        self.correlation += 1
        request = struct.pack(">hhi", key, version, self.correlation) + _string("bench") + body
        self.socket.sendall(struct.pack(">i", len(request)) + request)
        size = struct.unpack(">i", self._read(4))[0]
        return self._read(size)[4:]

    def _read(self, size):
        out = b""
        while len(out) < size:
            part = self.socket.recv(size - len(out))
            if not part:
                raise ConnectionError("the broker closed the connection")
            out += part
        return out

    def create_topic(self, name, partitions):
        body = struct.pack(">i", 1) + _string(name) + struct.pack(">ihii", partitions, 1, 0, 0)
        answer = self.ask(19, 2, body + struct.pack(">i?", 120000, False))
        at = 4 + 4 + 2 + len(name)  # throttle, count, name
        error = struct.unpack_from(">h", answer, at)[0]
        if error not in (0, 36):
            raise RuntimeError(f"creating topic {name}: error {error}")

    def produce(self, topic, value):
        """The error code of one record sent with acks=all to partition 0."""
        records = batch(value)
        body = struct.pack(">hhi", -1, ACKS_ALL, 10000) + struct.pack(">i", 1) + _string(topic)
        body += struct.pack(">iii", 1, 0, len(records)) + records
        answer = self.ask(0, 3, body)
        return struct.unpack_from(">h", answer, 4 + 2 + len(topic) + 4 + 4)[0]


def until_acknowledged(port, topic, deadline_seconds, alive=lambda: True):
    """Tries until a record is acknowledged; returns the moment (time.monotonic())."""
    end = time.monotonic() + deadline_seconds
    probe = None
    last = "nothing listened"
    while time.monotonic() < end and alive():
        try:
            probe = probe or Probe(port)
            error = probe.produce(topic, b"first")
            if error == 0:
                return time.monotonic()
            last = f"error {error}"
        except OSError as failure:
            last = str(failure)
            if probe:
                probe.close()
            probe = None
        time.sleep(RETRY_SECONDS)
    raise RuntimeError(f"no record was acknowledged within {deadline_seconds} s: {last}")
