"""What can go wrong in the demo."""


class DemoFailed(Exception):
    """A station of the loop did not come through; the message says which and why."""
