"""One's own way in: sign-in, second factor, password, sessions, invitation."""
