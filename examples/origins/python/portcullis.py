"""The session of a request behind the gateway. Python 3.9 or newer, with `pip install cryptography`.

    gateway = Portcullis("https://app.example.com", "app")
    session = gateway.open(request.headers)      # raises InvalidAssertion: answer 401
    session.start({"user": "ada"})
    response.headers.update(session.response_headers())
"""
import base64
import json
import threading
import time
import urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

MAX_PAYLOAD_LENGTH = 2048  # characters of base64url that the gateway accepts
KEYS_MAX_AGE = 300  # seconds
CLOCK_TOLERANCE = 5  # seconds


class InvalidAssertion(Exception):
    """The assertion is not the gateway's, not for this server, or expired. Answer 401."""


class SessionError(Exception):
    """The session cannot be changed as asked."""


class Portcullis:
    """Verifies who is asking.

    issuer: the gateway's public origin. audience: what its configuration calls this server.
    jwks: where its keys are, if not at /.portcullis/jwks.json of the issuer.
    cooldown: seconds from one fetch of the keys to the next for a key id that is not among them.
    """

    def __init__(self, issuer, audience, jwks=None, cooldown=30):
        self.issuer, self.audience, self.cooldown = issuer, audience, cooldown
        self.url = jwks or issuer + "/.portcullis/jwks.json"
        self._keys, self._fetched_at = {}, None
        self._lock = threading.Lock()

    def open(self, headers):
        """The session of a request. `headers` is a mapping that finds names in any case, as frameworks have them."""
        token = headers.get("Portcullis-Assertion")
        return Session(None if token is None else self.verify(token), headers)

    def verify(self, token):
        """The claims of an assertion. Raises InvalidAssertion, and OSError where the keys cannot be fetched."""
        try:
            head, body, signature = token.split(".")
            header, raw = json.loads(_decode(head)), _decode(signature)
            if header["alg"] != "ES256" or "crit" in header or len(raw) != 64:
                raise InvalidAssertion("not an ES256 signature")
            key = self._find_key(header["kid"])
            der = utils.encode_dss_signature(_to_int(raw[:32]), _to_int(raw[32:]))
            key.verify(der, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
            claims = json.loads(_decode(body))
            if claims["iss"] != self.issuer or claims["aud"] != self.audience:
                raise InvalidAssertion("not from this gateway, or not for this server")
            if claims["exp"] + CLOCK_TOLERANCE < time.time():
                raise InvalidAssertion("expired")
            return claims
        except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as error:
            raise InvalidAssertion("not an assertion of this gateway") from error

    def _find_key(self, kid):
        """Keys are fetched every 5 minutes, and for an unknown id at most once per cooldown."""
        with self._lock:
            age = float("inf") if self._fetched_at is None else time.monotonic() - self._fetched_at
            if age >= KEYS_MAX_AGE or (kid not in self._keys and age >= self.cooldown):
                self._fetched_at = time.monotonic()
                with urllib.request.urlopen(self.url, timeout=5) as response:
                    keys = json.load(response)["keys"]
                self._keys = {key["kid"]: _to_public_key(key) for key in keys if key["crv"] == "P-256"}
            return self._keys[kid]


class Session:
    """The session of one request. Changes are one header of the response: see `response_headers`.

    A route grants what it may ask for (`sessions: ['start', 'set', ...]`); the gateway ignores the rest.
    """

    def __init__(self, assertion, headers):
        self.assertion = assertion
        self.user = (assertion or {}).get("sub")
        self.claims = (assertion or {}).get("claims")
        self._nonce = headers.get("Portcullis-Session-Nonce")
        self._messages = _read_json(headers.get("Portcullis-Flash"), {})
        self._list = _read_json(headers.get("Portcullis-Sessions"), None)
        self._verb, self._changes, self._flash = None, {}, {}

    def messages(self):
        """Messages that an earlier response left with `flash`. Show them, and decide nothing by them."""
        return self._messages

    def list(self):
        """The user's sessions, the newest first; None where nobody is signed in or the route does not grant `list`."""
        return self._list

    def start(self, data, keep=()):
        """Starts a session for a user who has just signed in. `keep`: members of the visitor's session that move along."""
        self._choose({"start": {"data": dict(data), **({"keep": list(keep)} if keep else {})}})

    def set(self, **members):
        """Sets members of the session's data."""
        self._change("set", members)

    def unset(self, *names):
        """Removes members of the session's data."""
        self._require_no_verb()
        self._changes.setdefault("unset", []).extend(names)

    def increment(self, name, amount=1):
        """Adds to a member that is a number; two requests at once lose nothing."""
        self._require_no_verb()
        counters = self._changes.setdefault("incr", {})
        counters[name] = counters.get(name, 0) + amount

    def flash(self, name, value):
        """Leaves a message for the next page, which gets it once."""
        self._require_nonce()
        self._flash[name] = value

    def only_if_version(self, version):
        """Applies the changes only if the session still has this version (`assertion["ver"]`); else the client gets 409."""
        self._require_no_verb()
        self._changes["ifVersion"] = version

    def end(self):
        """Signs out."""
        self._choose({"end": True})

    def end_other(self, session_id):
        """Ends one session of the same user, by its id in `list`."""
        self._choose({"end": {"id": session_id}})

    def end_all(self, except_current=False):
        """Ends every session of the user, or all but this one."""
        self._choose({"endAll": {"exceptCurrent": True} if except_current else True})

    def end_user(self, user):
        """Ends every session of another user: for administrators only."""
        self._choose({"endAll": {"user": user}})

    def response_headers(self):
        """The header that the response must carry, as a dictionary; empty where nothing was changed."""
        command = dict(self._verb or self._changes)
        if self._flash:
            command["flash"] = self._flash
        if not command:
            return {}
        text = json.dumps(command, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        payload = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
        if len(payload) > MAX_PAYLOAD_LENGTH:
            raise SessionError(f"{len(payload)} characters of {MAX_PAYLOAD_LENGTH}: keep large data in a database")
        return {"Portcullis-Session": f"{self._nonce}.{payload}"}

    def _change(self, kind, members):
        if self._verb and "start" in self._verb:
            self._verb["start"]["data"].update(members)
            return
        self._require_no_verb()
        self._changes.setdefault(kind, {}).update(members)

    def _choose(self, verb):
        self._require_no_verb()
        if self._changes:
            raise SessionError("start or end the session before you change it: what was changed would be lost")
        self._verb = verb

    def _require_no_verb(self):
        self._require_nonce()
        if self._verb:
            raise SessionError("one response can carry one of start, end and end_all, and no other change")

    def _require_nonce(self):
        if self._nonce is None:
            raise SessionError("the request did not come through the gateway, or the upstream lacks `sessions: true`")


def _decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _read_json(header, default):
    try:
        return default if header is None else json.loads(_decode(header))
    except ValueError:
        return default


def _to_int(octets):
    return int.from_bytes(octets, "big")


def _to_public_key(key):
    point = ec.EllipticCurvePublicNumbers(_to_int(_decode(key["x"])), _to_int(_decode(key["y"])), ec.SECP256R1())
    return point.public_key()
