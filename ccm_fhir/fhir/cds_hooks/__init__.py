"""CDS Hooks 2.0 at the wire: who calls, what is asked, what came with it, and the cards.

Nothing here decides: requests are read strictly, answers are spelt as the specification has it.
"""
