"""Scripted people: they open the sandbox EHR, launch the app and use its pages as a browser does.

Nothing here knows the product's code; what these people see is what its pages say.
"""
