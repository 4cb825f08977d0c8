"""What the product shows: whole commands, as an operator runs them, against the sandbox."""
