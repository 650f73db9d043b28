"""The app that runs inside the EHR: launch, session, pages; every judgement is the library's."""
