# SPDX-License-Identifier: MIT
"""The one exception whose text is meant for the person at the keyboard."""


class UserError(Exception):
    """Something a person can put right; shown as one line, without a traceback."""
