"""What a visitor reads when an answer cannot be given, whoever could not give it: the guard, an event or a control."""

BUSY = "The server is busy: try again in a moment."
FAULT = "Something went wrong on the server: this image could not be made."
