"""A server for people whom the gateway knows."""
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from portcullis import Portcullis

env = os.environ.get
gateway = Portcullis(env("ISSUER", "http://localhost:8787"), env("AUDIENCE", "app"), env("JWKS"), float(env("COOLDOWN", "30")))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            status, body = 200, gateway.verify(self.headers["Portcullis-Assertion"])
        except Exception:
            status, body = 401, {}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(env("PORT", "8788"))), Handler)
print("listening on", server.server_port, flush=True)
server.serve_forever()
