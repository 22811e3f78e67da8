# SPDX-License-Identifier: MIT
"""`make bench`: how long dill takes, what it needs and what it reads, beside the goals. Times are never tests."""
