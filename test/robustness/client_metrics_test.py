"""What a client pushes about itself is shown in /metrics, in the real process."""
import struct
import tempfile
import unittest

import wire
from process import Broker

GET_TELEMETRY_SUBSCRIPTIONS, PUSH_TELEMETRY = 71, 72
UNKNOWN_SUBSCRIPTION_ID = 117
NO_TAGS = b"\0"


def part(number, raw):
    """A field of a Protobuf message; short ones only."""
    return bytes([number << 3 | 2, len(raw)]) + raw


def lag(value):
    """MetricsData with one gauge that has one attribute."""
    attribute = part(7, part(1, b"topic") + part(2, part(1, b"flights")))
    point = attribute + bytes([4 << 3 | 1]) + struct.pack("<d", value)
    metric = part(1, b"org.apache.kafka.consumer.lag") + part(5, part(1, point))
    return part(1, part(2, part(2, metric)))


def subscribe(client):
    """(client instance id, subscription id, push interval)"""
    answer = client.call(GET_TELEMETRY_SUBSCRIPTIONS, NO_TAGS + bytes(16) + NO_TAGS)
    answer.take(1)  # the tags of the header
    assert answer.number("i") == 0 and answer.number("h") == 0, "throttled, or refused"
    client_id, subscription = answer.take(16), answer.number("i")
    answer.take(answer.number("b") - 1)  # codecs
    return client_id, subscription, answer.number("i")


def push(client, client_id, subscription, metrics):
    body = client_id + struct.pack(">i??", subscription, False, False)
    answer = client.call(PUSH_TELEMETRY,
                         NO_TAGS + body + bytes([len(metrics) + 1]) + metrics + NO_TAGS)
    answer.take(5)  # tags of the header, throttle time
    return answer.number("h")


class ClientMetrics(unittest.TestCase):
    def test_are_shown_by_client(self):
        with tempfile.TemporaryDirectory() as folder, \
                Broker(folder + "/data", "--set", "klamm.client.metrics.interval.ms=60000") as broker, \
                broker.client() as client:
            client_id, subscription, interval = subscribe(client)
            self.assertEqual(interval, 60000)
            self.assertEqual(push(client, client_id, subscription, lag(41.5)), 0)
            self.assertEqual(push(client, client_id, subscription, lag(42.5)), 0)
            self.assertEqual(push(client, client_id, subscription + 1, lag(1)),
                             UNKNOWN_SUBSCRIPTION_ID)
            shown = [line for line in broker.get("/metrics")[1].splitlines()
                     if line.startswith("client_consumer_lag{")]
            self.assertEqual(len(shown), 1, shown)
            self.assertIn('client_id="klamm-wire"', shown[0])
            self.assertIn('topic="flights"', shown[0])
            self.assertTrue(shown[0].endswith(" 42.5"), shown[0])
            self.assertEqual(broker.metric("klamm_client_pushes_total"), 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
