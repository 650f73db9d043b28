"""Faults on demand: errors before a commit, answers lost after it, busy spells, a slow index.

Off unless asked for. Seeded by what is asked, not by when: the same seed gives each request the
same fate in whatever order requests arrive, so that a seed that fails once fails again.
"""
