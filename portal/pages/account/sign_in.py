"""The second step of the sign-in."""

import json
from typing import Any

from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator

from portal.pages.account.step_up import kinds_of


class SecondFactor(AuthenticateView):
    """Template mfa/authenticate.html."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        kinds = kinds_of(self.stage.login.user)
        return {
            **context,
            "takes_codes": bool(kinds - {Authenticator.Type.WEBAUTHN}),
            "takes_keys": Authenticator.Type.WEBAUTHN in kinds,
            "key_options": json.dumps(context["js_data"]["request_options"]["publicKey"]),
        }


show_second_factor = SecondFactor.as_view()
