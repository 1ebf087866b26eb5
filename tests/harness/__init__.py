# SPDX-License-Identifier: MIT
"""What tests/run and the whole-system tests share."""
