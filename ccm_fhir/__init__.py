"""Chronic Care Management for any EHR: the library, usable without the web app."""
