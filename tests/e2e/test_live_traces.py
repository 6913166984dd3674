"""Spans that a server sends to a collector, read with the messages of OpenTelemetry's own package. The binary is one with the feature `otlp`."""

import http.server
import os
import subprocess
import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from live import PATIENCE_S, SMALL, Server, eventually, free_port

BINARY = os.environ.get("CAUSEFLOW_OTLP_BIN")
pytestmark = pytest.mark.skipif(BINARY is None, reason="CAUSEFLOW_OTLP_BIN names no binary with the feature otlp")
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(http.server.ThreadingHTTPServer):
    """Takes spans."""

    def __init__(self):
        self.spans, self.services = {}, set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
                sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
                self.server.take(sent)
                body = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", free_port()), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, sent):
        for resource in sent.resource_spans:
            self.services |= {of.value.string_value for of in resource.resource.attributes if of.key == "service.name"}
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                assert len(span.trace_id) == 16 and len(span.span_id) == 8 and span.span_id not in self.spans
                assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
                self.spans[span.span_id] = span

    def named(self, name):
        return [span for span in self.spans.values() if span.name == name]


def said(span):
    return {of.key: getattr(of.value, of.value.WhichOneof("value")) for of in span.attributes}


def test_a_request_its_command_and_what_is_played_are_spans_of_one_trace(tmp_path):
    with Collector() as collector:
        url = f"http://127.0.0.1:{collector.server_port}"
        with Server(tmp_path, *SMALL, "--otlp", url, binary=BINARY) as server:
            headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
            server.post("/api/v1/commands", {"command": "scenario", "scenario": "payment-outage", "duration": "6h"}, headers=headers)
            server.http.get("/api/v1/history", params={"from": "-1d", "to": "now"}, headers=headers).raise_for_status()
            assert server.http.get("/nothing").status_code == 404
            assert server.end() == 0
            log = server.said.read_text()
        asked, = collector.named("POST /api/v1/commands")
        looked, = collector.named("GET /api/v1/history")
        lost, = collector.named("GET none")
        command, = collector.named("command")
        assert collector.services == {"causeflow"}
        for span, status in ((asked, 200), (looked, 200), (lost, 404)):
            assert span.kind == span.SPAN_KIND_SERVER and said(span)["http.response.status_code"] == status
            assert (span.trace_id.hex() == TRACE) == (span is not lost)
        assert asked.parent_span_id.hex() == looked.parent_span_id.hex() == PARENT and not lost.parent_span_id
        assert command.parent_span_id == asked.span_id and command.trace_id == asked.trace_id
        assert said(command)["command"] == "scenario"
        assert any(past.parent_span_id == looked.span_id for past in collector.named("past"))
        windows = [said(span) for span in collector.named("window") if "events" in said(span)]
        assert windows and all(of["from"] < of["to"] and of["events"] >= 0 for of in windows)
        # The lines for people stay as they are.
        assert "command done" in log and "otel" not in log and "traceparent" not in log
        collector.shutdown()


def test_a_collector_that_is_away_changes_nothing(tmp_path):
    with Server(tmp_path, *SMALL, "--otlp", f"http://127.0.0.1:{free_port()}", binary=BINARY) as server:
        server.command_of("scenario", scenario="payment-outage", duration="6h")
        assert server.end() == 0


@pytest.mark.parametrize("url", ["localhost", "https://localhost:4318", "http://", "no url"])
def test_what_is_no_collector_is_refused_in_words(tmp_path, url):
    refused = subprocess.run([BINARY, "serve", "tutoring", "--dir", tmp_path, "--otlp", url], capture_output=True, text=True, timeout=PATIENCE_S)
    assert refused.returncode == 2 and "otlp" in refused.stderr and "http://127.0.0.1:4318" in refused.stderr, refused.stderr
