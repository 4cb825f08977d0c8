"""What makes a pack, or one file of it, unusable."""


class PackUnreadable(Exception):
    """The pack as a whole can't be used; nothing was changed. `where`: file and line, as far as known."""

    def __init__(self, message: str, remedy: str, *, where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.where = where

    def __str__(self) -> str:
        return " ".join(
            part for part in (f"{self.where}:" if self.where else "", self.message, self.remedy) if part
        )


class FileUnreadable(Exception):
    """One file that `documents` names can't be read: an error of its row."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
