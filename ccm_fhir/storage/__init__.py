"""Everything that knows SQL: tables, store functions and migrations.

Store functions are plain functions ``(session, practice_id, …)`` that give frozen values;
rows never leave this package, and only ``Database`` commits.
"""
