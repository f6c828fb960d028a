"""Django's own backend, with a note of each look at a password."""

import json
import os
import time

from django.contrib.auth.backends import ModelBackend


class Backend(ModelBackend):
    def authenticate(self, request, username=None, password=None, **rest):
        with open(os.environ["CALLS"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"account": username}) + "\n")
        if (password or "").startswith("slow"):
            time.sleep(0.9)
        return super().authenticate(request, username=username, password=password, **rest)
