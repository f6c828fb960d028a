"""A server behind the gateway, with the standard library. Flask and Django have `request.headers`, too."""
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from portcullis import InvalidAssertion, Portcullis

env = os.environ.get
gateway = Portcullis(env("ISSUER", "http://localhost:8787"), env("AUDIENCE", "app"), env("JWKS"), float(env("COOLDOWN", "30")))


def serve_shop(method, path, form, session):
    """What it does with a session: a status, JSON, and where to go next."""
    route = f"{method} {path}"
    if route == "POST /login":
        if form.get("password") != "wonderland":
            return 401, {"error": "wrong password"}, None
        session.start({"user": form["user"]}, keep=["cart", "items"])
        return 303, None, "/"
    if route == "POST /cart":
        session.set(cart=form["item"])
        session.increment("items")
        session.flash("notice", f"{form['item']} is in your cart")
        return 303, None, "/cart"
    if route == "POST /logout":
        session.end()
        session.flash("notice", "Bye")
        return 303, None, "/"
    if route == "GET /devices":
        return 200, session.list(), None
    if route == "POST /devices":
        session.end_other(form["id"]) if "id" in form else session.end_all(except_current=True)
        return 303, None, "/devices"
    if route == "GET /cart":
        return 200, {"claims": session.claims, "messages": session.messages()}, None
    # A page for signed-in users only.
    return (200, session.assertion, None) if session.assertion else (401, {}, None)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_request(self):
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()))
        headers = {}
        try:
            session = gateway.open(self.headers)
            status, body, location = serve_shop(self.command, self.path.split("?")[0], form, session)
            headers = session.response_headers()
        except InvalidAssertion:
            status, body, location = 401, {}, None
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = handle_request

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(env("PORT", "8788"))), Handler)
print("listening on", server.server_port, flush=True)
server.serve_forever()
