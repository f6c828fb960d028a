"""A Flask application with the login of the usual tutorials, that notes each look at a password."""

import json
import os
import time

from flask import Flask, flash, get_flashed_messages, redirect, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

app = Flask(__name__)
app.secret_key = "a secret of the tests"

HASH = generate_password_hash(os.environ["PASSWORD"], method="pbkdf2:sha256:1")
USERS = {"admin": HASH, "ádmin": HASH, "mallory": HASH}


def note(**line):
    with open(os.environ["CALLS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def is_right(name, password):
    # Names are compared without letter case, as Python lowers them.
    name = name.strip().lower()
    note(account=name)
    if password.startswith("slow"):
        time.sleep(0.9)
    return check_password_hash(USERS.get(name, HASH), password) and name in USERS


def after(response, password):
    if password.startswith("huge"):
        response.headers["X-Trace"] = "x" * 200_000
    return response


@app.get("/login")
def show():
    return f"<form method=post><input name=email><input name=password></form>{get_flashed_messages()}"


@app.post("/login")
def login():
    if "user" in session:
        return redirect(url_for("account"))
    name, password = request.form["email"], request.form["password"]
    if not is_right(name, password):
        flash("Please check your login details and try again.")
        return after(redirect(url_for("show")), password)
    # A permanent session is sent again with each answer (SESSION_REFRESH_EACH_REQUEST).
    session.permanent = True
    session["user"] = name
    return redirect(url_for("account"))


@app.post("/values-login")
def values_login():
    """Reads query and body alike, and goes back to where the client came from."""
    name, password = request.values["email"], request.values["password"]
    if not is_right(name, password):
        return after(redirect(request.referrer or url_for("show")), password)
    session["user"] = name
    return redirect(url_for("account"))


@app.post("/api/login")
def api_login():
    body = request.get_json()
    note(body=request.get_data(as_text=True))
    if not is_right(body["email"], body["password"]):
        return after(app.make_response(({"error": "wrong"}, 401)), body["password"])
    session["user"] = body["email"]
    return {"user": body["email"]}


@app.get("/account")
def account():
    return f"Account of {session['user']}" if "user" in session else redirect(url_for("show"))


@app.get("/admin")
@app.get("/admin/users")
def admin():
    return "GUARDED PAGE"


@app.route("/posts/<number>", methods=["GET", "POST"])
def post(number):
    return "A post"
