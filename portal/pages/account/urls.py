"""The addresses of sign-in: those of the library that are used here, by its names, and our own.

Each is named: an address that a new version of the library brings along is none here until somebody adds it.
"""

from allauth.account import views as account
from django.urls import path, re_path

from portal.pages.account import invitation, sessions
from portal.pages.account.late import late, late_for_everybody

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path(
        "login/second-factor/", late_for_everybody("sign_in", "show_second_factor"), name="mfa_authenticate"
    ),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    path("password/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("second-factor/", late("second_factor", "start"), name="second-factor"),
    path("security/", late("second_factor", "security"), name="mfa_index"),
    path("security/app/", late("second_factor", "enrol_app"), name="mfa_activate_totp"),
    path("security/app/remove/", late("second_factor", "remove_app"), name="mfa_deactivate_totp"),
    path("security/keys/add/", late("second_factor", "add_key"), name="mfa_add_webauthn"),
    path("security/keys/<int:pk>/remove/", late("second_factor", "remove_key"), name="mfa_remove_webauthn"),
    path("security/codes/", late("second_factor", "codes"), name="mfa_view_recovery_codes"),
    path("security/codes/new/", late("second_factor", "new_codes"), name="mfa_generate_recovery_codes"),
    path("step-up/", late("step_up", "step_up"), name="step-up"),
    path("sessions/", sessions.own_sessions, name="sessions"),
    path("sessions/end/", sessions.end_session, name="session-end"),
    path("sessions/end-all/", sessions.end_all_sessions, name="sessions-end-all"),
    path("sessions/here/", sessions.here, name="session-here"),
    path("invitation/", invitation.accept_invitation, name="invitation"),
    path("invitation/<str:token>/", invitation.open_link, name="invitation-link"),
]
