"""X12: professional claims as files (837P), and the answers to them (999, 277CA, 835).

Everything that knows segments and elements lives here. Element positions follow the published
implementation guides 005010X222A1, X231A1, X214 and X221A1, whose text is X12's; they were
checked against ``pyx12``, an independent validator.
"""
