"""The fault matrix: each row breaks something on purpose and counts what was lost or doubled."""
