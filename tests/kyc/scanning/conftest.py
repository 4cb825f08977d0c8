import pytest

from kyc.scanning.asking import forget_scanner
from tests.kyc.scanning.scanner import Scanner


@pytest.fixture
def scanner(settings):
    """A scanner that works, named in the settings."""
    scanner = Scanner()
    settings.CLAMAV_ADDRESS = scanner.address
    forget_scanner()
    yield scanner
    scanner.stop()
    forget_scanner()
