"""Looks on at a live session and comes back to where it was: python live_client.py http://127.0.0.1:7777 'customer.*' [EVENTS]

Needs `pip install websockets`. Ends after so many events; without a number it goes on."""

import json
import sys
import time

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

url, topics = sys.argv[1].replace("http", "ws", 1), sys.argv[2].split(",")
left = int(sys.argv[3]) if len(sys.argv) > 3 else float("inf")
position = None  # epoch:seq, up to which everything has come

while left > 0:
    try:
        with connect(f"{url}/api/v1/ws", subprotocols=["causeflow.v1.json"], max_size=None) as socket:
            after = {"after": position} if position else {}
            socket.send(json.dumps({"type": "subscribe", "topics": topics, **after}))
            while left > 0:
                message = json.loads(socket.recv())
                if message["type"] == "events":
                    for event in message["events"]:
                        print(event["seq"], event["timestamp"], event["stream"], flush=True)
                    left -= len(message["events"])
                    position = f"{message['epoch']}:{message['to']}"
                elif message["type"] == "subscribed":
                    position = message["position"]
                elif message["type"] in ("heartbeat", "reset"):
                    if message["type"] == "reset":
                        print("reset:", message["reason"], flush=True)
                    position = f"{message['epoch']}:{message['seq']}"
                elif message["type"] in ("error", "gap"):
                    print(message, file=sys.stderr)
    except (OSError, EOFError, WebSocketException) as broken:
        print(f"{broken}; coming back to {position}", file=sys.stderr)
        time.sleep(1)
