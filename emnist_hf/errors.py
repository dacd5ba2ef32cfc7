"""The one kind of error that is meant for users."""


class EmnistError(ValueError):
    """Something the user can put right. The message is one plain sentence: what is wrong, and the cure."""
