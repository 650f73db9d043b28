"""The sandbox EHR: a SMART on FHIR gateway of our own in front of a FHIR server we did not write.

`oauth` decides who may do what, `gateway` lets through to the FHIR server what was
decided, `ehr` is the face a user sees. Nothing here is shared with the product.
"""
