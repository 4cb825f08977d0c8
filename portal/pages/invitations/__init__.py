"""Who was asked to work here and has not come in yet."""
