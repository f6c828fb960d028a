"""A Django application in three files, with Django's own LoginView."""

import os
import re

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.auth import views  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpResponse, HttpResponseNotFound  # noqa: E402
from django.urls import path, re_path  # noqa: E402


def account(request):
    return HttpResponse(f"Account of {request.user.get_username()}")


def guarded(request):
    return HttpResponse("GUARDED PAGE")


def by_name(request, name):
    # Compared without letter case, as Python folds it: it takes U+017F for s.
    return guarded(request) if re.fullmatch("staff", name, re.IGNORECASE) else HttpResponseNotFound()


urlpatterns = [
    path("login", views.LoginView.as_view(template_name="login.html", redirect_authenticated_user=True)),
    path("backoffice/", admin.site.urls),
    path("account", account),
    path("admin", guarded),
    path("admin/users", guarded),
    re_path(r"^([^/]+)/?$", by_name),
    re_path(r"^posts/(\d+)$", lambda request, number: HttpResponse("A post")),
]

if os.environ.get("SETUP"):
    call_command("migrate", verbosity=0)
    for name in ["admin", "ádmin", "Admin", "mallory"]:
        User.objects.create_user(name, password=os.environ["PASSWORD"], is_staff=True, is_superuser=True)

application = get_wsgi_application()
