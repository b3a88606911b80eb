"""A client of a simulated exchange without a network: what it was sent, and whether it was cut."""

import json


class Client:
    def __init__(self):
        self.topics = set()
        self.sent = []
        self.closed = False

    def send(self, frame, records=()):
        self.sent.append(json.loads(frame))

    def close(self):
        self.closed = True

    def ask(self, exchange, **request):
        """Send a request and return the answers to it."""
        before = len(self.sent)
        exchange.hear(self, json.dumps(request))
        return self.sent[before:]
