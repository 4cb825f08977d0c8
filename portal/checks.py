"""What `manage.py check` says about the settings."""
