"""Errors whose message is written for the person at the screen."""


class PlaygroundError(Exception):
    """A fault that the person who asked can understand and mend; its message is shown as it is."""


class ControlError(PlaygroundError):
    """A value given to a control is not allowed: the message names the control, the value and the range."""


class WeightsUnavailable(PlaygroundError):
    """Weights are missing, damaged or not those that the card names."""


class DataUnavailable(PlaygroundError):
    """A data set is neither on this machine nor can it be downloaded."""


class RemoteError(PlaygroundError):
    """An engine on another machine did not do what it was asked for."""
