"""The least of a Kafka client that these tests and bench/ need: a few requests, in versions without tags.

Written from the protocol's documents and sharing nothing with the broker, so that both would have
to be wrong in the same way to agree.
"""
import itertools
import socket
import struct

PRODUCE, FETCH, LIST_OFFSETS, METADATA, OFFSET_COMMIT, OFFSET_FETCH = 0, 1, 2, 3, 8, 9
API_VERSIONS, CREATE_TOPICS, DELETE_TOPICS, INIT_PRODUCER_ID, CREATE_PARTITIONS = 18, 19, 20, 22, 37

VERSION = {PRODUCE: 7, FETCH: 4, LIST_OFFSETS: 1, METADATA: 1, OFFSET_COMMIT: 2, OFFSET_FETCH: 1,
           API_VERSIONS: 0, CREATE_TOPICS: 2, DELETE_TOPICS: 1, INIT_PRODUCER_ID: 0, CREATE_PARTITIONS: 0}

CHANGE_TIMEOUT_MS = 120_000

RETRIABLE = {2, 3, 5, 6, 7, 9, 10, 13, 14, 15, 16, 19, 20, 56, 68, 74, 75, 89}


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC32C = _table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC32C[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(value):
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(text):
    if text is None:
        return struct.pack(">h", -1)
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def blob(raw):
    return struct.pack(">i", len(raw)) + raw


def array(items):
    items = list(items)
    return struct.pack(">i", len(items)) + b"".join(items)


def bytes_field(raw):
    return varint(-1) if raw is None else varint(len(raw)) + raw


def batch(values, producer_id=-1, epoch=-1, sequence=-1, timestamp=1_700_000_000_000, keys=None):
    """One batch, format 2, uncompressed; its records have no key unless there are `keys`."""
    records = b""
    for delta, value in enumerate(values):
        key = keys[delta] if keys else None
        body = b"\0" + varint(0) + varint(delta) + bytes_field(key) + bytes_field(value) + varint(0)
        records += varint(len(body)) + body
    covered = struct.pack(">hiqqqhii", 0, len(values) - 1, timestamp, timestamp, producer_id, epoch,
                          sequence, len(values)) + records
    return struct.pack(">qiibI", 0, len(covered) + 9, -1, 2, crc32c(covered)) + covered


def read_batches(raw):
    """(offset, value) of each record; checks every batch's CRC."""
    for offset, key, value in read_keyed(raw):
        assert key is None, "these tests write no keys"
        yield offset, value


def read_keyed(raw):
    """(offset, key, value) of each record; checks every batch's CRC."""
    at = 0
    while at + 12 <= len(raw):
        base, length = struct.unpack_from(">qi", raw, at)
        end = at + 12 + length
        if end > len(raw):
            return
        crc, = struct.unpack_from(">I", raw, at + 17)
        assert crc == crc32c(raw[at + 21:end]), f"batch at offset {base}: wrong CRC"
        count, = struct.unpack_from(">i", raw, at + 57)
        reader = Reader(raw[at + 61:end])
        for _ in range(count):
            reader.varint()
            reader.take(1)
            reader.varint()
            delta = reader.varint()
            key, value = reader.bytes_field(), reader.bytes_field()
            yield base + delta, key, value
            assert reader.varint() == 0
        at = end


class Reader:
    def __init__(self, raw):
        self.raw, self.at = raw, 0

    def take(self, size):
        assert self.at + size <= len(self.raw), "the response is too short"
        self.at += size
        return self.raw[self.at - size:self.at]

    def number(self, code):
        return struct.unpack(">" + code, self.take(struct.calcsize(">" + code)))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return (value >> 1) ^ -(value & 1)

    def bytes_field(self):
        size = self.varint()
        return None if size < 0 else self.take(size)

    def string(self):
        size = self.number("h")
        return None if size < 0 else self.take(size).decode()

    def blob(self):
        size = self.number("i")
        return b"" if size < 0 else self.take(size)

    def array(self, item):
        return [item() for _ in range(self.number("i"))]


class Refused(Exception):
    """The broker answered with an error code."""

    def __init__(self, code):
        super().__init__(f"error code {code}")
        self.code = code
        self.retriable = code in RETRIABLE


class Client:
    def __init__(self, port, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation = itertools.count(1)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- frames ------------------------------------------------------------------------------

    def send(self, api, body, version=None):
        correlation = next(self.correlation)
        version = VERSION.get(api, 0) if version is None else version
        head = struct.pack(">hhi", api, version, correlation) + string("klamm-wire")
        self.socket.sendall(struct.pack(">i", len(head) + len(body)) + head + body)
        return correlation

    def receive(self, correlation):
        size = struct.unpack(">i", self.exactly(4))[0]
        reader = Reader(self.exactly(size))
        got = reader.number("i")
        assert got == correlation, f"the answer to {got} instead of {correlation}"
        return reader

    def exactly(self, size):
        parts = []
        while size > 0:
            part = self.socket.recv(min(size, 1 << 20))
            if not part:
                raise ConnectionError("closed by the broker")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def call(self, api, body, version=None):
        return self.receive(self.send(api, body, version))

    def is_closed(self):
        """Waits until the broker closes the connection, or sends something."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    # ---- requests ----------------------------------------------------------------------------

    def create_topic(self, name, partitions=1, configs=None):
        settings = array(string(key) + string(value) for key, value in (configs or {}).items())
        topic = string(name) + struct.pack(">ih", partitions, 1) + array([]) + settings
        reader = self.call(CREATE_TOPICS, array([topic]) + struct.pack(">ib", CHANGE_TIMEOUT_MS, 0))
        reader.number("i")
        return reader.array(lambda: (reader.string(), reader.number("h"), reader.string()))[0][1]

    def create_partitions(self, topic, count):
        """The error code; `count` is how many there are afterwards."""
        wanted = string(topic) + struct.pack(">i", count) + struct.pack(">i", -1)  # the broker assigns
        reader = self.call(CREATE_PARTITIONS, array([wanted]) + struct.pack(">ib", CHANGE_TIMEOUT_MS, 0))
        reader.number("i")
        return reader.array(lambda: (reader.string(), reader.number("h"), reader.string()))[0][1]

    def delete_topic(self, name):
        reader = self.call(DELETE_TOPICS, array([string(name)]) + struct.pack(">i", CHANGE_TIMEOUT_MS))
        reader.number("i")
        return reader.array(lambda: (reader.string(), reader.number("h")))[0][1]

    def send_produce(self, topic, partition, raw, acks=-1):
        part = struct.pack(">i", partition) + blob(raw)
        body = string(None) + struct.pack(">hi", acks, 10_000) + array([string(topic) + array([part])])
        return self.send(PRODUCE, body)

    def receive_produce(self, correlation):
        """(error code, base offset)"""
        reader = self.receive(correlation)

        def partition():
            reader.number("i")
            answer = reader.number("h"), reader.number("q")
            reader.take(16)
            return answer

        return reader.array(lambda: (reader.string(), reader.array(partition)))[0][1][0]

    def try_produce(self, topic, partition, raw):
        return self.receive_produce(self.send_produce(topic, partition, raw))

    def produce(self, topic, partition, values, **producer):
        code, offset = self.try_produce(topic, partition, batch(values, **producer))
        if code != 0:
            raise Refused(code)
        return offset

    def fetch(self, topic, partition, offset, max_wait=0, bytes_max=1 << 20):
        """(error code, high watermark, raw batches)"""
        part = struct.pack(">iqi", partition, offset, bytes_max)
        body = struct.pack(">iiiib", -1, max_wait, 1, bytes_max, 0)
        reader = self.call(FETCH, body + array([string(topic) + array([part])]))
        reader.number("i")

        def read_partition():
            reader.number("i")
            code, high, _ = reader.number("h"), reader.number("q"), reader.number("q")
            reader.array(lambda: reader.take(16))
            return code, high, reader.blob()

        return reader.array(lambda: (reader.string(), reader.array(read_partition)))[0][1][0]

    def fetch_all(self, topic, partition=0, offset=0):
        """Every (offset, value) from `offset` to the high watermark."""
        records = []
        while True:
            code, high, raw = self.fetch(topic, partition, offset)
            if code != 0:
                raise Refused(code)
            new = [record for record in read_batches(raw) if record[0] >= offset]
            records += new
            if new:
                offset = new[-1][0] + 1
            if offset >= high:
                return records
            assert new, f"nothing at offset {offset}, below the high watermark {high}"

    def init_producer_id(self):
        reader = self.call(INIT_PRODUCER_ID, string(None) + struct.pack(">i", 60_000))
        reader.number("i")
        code, producer_id, epoch = reader.number("h"), reader.number("q"), reader.number("h")
        if code != 0:
            raise Refused(code)
        return producer_id, epoch

    def commit_offset(self, group, topic, partition, offset):
        part = struct.pack(">iq", partition, offset) + string("")
        body = string(group) + struct.pack(">i", -1) + string("") + struct.pack(">q", -1)
        reader = self.call(OFFSET_COMMIT, body + array([string(topic) + array([part])]))
        topics = reader.array(lambda: (reader.string(), reader.array(
            lambda: (reader.number("i"), reader.number("h")))))
        if topics[0][1][0][1] != 0:
            raise Refused(topics[0][1][0][1])

    def committed_offset(self, group, topic, partition):
        body = string(group) + array([string(topic) + array([struct.pack(">i", partition)])])
        reader = self.call(OFFSET_FETCH, body)
        topics = reader.array(lambda: (reader.string(), reader.array(
            lambda: (reader.number("i"), reader.number("q"), reader.string(), reader.number("h")))))
        _, offset, _, code = topics[0][1][0]
        if code != 0:
            raise Refused(code)
        return offset
