"""Who the gateway says is asking. Python 3.9 or newer, with `pip install cryptography`."""
import base64, json, threading, time, urllib.request
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

decode = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
number = lambda octets: int.from_bytes(octets, "big")


class Portcullis:
    """`issuer`: the gateway's public origin. `audience`: what its configuration calls this server."""

    def __init__(self, issuer, audience, jwks=None, cooldown=30):
        self.issuer, self.audience, self.cooldown = issuer, audience, cooldown
        self.url, self.keys, self.fetched = jwks or issuer + "/.portcullis/jwks.json", {}, None
        self.lock = threading.Lock()

    def key(self, kid):
        """Keys are fetched every 5 minutes, and for a kid that is not among them at most once per cooldown."""
        with self.lock:
            age = float("inf") if self.fetched is None else time.monotonic() - self.fetched
            if age >= 300 or (kid not in self.keys and age >= self.cooldown):
                self.fetched = time.monotonic()
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    found = [key for key in json.load(answer)["keys"] if key["crv"] == "P-256"]
                point = lambda key: ec.EllipticCurvePublicNumbers(*(number(decode(key[i])) for i in "xy"), ec.SECP256R1())
                self.keys = {key["kid"]: point(key).public_key() for key in found}
            return self.keys[kid]

    def verify(self, token):
        """The claims; raises for a token that is not the gateway's, not for us, or over."""
        head, body, signature = token.split(".")
        header, raw = json.loads(decode(head)), decode(signature)
        if header["alg"] != "ES256" or "crit" in header or len(raw) != 64:
            raise ValueError("not an assertion")
        der = utils.encode_dss_signature(number(raw[:32]), number(raw[32:]))
        self.key(header["kid"]).verify(der, f"{head}.{body}".encode(), ec.ECDSA(SHA256()))
        claims = json.loads(decode(body))
        if claims["iss"] != self.issuer or claims["aud"] != self.audience or claims["exp"] + 5 < time.time():
            raise ValueError("not for us, or over")
        return claims
