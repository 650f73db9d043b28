"""Use cases, one module each; every one is told who acts and what time it is."""
