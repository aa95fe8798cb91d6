"""HTTP of the real process: served as HTTP, whatever comes."""
import json
import socket
import tempfile
import unittest

from process import Broker, ask


class HttpTest(unittest.TestCase):
    """One broker; each test talks to it as a client that knows nothing of it would."""

    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.TemporaryDirectory()
        cls.broker = Broker(cls.data.name)
        cls.port = cls.broker.http_port

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__()
        cls.data.cleanup()

    def talk(self, *parts, until=None):
        """Everything that is answered to these bytes, or up to `until`."""
        with socket.create_connection(("127.0.0.1", self.port), 20) as client:
            for part in parts:
                client.sendall(part)
            answer = b""
            while until is None or until not in answer:
                more = client.recv(65536)
                if not more:
                    break
                answer += more
            return answer

    def test_probes(self):
        self.assertEqual(ask(self.port, "GET", "/"), (200, {}))
        self.assertEqual(ask(self.port, "POST", "/"), (200, {}))
        self.assertEqual(ask(self.port, "GET", "/readyz"), (200, "ready\n"))

    def test_errors_are_json(self):
        status, answer = ask(self.port, "GET", "/nothing")
        self.assertEqual((status, answer["error_code"]), (404, 404))
        status, answer = ask(self.port, "POST", "/metrics", "x")
        self.assertEqual((status, answer["error_code"]), (405, 405))
        for request, status in ((b"this is no HTTP\r\n\r\n", 400),
                                (b"GET / HTTP/1.1\r\nX: " + b"x" * 20000 + b"\r\n\r\n", 431),
                                (b"POST /metrics HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", 413),
                                (b"POST /subjects/s HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n", 413),
                                (b"POST / HTTP/1.1\r\nExpect: nonsense\r\nContent-Length: 2\r\n\r\n", 417)):
            head, _, body = self.talk(request).partition(b"\r\n\r\n")
            self.assertEqual(int(head.split()[1]), status, request[:40])
            self.assertEqual(json.loads(body)["error_code"], status)
            self.assertIn(b"Connection: close", head)

    def test_requests_in_one_piece_are_answered_in_order(self):
        paths = ["/healthz", "/subjects", "/nothing", "/readyz"] * 20
        request = "".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths).encode()
        last = b"GET /schemas/types HTTP/1.1\r\nConnection: close\r\n\r\n"
        answer = self.talk(request[:1001], request[1001:] + last)
        codes = [int(part.split(b" ")[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        self.assertEqual(codes, [200, 200, 404, 200] * 20 + [200])
        self.assertIn(b"PROTOBUF", answer)

    def test_a_body_may_wait_for_100_continue_or_come_in_chunks(self):
        head = b"POST /subjects/chunks/versions HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
        body = json.dumps({"schema": "\"int\""}).encode()
        with socket.create_connection(("127.0.0.1", self.port), 20) as client:
            client.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
            self.assertTrue(client.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n\r\n"))
            client.sendall(body)
            with client.makefile("rb") as stream:
                self.assertTrue(stream.read().startswith(b"HTTP/1.1 200 OK"))
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
        answer = self.talk(head + b"Transfer-Encoding: chunked\r\n\r\n", chunks)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK"), answer)

    def test_a_head_has_the_length_and_no_body(self):
        answer = self.talk(b"HEAD /schemas/types HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertIn(b"Content-Length: 26", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"))

    def test_a_target_may_name_the_server(self):
        answer = self.talk(b"GET http://x:1/healthz HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.endswith(b"ok\n"), answer)

    def test_request_ids_are_echoed_or_made(self):
        answer = self.talk(b"GET / HTTP/1.1\r\nConnection: close\r\nX-Request-ID: mine-1\r\n\r\n")
        self.assertIn(b"X-Request-ID: mine-1\r\n", answer)
        answer = self.talk(b"GET / HTTP/1.0\r\n\r\n")
        self.assertRegex(answer, rb"X-Request-ID: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\r\n")

    def test_a_large_schema_is_taken(self):
        symbols = [f"S{n}" for n in range(50000)]
        schema = json.dumps({"type": "enum", "name": "large", "symbols": symbols})
        status, answer = ask(self.port, "POST", "/subjects/large/versions", {"schema": schema})
        self.assertEqual(status, 200, answer)
        status, found = ask(self.port, "GET", f"/schemas/ids/{answer['id']}")
        self.assertEqual(json.loads(found["schema"])["symbols"], symbols)

    def test_metrics_count(self):
        status, text = ask(self.port, "GET", "/metrics")
        self.assertEqual(status, 200)
        self.assertRegex(text, r'klamm_http_answers_total\{code="2xx"\} [1-9]')
        self.assertIn("klamm_registry_schemas", text)


if __name__ == "__main__":
    unittest.main()
