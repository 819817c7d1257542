"""Edits of whole objects.

Each is one action of `Session.history`, checks everything before it changes
anything, and touches no other object than those named.
"""
