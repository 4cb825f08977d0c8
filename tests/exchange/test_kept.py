"""What is worked out is kept for all processes, for a while."""

from exchange.kept import kept


def test_what_was_made_is_kept_and_not_made_again(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "kept"}
    }
    made = []
    for _ in range(2):
        assert kept("a-number", 60, lambda: made.append(1) or len(made)) == 1
    assert made == [1]
