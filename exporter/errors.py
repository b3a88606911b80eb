"""The error that is meant for the person at the keyboard."""


class UserError(Exception):
    """Something that the user can put right; the message is one line that names the thing and the way out."""
