"""How people get in: their sessions, what is counted against guessing, second factors, invitations."""
