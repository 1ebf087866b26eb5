# SPDX-License-Identifier: MIT
"""What tools/boot, tools/mkiso and the whole-system tests share."""
