"""Who may see the catalogue: admins. It shows which image is real, so nobody else does."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def admin_required(view: View) -> View:
    """Ask to sign in; answer 404 to everybody who is not an admin."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not getattr(request.user, "is_staff", False):
            raise Http404("No such page.")
        return view(request, *args, **kwargs)

    return login_required(guarded)
